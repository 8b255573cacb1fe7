/** For tests: a node that keeps updates as the real one does, and editors without a screen. */
import { decodeImportBlobMeta, LoroDoc } from 'loro-crdt';
import type { Node as PmNode } from 'prosemirror-model';
import { EditorState, type Transaction } from 'prosemirror-state';
import { begin, bind, configure, fromDocument, type Binding } from './binding';
import { schema } from './schema';
import { openSession, type Heard, type Session, type SessionState } from './session';

/** Updates of one page, and the lines of those who have it open. */
export class FakeNode {
  readonly updates: Uint8Array[] = [];
  readonly ends = new Map<string, number>();
  readonly lines = new Set<{ heard: Heard; device: bigint; kept: number }>();
  /** Refuses everything with these words. */
  refusing: string | null = null;
  /** Keeps nothing, and answers nothing, although it is told. */
  deaf = false;
  down = false;
  private sessions = 0n;

  constructor() {
    const first = new LoroDoc();
    first.setPeerId('77');
    configure(first);
    begin(first);
    this.keep(first.export({ mode: 'update' }), 0n);
  }

  private keep(update: Uint8Array, device: bigint | null): string | null {
    const meta = decodeImportBlobMeta(update, true);
    const starts = meta.partialStartVersionVector.toJSON();
    for (const [peer, end] of meta.partialEndVersionVector.toJSON()) {
      if (device !== null && BigInt(peer) >> 24n !== device) return 'not yours';
      const start = starts.get(peer) ?? 0;
      if (start !== (this.ends.get(peer) ?? 0)) return 'not where it ended';
      this.ends.set(peer, end);
    }
    this.updates.push(update);
    return null;
  }

  snapshot(): Uint8Array {
    const doc = new LoroDoc();
    doc.importBatch(this.updates);
    return doc.export({ mode: 'snapshot' });
  }

  /** The line of one device to it. */
  of(device: bigint) {
    return {
      open: (heard: Heard) => {
        const line = { heard, device, kept: 0 };
        const close = () => {
          if (this.lines.delete(line)) queueMicrotask(() => heard.closed());
        };
        if (this.down) {
          setTimeout(() => heard.closed());
          return { send: () => undefined, close };
        }
        this.lines.add(line);
        this.sessions += 1n;
        const peer = String((device << 24n) + this.sessions);
        queueMicrotask(() => {
          if (this.lines.has(line))
            heard.text(JSON.stringify({ hello: { peer, can_write: true } }));
          for (const one of this.lines) {
            const here = [...this.lines].filter((other) => other !== one);
            const people = here.map(({ device: id }) => ({
              person: String(id),
              device: String(id),
              name: String(id),
            }));
            one.heard.text(JSON.stringify({ here: people }));
          }
        });
        const send = (frame: Uint8Array) => {
          if (!this.lines.has(line) || this.deaf) return;
          if (frame[0] === 2) {
            const told = new Uint8Array(33 + frame.length - 1);
            told[0] = 2;
            told[32] = Number(device);
            told.set(frame.subarray(1), 33);
            for (const one of this.lines) if (one !== line) one.heard.frame(told);
            return;
          }
          const refused = this.refusing ?? this.keep(frame.slice(1), device);
          if (refused !== null) {
            queueMicrotask(() => heard.text(JSON.stringify({ refused })));
            return;
          }
          line.kept += 1;
          const kept = line.kept;
          queueMicrotask(() => heard.text(JSON.stringify({ kept })));
          for (const one of this.lines)
            if (one !== line) setTimeout(() => this.lines.has(one) && one.heard.frame(frame));
        };
        return { send, close };
      },
      state: () => Promise.resolve(this.snapshot()),
    };
  }

  cut(): void {
    this.down = true;
    for (const line of [...this.lines]) {
      this.lines.delete(line);
      line.heard.closed();
    }
  }
}

/** An editor without a screen. */
export class FakeEditor {
  readonly doc = new LoroDoc();
  readonly binding: Binding;
  readonly session: Session;
  said: SessionState[] = [];
  state = EditorState.create({ schema });

  constructor(node: FakeNode, device: bigint) {
    configure(this.doc);
    this.binding = bind(this.doc, () => this);
    this.session = openSession(this.doc, node.of(device), {
      onState: (state) => this.said.push(state),
      onHere: () => undefined,
      onShown: () => undefined,
    });
  }

  dispatch(transaction: Transaction): void {
    this.state = this.state.apply(transaction);
    if (transaction.docChanged && transaction.getMeta(fromDocument) !== true)
      this.binding.write(this.state);
  }

  /** Types at a position of the text. */
  type(text: string, at: number): void {
    this.dispatch(this.state.tr.insertText(text, at));
  }

  get text(): string {
    return this.state.doc.textBetween(0, this.state.doc.content.size, '\n');
  }

  get shown(): PmNode {
    return this.state.doc;
  }

  get last(): SessionState | undefined {
    return this.said.at(-1);
  }
}

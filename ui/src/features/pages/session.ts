/**
 * A page that is open, between its Loro document and the node. Each peer of ours is one writer of the document for as long as
 * one line to the node lasts; what the node has not kept is said again on the next line, and only what is our own.
 */
import { decodeImportBlobMeta, type LoroDoc, type PeerID } from 'loro-crdt';
import type { BoardDevice, PageLive } from '~/api/types';

/** Bytes of one update; the node takes 160 KiB. */
const most = 150 * 1024;
/** Bytes of what is shown to others. */
const shownMost = 1024;

/** Between two updates while somebody else is there, and while nobody is. */
export const together = 100;
export const alone = 1000;
/** Between two words about where the caret is. */
const shownPause = 50;

/** One line to the node. */
export interface Line {
  send: (frame: Uint8Array<ArrayBuffer>) => void;
  close: () => void;
}

export interface Heard {
  frame: (data: Uint8Array) => void;
  text: (data: string) => void;
  /** `anew`: what was told before is not to be built upon. */
  closed: (anew?: boolean) => void;
}

export interface Node {
  open: (heard: Heard) => Line;
  /** All that the node has kept; empty when nothing was written yet. */
  state: () => Promise<Uint8Array>;
}

export interface SessionState {
  /** What was written has not been kept yet. */
  saving: boolean;
  /** Nothing comes from the node now. */
  away: boolean;
  /** The text is here. */
  ready: boolean;
  mayWrite: boolean;
  /** Why something was not kept; then nothing more is. */
  refused: string | null;
}

export interface Session {
  /** Says where the caret is; said again to whoever comes. */
  show: (bytes: Uint8Array) => void;
  /** Tries to reach the node at once. */
  retry: () => void;
  /** Says at once what has not been said. */
  flush: () => void;
  /** Says what is left, and ends. */
  close: () => void;
}

interface Writer {
  /** Up to which of its operations the node has been told, and up to which it has kept. */
  told: number;
  kept: number;
}

export function openSession(
  doc: LoroDoc,
  node: Node,
  {
    onState,
    onHere,
    onShown,
    beforeNews = () => undefined,
    onAnew = () => undefined,
    now = () => performance.now(),
  }: {
    onState: (state: SessionState) => void;
    onHere: (people: BoardDevice[]) => void;
    onShown: (device: Uint8Array, shown: Uint8Array) => void;
    /** Something of others is about to come: what was done here goes first. */
    beforeNews?: () => void;
    /** Something that was told before is no part of the page any more: all is to be read anew. */
    onAnew?: () => void;
    now?: () => number;
  },
): Session {
  const writers = new Map<PeerID, Writer>();
  let line: Line | null = null;
  /** Frames that the node has not answered yet, in order. */
  let flying: { peer: PeerID; upTo: number }[] = [];
  let answered = 0;
  let greeted = false;
  let here: BoardDevice[] = [];
  let closed = false;
  let failures = 0;
  let again = 0;
  let last = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let reconnect: ReturnType<typeof setTimeout> | undefined;
  let shown: Uint8Array | null = null;
  let showing: ReturnType<typeof setTimeout> | undefined;
  let state: SessionState = {
    saving: false,
    away: false,
    ready: false,
    mayWrite: false,
    refused: null,
  };

  const tell = (change: Partial<SessionState>) => {
    const next = { ...state, ...change };
    if (Object.entries(next).every(([key, value]) => state[key as 'away'] === value)) return;
    state = next;
    onState(next);
  };

  const endOf = (peer: PeerID): number => doc.version().toJSON().get(peer) ?? 0;
  const unsaid = () => [...writers].filter(([peer, { told }]) => endOf(peer) > told);
  const saving = () =>
    tell({ saving: [...writers].some(([peer, { kept }]) => endOf(peer) > kept) });

  /** Operations of one writer as updates, each small enough. */
  function* updates(peer: PeerID, from: number, to: number): Generator<[Uint8Array, number]> {
    const spans = [{ id: { peer, counter: from }, len: to - from }];
    const update = doc.export({ mode: 'updates-in-range', spans });
    if (update.length <= most || to - from <= 1) {
      yield [update, to];
      return;
    }
    const middle = from + Math.floor((to - from) / 2);
    yield* updates(peer, from, middle);
    yield* updates(peer, middle, to);
  }

  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (line === null || !greeted || state.refused !== null) return;
    for (const [peer, writer] of unsaid()) {
      for (const [update, upTo] of updates(peer, writer.told, endOf(peer))) {
        line.send(framed(1, update));
        flying.push({ peer, upTo });
        writer.told = upTo;
      }
      last = now();
    }
  };
  const later = () => {
    if (unsaid().length === 0) return;
    const pause = here.length > 0 ? together : alone;
    const wait = Math.max(0, last + pause - now());
    if (wait === 0) flush();
    else timer ??= setTimeout(flush, wait);
  };
  const stop = doc.subscribeLocalUpdates(() => {
    if (closed) return;
    saving();
    later();
  });

  const show = () => {
    showing = undefined;
    // Whoever only reads has no place where they write.
    if (line !== null && greeted && shown !== null && state.mayWrite) line.send(framed(2, shown));
  };

  /** Takes in what the node has, and works out what it lacks. */
  const meet = async (mine: Line, peer: PeerID) => {
    const bytes = await node.state();
    if (line !== mine) return;
    doc.commit();
    if (bytes.length > 0) {
      const has = decodeImportBlobMeta(bytes, false).partialEndVersionVector.toJSON();
      for (const [peer, writer] of writers) {
        writer.told = Math.max(writer.kept, has.get(peer) ?? 0);
        writer.kept = writer.told;
      }
      beforeNews();
      doc.import(bytes);
    }
    // Only now is it known how far this number has been used, should it ever have been.
    doc.setPeerId(peer);
    if (!writers.has(peer)) writers.set(peer, { told: endOf(peer), kept: endOf(peer) });
    greeted = true;
    tell({ ready: true, away: false });
    flush();
    saving();
    show();
  };

  const hello = (said: { peer: string; can_write: boolean }, mine: Line) => {
    failures = 0;
    tell({ mayWrite: said.can_write });
    meet(mine, said.peer as PeerID).catch(() => mine.close());
  };

  const connect = () => {
    clearTimeout(reconnect);
    reconnect = undefined;
    greeted = false;
    flying = [];
    answered = 0;
    for (const writer of writers.values()) writer.told = writer.kept;
    // What comes from a line that was given up is not heard.
    const current = () => line === mine;
    const mine: Line = node.open({
      frame(data) {
        if (!current()) return;
        if (data[0] === 1) take(data.subarray(1));
        else if (data[0] === 2 && data.length >= 33)
          onShown(data.slice(1, 33), data.slice(33, 33 + shownMost));
      },
      text(data) {
        if (current()) hear(JSON.parse(data) as PageLive, mine);
      },
      closed(anew = false) {
        if (!current()) return;
        line = null;
        if (anew && state.saving)
          tell({ refused: 'Something that was written here before had to be left out.' });
        else if (anew) {
          onAnew();
          return;
        }
        here = [];
        onHere(here);
        tell({ away: true });
        if (closed) return;
        failures += 1;
        reconnect = setTimeout(connect, Math.min(200 * 2 ** failures, 5000));
      },
    });
    line = mine;
  };

  const take = (update: Uint8Array) => {
    // The node has looked at it already; what still cannot be read is left for the next state.
    try {
      beforeNews();
      doc.import(update);
    } catch (error) {
      console.warn('an update could not be read', error);
    }
  };

  const hear = (word: PageLive, mine: Line) => {
    if (word.hello) hello(word.hello, mine);
    if (word.here) {
      const more = word.here.some(({ device }) => !here.some((one) => one.device === device));
      here = word.here;
      onHere(here);
      if (more) show();
      later();
    }
    if (word.kept !== undefined) {
      for (; answered < word.kept; answered += 1) {
        const frame = flying.shift();
        const writer = frame === undefined ? undefined : writers.get(frame.peer);
        if (frame !== undefined && writer !== undefined) writer.kept = frame.upTo;
      }
      again = 0;
      saving();
    }
    if (word.refused !== undefined) {
      // Perhaps it has what we said: then all is well once we know what it has.
      again += 1;
      if (again > 1) tell({ refused: word.refused });
      line = null;
      mine.close();
      reconnect ??= setTimeout(connect, 100);
    }
  };

  connect();
  return {
    show(bytes) {
      if (bytes.length > shownMost) return;
      shown = bytes;
      showing ??= setTimeout(show, shownPause);
    },
    flush,
    retry() {
      if (reconnect !== undefined && !closed) connect();
    },
    close() {
      doc.commit();
      flush();
      closed = true;
      stop();
      clearTimeout(timer);
      clearTimeout(reconnect);
      clearTimeout(showing);
      const last = line;
      line = null;
      last?.close();
    },
  };
}

function framed(kind: 1 | 2, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(bytes.length + 1);
  frame[0] = kind;
  frame.set(bytes, 1);
  return frame;
}

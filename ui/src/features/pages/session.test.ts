/** Two editors and a node in memory: whatever happens in between, both end with the same, and nothing is lost or said twice. */
import { LoroDoc } from 'loro-crdt';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeEditor, FakeNode } from './fake';
import { schema } from './schema';

const open: FakeEditor[] = [];
const edit = (node: FakeNode, device: bigint) => {
  const editor = new FakeEditor(node, device);
  open.push(editor);
  return editor;
};
const settle = () => vi.advanceTimersByTimeAsync(12_000);

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  for (const editor of open.splice(0)) {
    editor.session.close();
    editor.binding.close();
  }
  vi.useRealTimers();
});

describe('a page that is open', () => {
  it('is the same for two who write at once in one paragraph', async () => {
    const node = new FakeNode();
    const [ann, bo] = [edit(node, 1n), edit(node, 2n)];
    await settle();
    ann.type('crane', 1);
    await settle();
    ann.type('The ', 1);
    bo.type(' stands still', 6);
    await settle();
    expect(ann.text).toBe('The crane stands still');
    expect(bo.text).toBe(ann.text);
    expect(bo.shown.eq(ann.shown)).toBe(true);
    expect(ann.last).toMatchObject({ saving: false, refused: null });
  });

  it('keeps what two write who both begin in an empty paragraph', async () => {
    const node = new FakeNode();
    const [ann, bo] = [edit(node, 1n), edit(node, 2n)];
    await settle();
    ann.type('one', 1);
    bo.type('two', 1);
    await settle();
    ann.type('.', 7);
    bo.type('-', 1);
    await settle();
    expect(['-onetwo.', '-twoone.']).toContain(ann.text);
    expect(bo.text).toBe(ann.text);
  });

  it('sends the first change at once, and the next only after a while', async () => {
    const node = new FakeNode();
    const ann = edit(node, 1n);
    await settle();
    const before = node.updates.length;
    ann.type('a', 1);
    expect(node.updates.length).toBe(before + 1);
    for (const letter of 'bcdef') {
      ann.type(letter, 1);
      await vi.advanceTimersByTimeAsync(50);
    }
    expect(node.updates.length).toBe(before + 1);
    expect(ann.last?.saving).toBe(true);
    await vi.advanceTimersByTimeAsync(1000);
    expect(node.updates.length).toBe(before + 2);
    expect(ann.last?.saving).toBe(false);
  });

  it('merges what was written while the line was gone, and sends only what is its own', async () => {
    const node = new FakeNode();
    const [ann, bo] = [edit(node, 1n), edit(node, 2n)];
    await settle();
    ann.type('start', 1);
    await settle();
    node.cut();
    ann.type('A', 1);
    bo.type('B', 6);
    expect(ann.last).toMatchObject({ away: true, saving: true });
    node.down = false;
    await settle();
    expect(ann.text).toBe('AstartB');
    expect(bo.text).toBe('AstartB');
    expect(ann.last).toMatchObject({ away: false, saving: false, refused: null });
    ann.type('!', 8);
    await settle();
    expect(bo.text).toBe('AstartB!');
  });

  it('does not say again what was kept although the answer never came', async () => {
    const node = new FakeNode();
    const ann = edit(node, 1n);
    await settle();
    ann.type('once', 1);
    const line = [...node.lines][0];
    expect(line).toBeDefined();
    // Kept, and the line is gone before it can say so.
    node.cut();
    node.down = false;
    await settle();
    expect(new FakeNodeText(node).text).toContain('once');
    expect(ann.last).toMatchObject({ saving: false, refused: null });
  });

  it('says again what a node heard and did not keep', async () => {
    const node = new FakeNode();
    const ann = edit(node, 1n);
    await settle();
    node.deaf = true;
    ann.type('lost', 1);
    node.cut();
    node.deaf = false;
    node.down = false;
    await settle();
    expect(new FakeNodeText(node).text).toContain('lost');
    expect(ann.last?.saving).toBe(false);
  });

  it('tells in words why nothing is kept any more, and still hears the others', async () => {
    const node = new FakeNode();
    const [ann, bo] = [edit(node, 1n), edit(node, 2n)];
    await settle();
    node.refusing = 'This page is full.';
    ann.type('more', 1);
    await settle();
    expect(ann.last?.refused).toBe('This page is full.');
    node.refusing = null;
    bo.type('Bo', 1);
    await settle();
    expect(ann.text).toContain('Bo');
  });

  it('cuts what is too large for one update', async () => {
    const node = new FakeNode();
    const [ann, bo] = [edit(node, 1n), edit(node, 2n)];
    await settle();
    // Of letters that do not pack well.
    const text = Array.from({ length: 400_000 }, (_, at) =>
      String.fromCharCode(0x4e00 + ((at * 7919) % 20_000)),
    ).join('');
    const before = node.updates.length;
    ann.type(text, 1);
    await settle();
    const sizes = node.updates.slice(before).map(({ length }) => length);
    expect(sizes.length).toBeGreaterThan(1);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(150 * 1024);
    expect(bo.text).toBe(text);
  });

  it('takes back one’s own changes and never those of others', async () => {
    const node = new FakeNode();
    const [ann, bo] = [edit(node, 1n), edit(node, 2n)];
    await settle();
    ann.type('mine', 1);
    await settle();
    bo.type(' yours', 5);
    await settle();
    expect(ann.text).toBe('mine yours');
    expect(ann.binding.undo()).toBe(true);
    await settle();
    expect(ann.text).toBe(' yours');
    expect(bo.text).toBe(' yours');
    expect(ann.binding.canUndo()).toBe(false);
    ann.binding.redo();
    await settle();
    expect(bo.text).toBe('mine yours');
  });

  it('ends the same whatever both do in whatever order', async () => {
    let seed = 5;
    const chance = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return Math.floor((seed / 2147483648) * below);
    };
    for (let round = 0; round < 12; round += 1) {
      const node = new FakeNode();
      const both = [edit(node, 1n), edit(node, 2n)];
      await settle();
      for (let step = 0; step < 30; step += 1) {
        const editor = both[chance(2)];
        if (editor === undefined) continue;
        change(editor, chance);
        if (chance(6) === 0) await vi.advanceTimersByTimeAsync(chance(300));
        if (chance(12) === 0) {
          node.cut();
          node.down = false;
        }
      }
      await settle();
      const [ann, bo] = both;
      expect(bo?.shown.toJSON()).toEqual(ann?.shown.toJSON());
      expect(ann?.last).toMatchObject({ saving: false, refused: null });
      ann?.shown.check();
    }
  });
});

/** Something that people do: words, marks, paragraphs split and joined, another kind of block, and undoing it. */
function change(editor: FakeEditor, chance: (below: number) => number): void {
  const { state } = editor;
  const places: number[] = [];
  state.doc.descendants((child, at) => {
    if (child.isTextblock)
      for (let offset = 0; offset <= child.content.size; offset += 1) places.push(at + 1 + offset);
  });
  const at = places[chance(places.length)] ?? 1;
  const to = Math.min(at + chance(6), state.doc.resolve(at).end());
  switch (chance(7)) {
    case 0:
      if (to > at) editor.dispatch(state.tr.delete(at, to));
      break;
    case 1:
      editor.dispatch(state.tr.split(at));
      break;
    case 2:
      if (to > at) editor.dispatch(state.tr.addMark(at, to, schema.marks.strong.create()));
      break;
    case 3:
      editor.dispatch(
        state.tr.setBlockType(at, at, schema.nodes.heading, { level: 1 + chance(3) }),
      );
      break;
    case 4:
      editor.binding.undo();
      break;
    default:
      editor.dispatch(state.tr.insertText('abcdef'.slice(0, 1 + chance(5)), at));
  }
}

/** What stands at the node. */
class FakeNodeText {
  readonly text: string;
  constructor(node: FakeNode) {
    const doc = new LoroDoc();
    doc.import(node.snapshot());
    this.text = JSON.stringify(doc.toJSON());
  }
}

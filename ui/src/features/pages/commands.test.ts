/** What keys and menus do to the text. */
import type { Node } from 'prosemirror-model';
import { EditorState, TextSelection, type Command } from 'prosemirror-state';
import { describe, expect, it } from 'vitest';
import { editingKeys, linkAround, tick, turnInto, type Kind } from './commands';
import { decodeRange, fromAnchor, idOf, toAnchor } from './places';
import { schema } from './schema';
import { found } from './suggest';

const p = (...words: string[]) =>
  schema.node(
    'paragraph',
    null,
    words.map((word) => schema.text(word)),
  );
const doc = (...blocks: Node[]) => schema.node('doc', null, blocks);

/** With the caret at the end of the first text that ends with these words. */
function at(node: Node, words: string): EditorState {
  let caret = -1;
  node.descendants((child, from) => {
    if (caret < 0 && child.isText && child.text?.endsWith(words) === true)
      caret = from + child.nodeSize;
  });
  return EditorState.create({
    doc: node,
    selection: TextSelection.create(node, Math.max(1, caret)),
  });
}

function run(state: EditorState, ...commands: (Command | undefined)[]): EditorState {
  let now = state;
  for (const command of commands)
    command?.(now, (transaction) => {
      now = now.apply(transaction);
    });
  now.doc.check();
  return now;
}

describe('kinds of text', () => {
  const cases: [Kind, string][] = [
    ['heading2', 'doc(heading("a"))'],
    ['bullets', 'doc(bullet_list(list_item(paragraph("a"))))'],
    ['numbers', 'doc(ordered_list(list_item(paragraph("a"))))'],
    ['tasks', 'doc(bullet_list(list_item(paragraph("a"))))'],
    ['quote', 'doc(blockquote(paragraph("a")))'],
    ['code', 'doc(code_block("a"))'],
  ];
  it.each(cases)('%s', (kind, made) => {
    expect(run(at(doc(p('a')), 'a'), turnInto(kind)).doc.toString()).toBe(made);
  });

  it.each(['heading2', 'bullets', 'numbers', 'tasks', 'code'] as const)(
    '%s and back again',
    (kind) => {
      const state = run(at(doc(p('a')), 'a'), turnInto(kind), turnInto(kind));
      expect(state.doc.toString()).toBe('doc(paragraph("a"))');
    },
  );

  it('a list becomes another with all its items', () => {
    const list = schema.node('bullet_list', null, [
      schema.node('list_item', null, [p('a')]),
      schema.node('list_item', null, [p('b')]),
    ]);
    const tasks = run(at(doc(list), 'a'), turnInto('tasks'));
    expect(tasks.doc.firstChild?.lastChild?.attrs['checked']).toBe(false);
    expect(run(tasks, turnInto('numbers')).doc.toString()).toBe(
      'doc(ordered_list(list_item(paragraph("a")), list_item(paragraph("b"))))',
    );
  });

  it('a heading becomes an item of a list', () => {
    const heading = schema.node('heading', { level: 2 }, [schema.text('a')]);
    expect(run(at(doc(heading), 'a'), turnInto('bullets')).doc.toString()).toBe(
      'doc(bullet_list(list_item(paragraph("a"))))',
    );
  });
});

describe('keys', () => {
  it('Enter goes on with a task that is not done, and twice ends the list', () => {
    const state = run(at(doc(p('a')), 'a'), turnInto('tasks'), tick, editingKeys['Enter']);
    const list = state.doc.firstChild;
    expect(list?.firstChild?.attrs['checked']).toBe(true);
    expect(list?.lastChild?.attrs['checked']).toBe(false);
    expect(run(state, editingKeys['Enter']).doc.toString()).toBe(
      'doc(bullet_list(list_item(paragraph("a"))), paragraph)',
    );
  });

  it('Backspace at the beginning makes it plain, step by step', () => {
    const state = run(at(doc(p('a')), 'a'), turnInto('tasks'));
    const start = state.apply(
      state.tr.setSelection(TextSelection.create(state.doc, state.selection.from - 1)),
    );
    const item = run(start, editingKeys['Backspace']);
    expect(item.doc.firstChild?.firstChild?.attrs['checked']).toBeNull();
    expect(run(item, editingKeys['Backspace']).doc.toString()).toBe('doc(paragraph("a"))');
  });

  it('moves a block past its neighbour, and the caret with it', () => {
    const state = run(at(doc(p('a'), p('bb')), 'a'), editingKeys['Mod-Shift-ArrowDown']);
    expect(state.doc.toString()).toBe('doc(paragraph("bb"), paragraph("a"))');
    expect(state.selection.$from.parent.textContent).toBe('a');
    expect(run(state, editingKeys['Mod-Shift-ArrowUp']).doc.toString()).toBe(
      'doc(paragraph("a"), paragraph("bb"))',
    );
  });

  it('leaves code after two empty lines', () => {
    const code = schema.node('code_block', null, [schema.text('x\n\n')]);
    expect(run(at(doc(code), '\n'), editingKeys['Enter']).doc.toString()).toBe(
      'doc(code_block("x"), paragraph)',
    );
  });

  it('Enter below a picture or in words never breaks the document', () => {
    for (const text of ['a', 'ab c'])
      run(
        at(doc(p(text)), text),
        editingKeys['Enter'],
        editingKeys['Shift-Enter'],
        editingKeys['Tab'],
      );
  });
});

describe('what is offered', () => {
  it.each([
    ['/', 'kinds', ''],
    ['/head', 'kinds', 'head'],
    ['words /ta', 'kinds', 'ta'],
    ['@', 'places', ''],
    ['ask @Bo Ta', 'places', 'Bo Ta'],
    ['see [[qua', 'places', 'qua'],
  ])('%s', (before, kind, query) => {
    expect(found(before)).toMatchObject({ kind, query });
  });

  it.each(['and/or', '1/2', '/ ', 'ann@example', 'a b', '@one two three four five six', '[[a]] b'])(
    'nothing for %s',
    (before) => expect(found(before)).toBeNull(),
  );
});

describe('a link', () => {
  it('is found from anywhere in it, as a whole', () => {
    const link = (href: string) => schema.marks.link.create({ href });
    const [one, other] = ['https://a.example/', 'https://b.example/'];
    const line = schema.node('paragraph', null, [
      schema.text('x'),
      schema.text('ab', [link(one)]),
      schema.text('c', [link(one), schema.marks.strong.create()]),
      schema.text('d', [link(other)]),
    ]);
    const caret = (position: number) =>
      linkAround(
        EditorState.create({
          doc: doc(line),
          selection: TextSelection.create(doc(line), position),
        }),
      );
    expect(caret(1)).toBeNull();
    expect(caret(3)).toEqual({ from: 2, to: 5, href: one });
    expect(caret(6)).toEqual({ from: 5, to: 6, href: other });
  });
});

describe('places that travel', () => {
  it('are refused when they are none', () => {
    for (const bytes of [
      [],
      [0],
      [5],
      [1, 2],
      [255, 1],
      [3, 1, 2, 3],
      Array(600).fill(7),
    ] as number[][])
      expect(decodeRange(Uint8Array.from(bytes))).toBeNull();
    for (const text of ['', '!', 'AAAA', 'x'.repeat(5000), '____'])
      expect(fromAnchor(text)).toBeNull();
    expect(toAnchor(new Uint8Array(500))).toBeNull();
    expect(toAnchor(Uint8Array.of(251, 255))).toBe('-_8');
  });

  it('name devices as everywhere', () => {
    expect(idOf(new Uint8Array(32))).toBe('a'.repeat(52));
    expect(idOf(new TextEncoder().encode('foobar'))).toBe('mzxw6ytboi');
    expect(idOf(Uint8Array.from({ length: 32 }, (_, at) => at * 8))).toHaveLength(52);
  });
});

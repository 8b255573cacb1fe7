/** Whatever others have written, what is drawn is a document of ours. */
import { LoroDoc, LoroList, LoroMap, LoroText } from 'loro-crdt';
import { DOMSerializer, type DOMOutputSpec, type Mark, type Node } from 'prosemirror-model';
import { EditorState } from 'prosemirror-state';
import { describe, expect, it } from 'vitest';
import { bind, configure, fromDocument, type Shown } from './binding';
import { deepest, readDocument, rootOf } from './document';
import { placeIn, placeOfAddress, safeHref, typedHref } from './links';
import { cleaned, schema } from './schema';

type Value = string | number | boolean | null;
interface Made {
  name: unknown;
  attrs?: Record<string, Value>;
  children?: (Made | string | { text: string; marks: Record<string, unknown> } | number)[];
}

function write(map: LoroMap, { name, attrs = {}, children = [] }: Made): void {
  map.set('nodeName', name as string);
  const attributes = map.setContainer('attributes', new LoroMap());
  for (const [key, value] of Object.entries(attrs)) attributes.set(key, value);
  const list = map.setContainer('children', new LoroList());
  children.forEach((child, at) => {
    if (typeof child === 'number') list.insert(at, child);
    else if (typeof child === 'string') list.insertContainer(at, new LoroText()).insert(0, child);
    else if ('text' in child) {
      const text = list.insertContainer(at, new LoroText());
      text.insert(0, child.text);
      for (const [mark, value] of Object.entries(child.marks))
        text.mark({ start: 0, end: child.text.length }, mark, value);
    } else write(list.insertContainer(at, new LoroMap()), child);
  });
}

function pageOf(...children: Exclude<Made['children'], undefined>): LoroDoc {
  const doc = new LoroDoc();
  configure(doc);
  const names = [...Object.keys(schema.marks), 'onclick', 'constructor'];
  doc.configTextStyle(
    Object.fromEntries(names.map((name) => [name, { expand: 'after' as const }])),
  );
  write(rootOf(doc), { name: 'doc', children });
  doc.commit();
  return doc;
}

const read = (...children: Exclude<Made['children'], undefined>): Node => {
  const node = readDocument(pageOf(...children), new Map(), new Set());
  node.check();
  return node;
};

/** Everything that would be written into the page, as JSON. */
function drawn(node: Node): string {
  const specs: unknown[] = [];
  const look = (one: Node) => {
    const draw = DOMSerializer.nodesFromSchema(schema)[one.type.name] as
      ((node: Node) => DOMOutputSpec) | undefined;
    if (!one.isText && draw !== undefined && one.type.name !== 'doc') specs.push(draw(one));
    for (const mark of one.marks) {
      const spec = schema.marks[mark.type.name as 'link'].spec.toDOM as (
        mark: Mark,
      ) => DOMOutputSpec;
      specs.push(spec(mark));
    }
    one.forEach(look);
  };
  look(node);
  return JSON.stringify(specs);
}

describe('a page from others', () => {
  it('is read as it was written', () => {
    const node = read(
      { name: 'heading', attrs: { level: 2 }, children: ['Quay'] },
      { name: 'paragraph', children: ['a ', { text: 'b', marks: { strong: {} } }] },
      {
        name: 'bullet_list',
        children: [
          {
            name: 'list_item',
            attrs: { checked: true },
            children: [{ name: 'paragraph', children: ['c'] }],
          },
        ],
      },
      { name: 'horizontal_rule' },
    );
    expect(node.toString()).toBe(
      'doc(heading("Quay"), paragraph("a ", strong("b")), bullet_list(list_item(paragraph("c"))), horizontal_rule)',
    );
    expect(node.child(0).attrs).toEqual({ level: 2 });
    expect(node.child(2).firstChild?.attrs).toEqual({ checked: true });
  });

  it('loses what is not known, and nothing beside it', () => {
    const node = read(
      { name: 'script', children: ['alert(1)'] },
      { name: 'constructor', children: ['x'] },
      { name: '__proto__', children: ['x'] },
      { name: 7, children: ['x'] },
      5,
      { name: 'text', children: ['x'] },
      { name: 'doc', children: ['x'] },
      {
        name: 'paragraph',
        children: [{ text: 'kept', marks: { onclick: 'alert(1)', constructor: {}, em: {} } }],
      },
    );
    expect(node.toString()).toBe('doc(paragraph(em("kept")))');
  });

  it('mends what does not fit together', () => {
    expect(read({ name: 'bullet_list', children: [] }).toString()).toBe('doc(paragraph)');
    expect(read({ name: 'bullet_list', children: [{ name: 'list_item' }] }).toString()).toBe(
      'doc(bullet_list(list_item(paragraph)))',
    );
    expect(
      read({ name: 'bullet_list', children: [{ name: 'paragraph', children: ['a'] }] }).toString(),
    ).toBe('doc(bullet_list(list_item(paragraph("a"))))');
    expect(read('loose words').toString()).toBe('doc(paragraph("loose words"))');
    expect(
      read({ name: 'code_block', children: [{ text: 'a', marks: { strong: {} } }] }).toString(),
    ).toBe('doc(code_block("a"))');
  });

  it('ends where it goes too deep', () => {
    let inner: Made = { name: 'paragraph', children: ['deep'] };
    for (let at = 0; at < 200; at += 1) inner = { name: 'blockquote', children: [inner] };
    let depth = 0;
    read(inner).descendants(() => {
      depth += 1;
    });
    expect(depth).toBeLessThanOrEqual(deepest);
  });

  it('brings no address and no value that is not ours into the page', () => {
    const bad = [
      'javascript:alert(1)',
      'JaVaScRiPt:alert(1)',
      ' javascript:alert(1)',
      'java\nscript:alert(1)',
      'data:text/html,x',
      'vbscript:x',
      'file:///etc/passwd',
      'blob:http://127.0.0.1/x',
      'http://name:password@example.org/',
      'compeer:javascript',
      'compeer:x/page/y',
      '//example.org',
      '/api/v1/signout',
    ];
    for (const href of bad) {
      expect(safeHref(href), href).toBeNull();
      const text = drawn(
        read({ name: 'paragraph', children: [{ text: 'x', marks: { link: { href } } }] }),
      );
      expect(text, href).not.toContain('href');
      // Also where it got past the reader somehow.
      const forged = schema.text('x', [schema.marks.link.create({ href })]);
      expect(
        drawn(schema.node('doc', null, [schema.node('paragraph', null, [forged])])),
      ).not.toContain('href');
    }
    for (const level of [0, -5, 1e9, NaN, Infinity, '2', null, 'x onclick=alert(1)']) {
      const text = drawn(
        read({ name: 'heading', attrs: { level: level as number }, children: ['x'] }),
      );
      expect(text).toMatch(/^\[\["h[234]",/);
    }
    expect(cleaned('ordered_list', { order: 1e300 })).toEqual({ order: 999_999_999 });
    expect(cleaned('code_block', { params: 'a" onload="x'.repeat(50) })?.['params']).toMatch(
      /^[\w+#.-]{0,40}$/,
    );
    expect(cleaned('image', { src: 'https://example.org/x.png' })).toBeNull();
    expect(cleaned('image', { src: '../../signout' })).toBeNull();
    expect(read({ name: 'image', attrs: { src: 'https://example.org/x.png' } }).toString()).toBe(
      'doc(paragraph)',
    );
    expect(cleaned('list_item', { checked: 'yes' })).toEqual({ checked: null });
  });

  it('can be written on although it was broken', () => {
    for (const broken of [
      pageOf(5, { name: 'script', children: ['x'] }, { name: 'paragraph', children: ['a'] }),
      pageOf({ name: 'bullet_list', children: [{ name: 'paragraph', children: ['a'] }] }),
      (() => {
        const doc = pageOf({ name: 'paragraph', children: ['a'] });
        rootOf(doc).set('nodeName', 'other');
        rootOf(doc).set('attributes', 5);
        doc.commit();
        return doc;
      })(),
      (() => {
        const doc = pageOf();
        rootOf(doc).set('children', 'words');
        doc.commit();
        return doc;
      })(),
    ]) {
      let state = EditorState.create({ schema });
      const editor: Shown = {
        get state() {
          return state;
        },
        dispatch(transaction) {
          state = state.apply(transaction);
          if (transaction.docChanged && transaction.getMeta(fromDocument) !== true)
            binding.write(state);
        },
      };
      const binding = bind(broken, () => editor);
      state = EditorState.create({ schema, doc: binding.read() });
      let at = 1;
      state.doc.descendants((node, from) => {
        if (node.isTextblock) at = from + 1;
      });
      editor.dispatch(state.tr.insertText('new ', at));
      expect(readDocument(broken, new Map(), new Set()).eq(state.doc), state.doc.toString()).toBe(
        true,
      );
      expect(state.doc.textContent).toContain('new ');
      binding.close();
    }
  });
});

describe('places in the text', () => {
  it('stay where they are while others write', () => {
    const doc = pageOf(
      { name: 'paragraph', children: ['one two'] },
      {
        name: 'bullet_list',
        children: [
          {
            name: 'list_item',
            children: [{ name: 'paragraph', children: ['three', { name: 'hard_break' }, 'four'] }],
          },
        ],
      },
      { name: 'paragraph' },
    );
    doc.setPeerId('1');
    let state = EditorState.create({ schema });
    const binding = bind(doc, () => ({
      state,
      dispatch: (transaction) => {
        state = state.apply(transaction);
      },
    }));
    state = EditorState.create({ schema, doc: binding.read() });
    const places: number[] = [];
    state.doc.descendants((node, at) => {
      if (node.isTextblock)
        for (let offset = 0; offset <= node.content.size; offset += 1) places.push(at + 1 + offset);
    });
    for (const place of places) {
      const cursor = binding.cursorAt(place);
      expect(cursor, String(place)).not.toBeNull();
      if (cursor !== null) expect(binding.positionOf(cursor)).toBe(place);
    }
    const four = state.doc.content.size - 9;
    const cursor = binding.cursorAt(four);
    const other = new LoroDoc();
    other.import(doc.export({ mode: 'snapshot' }));
    const first = (rootOf(other).get('children') as LoroList).get(0) as LoroMap;
    ((first.get('children') as LoroList).get(0) as LoroText).insert(0, 'zero ');
    other.commit();
    doc.import(other.export({ mode: 'update', from: doc.version() }));
    expect(state.doc.textContent).toContain('zero one');
    if (cursor !== null) expect(binding.positionOf(cursor)).toBe(four + 5);
    binding.close();
  });
});

describe('links', () => {
  const [space, page] = ['a'.repeat(52), 'b'.repeat(52)];
  it('to our own places are the same on every computer', () => {
    const origin = 'http://127.0.0.1:4918';
    expect(placeOfAddress(`${origin}/s/${space}/page/${page}`, origin)).toBe(
      `compeer:${space}/page/${page}`,
    );
    expect(placeOfAddress(`${origin}/s/${space}/chat#${page}`, origin)).toBe(
      `compeer:${space}/chat#${page}`,
    );
    expect(placeOfAddress(`${origin}/s/${space}/topic/${page}#${page}`, origin)).toBe(
      `compeer:${space}/topic/${page}#${page}`,
    );
    expect(placeOfAddress(`${origin}/signin/abc`, origin)).toBeNull();
    expect(placeIn(`compeer:${space}/board/${page}`)).toBe(`/s/${space}/boards/${page}`);
    expect(placeIn(`compeer:${space}/chat#${page}`)).toBe(`/s/${space}/chat#${page}`);
    expect(placeIn('https://example.org')).toBeNull();
  });

  it('are what was meant by what was typed', () => {
    expect(typedHref('example.org/a b', 'http://x')).toBeNull();
    expect(typedHref('example.org/a', 'http://x')).toBe('https://example.org/a');
    expect(typedHref('localhost.test:80', 'http://x')).toBe('https://localhost.test:80/');
    expect(typedHref('ann@example.org', 'http://x')).toBe('mailto:ann@example.org');
    expect(typedHref('javascript:alert(1)', 'http://x')).toBeNull();
    expect(typedHref('nothing', 'http://x')).toBeNull();
  });
});

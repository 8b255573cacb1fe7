/**
 * Keeps the editor's document and the Loro document the same: what is typed is written down at once, and what comes from
 * others changes only the part of the editor's document that is different, so that the caret and a composition stay where
 * they are.
 */
import {
  Cursor,
  LoroList,
  LoroMap,
  LoroText,
  UndoManager,
  isContainer,
  type ContainerID,
  type LoroDoc,
} from 'loro-crdt';
import { updateLoroToPmState, type LoroDocType } from 'loro-prosemirror';
import type { Node } from 'prosemirror-model';
import { TextSelection, type EditorState, type Transaction } from 'prosemirror-state';
import {
  childrenOf,
  forget,
  mend,
  readDocument,
  rootOf,
  type Mapping,
  type Strange,
} from './document';
import { schema } from './schema';

/** Set on what comes from the Loro document, and is not to be written there. */
export const fromDocument = 'from-document';

/** Begins the origin of what undo leaves alone. */
const unasked = 'sys:';

/** The editor, as far as it is needed here. */
export interface Shown {
  readonly state: EditorState;
  dispatch: (transaction: Transaction) => void;
}

export interface Binding {
  /** The text as it is now. */
  read: () => Node;
  /** Takes in what the editor's document has become. */
  write: (state: EditorState) => void;
  undo: () => boolean;
  redo: () => boolean;
  canUndo: () => boolean;
  canRedo: () => boolean;
  /** A place in the text that stays where it is while others write; null where there is none. */
  cursorAt: (position: number) => Cursor | null;
  /** Where such a place is now; null when it is not there any more. */
  positionOf: (cursor: Cursor) => number | null;
  close: () => void;
}

/** Marks grow with what is typed at their end, except where the schema says otherwise. */
export function configure(doc: LoroDoc): void {
  doc.configTextStyle(
    Object.fromEntries(
      Object.values(schema.marks).map(({ name, spec }) => [
        name,
        { expand: spec.inclusive === false ? ('none' as const) : ('after' as const) },
      ]),
    ),
  );
}

/** The beginning of a page: one empty paragraph. Written by whoever makes it, because of two beginnings one would be lost. */
export function begin(doc: LoroDoc): void {
  const root = rootOf(doc);
  root.set('nodeName', 'doc');
  root.setContainer('attributes', new LoroMap());
  const children = root.setContainer('children', new LoroList());
  const paragraph = children.insertContainer(0, new LoroMap());
  paragraph.set('nodeName', 'paragraph');
  paragraph.setContainer('attributes', new LoroMap());
  paragraph.setContainer('children', new LoroList()).insertContainer(0, new LoroText());
  doc.commit({ origin: `${unasked}begin` });
}

/** `shown` is asked for when something comes; null while there is no editor yet. */
export function bind(doc: LoroDoc, shown: () => Shown | null): Binding {
  const mapping: Mapping = new Map();
  const strange: Strange = new Set();
  let undoManager: UndoManager | null = null;
  let before: Cursor[] = [];

  const places = () => {
    const state = shown()?.state;
    if (state === undefined) return [];
    const { anchor, head } = state.selection;
    return [cursorAt(anchor), cursorAt(head)].filter((cursor) => cursor !== null);
  };
  /** Begun anew whenever Loro's peer changes, because it watches one. */
  const history = (): UndoManager => {
    if (undoManager?.peer() === doc.peerIdStr) return undoManager;
    undoManager?.free();
    undoManager = new UndoManager(doc, {
      mergeInterval: 500,
      maxUndoSteps: 500,
      excludeOriginPrefixes: [unasked],
      onPush: () => ({ value: null, cursors: before }),
      onPop: (_, meta) => {
        const [anchor, head] = meta.cursors;
        // Once what is undone stands in the editor.
        if (anchor !== undefined) queueMicrotask(() => select(anchor, head ?? anchor));
      },
    });
    return undoManager;
  };
  const select = (anchor: Cursor, head: Cursor) => {
    const view = shown();
    const at = [positionOf(anchor), positionOf(head)] as const;
    if (view === null || at[0] === null || at[1] === null) return;
    const { doc: document } = view.state;
    const size = document.content.size;
    if (at[0] > size || at[1] > size) return;
    view.dispatch(
      view.state.tr
        .setSelection(TextSelection.between(document.resolve(at[0]), document.resolve(at[1])))
        .setMeta(fromDocument, true)
        .scrollIntoView(),
    );
  };

  const stop = doc.subscribe((batch) => {
    if (batch.by === 'local' && batch.origin !== 'undo') return;
    forget(
      doc,
      batch.events.map(({ target }) => target),
      mapping,
    );
    show();
  });

  const show = () => {
    const view = shown();
    if (view === null) return;
    const transaction = difference(view.state, readDocument(doc, mapping, strange));
    if (transaction !== null) view.dispatch(transaction.setMeta(fromDocument, true));
  };

  function cursorAt(position: number): Cursor | null {
    const view = shown();
    if (view === null) return null;
    let map = rootOf(doc);
    // Where the content of `map` begins.
    let from = 0;
    for (;;) {
      const list = childrenOf(map);
      if (list === null) return null;
      let inside: LoroMap | null = null;
      let at = from;
      const children: unknown[] = list.toArray();
      for (const child of children) {
        if (!isContainer(child)) continue;
        const size = sizeOf(mapping.get(child.id));
        if (child instanceof LoroText && position >= at && position <= at + size)
          return child.getCursor(position - at) ?? null;
        if (child instanceof LoroMap && position > at && position < at + size) {
          inside = child;
          from = at + 1;
          break;
        }
        at += size;
      }
      // Nothing has been written here yet.
      if (inside === null) return list.getCursor(0) ?? null;
      map = inside;
    }
  }

  function positionOf(cursor: Cursor): number | null {
    const container = doc.getContainerById(cursor.containerId());
    const offset = doc.getCursorPos(cursor)?.offset ?? 0;
    let at: number;
    let below: ContainerID;
    let list: unknown;
    if (container instanceof LoroText) {
      if (!mapping.has(container.id)) return null;
      at = offset;
      below = container.id;
      list = container.parent();
    } else if (container instanceof LoroList) {
      const map = container.parent();
      if (!(map instanceof LoroMap)) return null;
      if (map.id === rootOf(doc).id) return 0;
      at = 1;
      below = map.id;
      list = map.parent();
    } else {
      return null;
    }
    while (list instanceof LoroList) {
      const children: unknown[] = list.toArray();
      let found = false;
      for (const child of children) {
        if (!isContainer(child)) continue;
        if (child.id === below) {
          found = true;
          break;
        }
        at += sizeOf(mapping.get(child.id));
      }
      const map = list.parent();
      if (!found || !(map instanceof LoroMap)) return null;
      if (map.id === rootOf(doc).id) return at;
      at += 1;
      below = map.id;
      list = map.parent();
    }
    return null;
  }

  /**
   * Every paragraph has its text before anything is written in it: of two people who begin at once, each would make one, and
   * whoever takes back the first letter would take away the text with what others wrote in it.
   */
  const prepare = () => {
    for (const [id, node] of mapping) {
      if (Array.isArray(node) || !node.isTextblock || node.childCount > 0) continue;
      const map = doc.getContainerById(id);
      const list = map instanceof LoroMap ? childrenOf(map) : null;
      if (list?.length === 0) list.insertContainer(0, new LoroText());
    }
  };

  history();
  return {
    read: () => readDocument(doc, mapping, strange),
    write(state) {
      history();
      const root = rootOf(doc);
      if (root.get('nodeName') !== 'doc') root.set('nodeName', 'doc');
      mend(doc, strange);
      prepare();
      doc.commit({ origin: `${unasked}prepare` });
      updateLoroToPmState(doc as LoroDocType, mapping, state);
      prepare();
      doc.commit({ origin: `${unasked}prepare` });
      before = places();
    },
    undo: () => history().undo(),
    redo: () => history().redo(),
    canUndo: () => history().canUndo(),
    canRedo: () => history().canRedo(),
    cursorAt,
    positionOf,
    close() {
      stop();
      undoManager?.free();
    },
  };
}

const sizeOf = (made: Node | Node[] | undefined): number =>
  made === undefined
    ? 0
    : Array.isArray(made)
      ? made.reduce((sum, { nodeSize }) => sum + nodeSize, 0)
      : made.nodeSize;

/** What turns the editor's document into another one, as little as possible; null when it is the same. */
export function difference(state: EditorState, next: Node): Transaction | null {
  const start = state.doc.content.findDiffStart(next.content);
  const end = state.doc.content.findDiffEnd(next.content);
  if (start === null || end === null) return null;
  // The same letter again and again is found from both sides.
  const over = Math.max(0, start - Math.min(end.a, end.b));
  const transaction = state.tr;
  transaction.replace(start, end.a + over, next.slice(start, end.b + over));
  if (transaction.doc.eq(next)) return transaction;
  // What is cut there does not close by itself.
  return state.tr.replaceWith(0, state.doc.content.size, next.content);
}

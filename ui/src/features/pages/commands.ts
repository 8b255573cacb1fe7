/** What can be done to the text, by keys, by Markdown as it is typed, and from the menus. */
import {
  chainCommands,
  createParagraphNear,
  exitCode,
  liftEmptyBlock,
  newlineInCode,
  setBlockType,
  splitBlock,
  toggleMark,
  wrapIn,
} from 'prosemirror-commands';
import type { MarkType, Node, NodeType } from 'prosemirror-model';
import { liftListItem, sinkListItem, splitListItem, wrapInList } from 'prosemirror-schema-list';
import {
  NodeSelection,
  Selection,
  TextSelection,
  type Command,
  type EditorState,
  type Transaction,
} from 'prosemirror-state';
import { schema } from './schema';

const { nodes, marks } = schema;

export type Kind =
  | 'paragraph'
  | 'heading1'
  | 'heading2'
  | 'heading3'
  | 'bullets'
  | 'numbers'
  | 'tasks'
  | 'quote'
  | 'code'
  | 'rule';

/** The item of a list that the selection is in, and the list itself. */
function itemAround(
  state: EditorState,
): { item: Node; at: number; list: Node; listAt: number } | null {
  const { $from } = state.selection;
  for (let depth = $from.depth; depth > 1; depth -= 1) {
    if ($from.node(depth).type === nodes.list_item)
      return {
        item: $from.node(depth),
        at: $from.before(depth),
        list: $from.node(depth - 1),
        listAt: $from.before(depth - 1),
      };
  }
  return null;
}

/** Makes the items of the list from `at` on tasks, or no tasks any more. */
function mark(transaction: Transaction, listAt: number, tasks: boolean): void {
  const list = transaction.doc.nodeAt(listAt);
  list?.forEach((item, offset) => {
    const checked = tasks ? item.attrs['checked'] === true : null;
    transaction.setNodeAttribute(listAt + 1 + offset, 'checked', checked);
  });
}

function toList(type: NodeType, tasks: boolean): Command {
  return (state, dispatch) => {
    const around = itemAround(state);
    if (around !== null) {
      const same = around.list.type === type && (around.item.attrs['checked'] !== null) === tasks;
      if (same) return liftListItem(nodes.list_item)(state, dispatch);
      if (dispatch) {
        const transaction = state.tr.setNodeMarkup(around.listAt, type);
        mark(transaction, around.listAt, tasks);
        dispatch(transaction.scrollIntoView());
      }
      return true;
    }
    // Words of another kind become plain first: an item of a list begins with a paragraph.
    let plain: Transaction | undefined;
    setBlockType(nodes.paragraph)(state, (transaction) => (plain = transaction));
    const from = plain === undefined ? state : state.apply(plain);
    return wrapInList(type)(
      from,
      dispatch &&
        ((wrapped) => {
          const transaction = plain ?? state.tr;
          for (const step of wrapped.steps) transaction.step(step);
          if (tasks) {
            const { $from } = transaction.selection;
            for (let depth = $from.depth; depth > 0; depth -= 1) {
              if ($from.node(depth).type === type) {
                mark(transaction, $from.before(depth), true);
                break;
              }
            }
          }
          dispatch(transaction.scrollIntoView());
        }),
    );
  };
}

const addRule: Command = (state, dispatch) => {
  dispatch?.(
    (() => {
      const { $from } = state.selection;
      const rule = nodes.horizontal_rule.create();
      const transaction = state.tr;
      if ($from.parent.content.size === 0 && $from.depth === 1) {
        const at = $from.before();
        transaction.replaceWith(at, $from.after(), [rule, nodes.paragraph.create()]);
        transaction.setSelection(TextSelection.create(transaction.doc, at + 2));
      } else {
        transaction.replaceSelectionWith(rule);
      }
      return transaction.scrollIntoView();
    })(),
  );
  return true;
};

/** Turns what is selected into something else; a list or quote of the same kind is taken apart again. */
export function turnInto(kind: Kind): Command {
  switch (kind) {
    case 'paragraph':
      return setBlockType(nodes.paragraph);
    case 'heading1':
    case 'heading2':
    case 'heading3':
      return (state, dispatch) => {
        const level = Number(kind.at(-1));
        const { parent } = state.selection.$from;
        const same = parent.type === nodes.heading && parent.attrs['level'] === level;
        return setBlockType(same ? nodes.paragraph : nodes.heading, same ? null : { level })(
          state,
          dispatch,
        );
      };
    case 'bullets':
      return toList(nodes.bullet_list, false);
    case 'numbers':
      return toList(nodes.ordered_list, false);
    case 'tasks':
      return toList(nodes.bullet_list, true);
    case 'quote':
      return wrapIn(nodes.blockquote);
    case 'code':
      return (state, dispatch) =>
        setBlockType(
          state.selection.$from.parent.type === nodes.code_block
            ? nodes.paragraph
            : nodes.code_block,
        )(state, dispatch);
    case 'rule':
      return addRule;
  }
}

/** A new item after this one: of tasks, one that is not done. */
const splitItem: Command = (state, dispatch) => {
  const around = itemAround(state);
  const checked: unknown = around?.item.attrs['checked'];
  return splitListItem(nodes.list_item, { checked: typeof checked === 'boolean' ? false : null })(
    state,
    dispatch,
  );
};

/** Ticks a task, or takes the tick off. */
export const tick: Command = (state, dispatch) => {
  const around = itemAround(state);
  const checked: unknown = around?.item.attrs['checked'];
  if (around === null || typeof checked !== 'boolean') return false;
  dispatch?.(state.tr.setNodeAttribute(around.at, 'checked', !checked));
  return true;
};

/** At the beginning of words of a kind, they become plain before they join what stands before. */
const plainAgain: Command = (state, dispatch) => {
  const $cursor = state.selection instanceof TextSelection ? state.selection.$cursor : null;
  if ($cursor === null || $cursor.parentOffset > 0) return false;
  if ($cursor.parent.type === nodes.heading || $cursor.parent.type === nodes.code_block)
    return setBlockType(nodes.paragraph)(state, dispatch);
  const around = itemAround(state);
  if (
    around !== null &&
    $cursor.index(-1) === 0 &&
    typeof around.item.attrs['checked'] === 'boolean'
  ) {
    dispatch?.(state.tr.setNodeAttribute(around.at, 'checked', null));
    return true;
  }
  return around !== null && $cursor.index(-1) === 0
    ? liftListItem(nodes.list_item)(state, dispatch)
    : false;
};

/** A third empty line at the end of code leads out of it. */
const leaveCode: Command = (state, dispatch) => {
  const { $from, empty } = state.selection;
  const { parent } = $from;
  if (!empty || parent.type !== nodes.code_block || $from.parentOffset < parent.content.size)
    return false;
  if (!parent.textContent.endsWith('\n\n')) return false;
  if (dispatch) {
    const transaction = state.tr.delete($from.pos - 2, $from.pos);
    const after = transaction.selection.$from.after();
    transaction.insert(after, nodes.paragraph.create());
    transaction.setSelection(Selection.near(transaction.doc.resolve(after + 1)));
    dispatch(transaction.scrollIntoView());
  }
  return true;
};

const lineBreak: Command = (state, dispatch) => {
  if (!state.selection.$from.parent.inlineContent) return false;
  dispatch?.(state.tr.replaceSelectionWith(nodes.hard_break.create()).scrollIntoView());
  return true;
};

const indentCode =
  (out: boolean): Command =>
  (state, dispatch) => {
    const { $from, from } = state.selection;
    if ($from.parent.type !== nodes.code_block) return false;
    const text = $from.parent.textBetween(0, $from.parentOffset);
    const line = from - (text.length - text.lastIndexOf('\n') - 1);
    if (!out) dispatch?.(state.tr.insertText('  ', line));
    else if (state.doc.textBetween(line, Math.min(line + 2, $from.end())) === '  ')
      dispatch?.(state.tr.delete(line, line + 2));
    return true;
  };

/** Moves the block that the selection is in past its neighbour. */
const moveBlock =
  (by: 1 | -1): Command =>
  (state, dispatch) => {
    const { $from, $to } = state.selection;
    const item = itemAround(state);
    const depth = item === null ? 1 : state.doc.resolve(item.at).depth + 1;
    if ($from.depth < depth || $to.depth < depth || $from.node(depth) !== $to.node(depth))
      return false;
    const above = $from.node(depth - 1);
    const index = $from.index(depth - 1);
    const other = above.maybeChild(index + by);
    if (!other) return false;
    if (dispatch) {
      const block = $from.node(depth);
      const start = $from.before(depth);
      const to = by > 0 ? start + other.nodeSize : start - other.nodeSize;
      const transaction = state.tr.delete(start, start + block.nodeSize).insert(to, block);
      const moved = to - start;
      transaction.setSelection(
        TextSelection.between(
          transaction.doc.resolve($from.pos + moved),
          transaction.doc.resolve($to.pos + moved),
        ),
      );
      dispatch(transaction.scrollIntoView());
    }
    return true;
  };

/** Words below a picture or a line at the very end, which there is no other way to reach. */
const afterLast: Command = (state, dispatch) => {
  const { selection, doc } = state;
  if (!(selection instanceof NodeSelection) || selection.to < doc.content.size) return false;
  if (dispatch) {
    const transaction = state.tr.insert(doc.content.size, nodes.paragraph.create());
    transaction.setSelection(Selection.atEnd(transaction.doc));
    dispatch(transaction.scrollIntoView());
  }
  return true;
};

export const toggle = (type: MarkType): Command => toggleMark(type);

/** The marks that a key or a button switches. */
export const switches = [
  { name: 'strong', label: 'Bold', keys: 'Mod-b' },
  { name: 'em', label: 'Italic', keys: 'Mod-i' },
  { name: 'strike', label: 'Struck through', keys: 'Mod-Shift-x' },
  { name: 'code', label: 'Code', keys: 'Mod-e' },
] as const;

export const isOn = (state: EditorState, type: MarkType): boolean => {
  const { from, to, empty, $from } = state.selection;
  return empty
    ? type.isInSet(state.storedMarks ?? $from.marks()) !== undefined
    : state.doc.rangeHasMark(from, to, type);
};

/** The link that the caret is in: where it begins and ends, and where it leads. */
export function linkAround(state: EditorState): { from: number; to: number; href: string } | null {
  const { $from } = state.selection;
  const { parent } = $from;
  if (!parent.isTextblock) return null;
  let at = $from.start();
  let found: { from: number; to: number; href: string } | null = null;
  for (let index = 0; index < parent.childCount; index += 1) {
    const child = parent.child(index);
    const href: unknown = marks.link.isInSet(child.marks)?.attrs['href'];
    const end = at + child.nodeSize;
    if (typeof href === 'string') {
      if (found !== null && found.to === at && found.href === href) found.to = end;
      else found = { from: at, to: end, href };
      const next: unknown =
        index + 1 < parent.childCount
          ? marks.link.isInSet(parent.child(index + 1).marks)?.attrs['href']
          : undefined;
      if (next !== href && $from.pos >= found.from && $from.pos <= found.to) return found;
    }
    at = end;
  }
  return null;
}

export const editingKeys: Record<string, Command> = {
  Enter: chainCommands(
    leaveCode,
    newlineInCode,
    splitItem,
    afterLast,
    createParagraphNear,
    liftEmptyBlock,
    splitBlock,
  ),
  'Shift-Enter': chainCommands(newlineInCode, lineBreak),
  'Mod-Enter': chainCommands(tick, exitCode),
  Backspace: plainAgain,
  ArrowDown: afterLast,
  Tab: chainCommands(indentCode(false), sinkListItem(nodes.list_item)),
  'Shift-Tab': chainCommands(indentCode(true), liftListItem(nodes.list_item)),
  'Mod-Alt-0': turnInto('paragraph'),
  'Mod-Alt-1': turnInto('heading1'),
  'Mod-Alt-2': turnInto('heading2'),
  'Mod-Alt-3': turnInto('heading3'),
  'Mod-Shift-7': turnInto('numbers'),
  'Mod-Shift-8': turnInto('bullets'),
  'Mod-Shift-9': turnInto('tasks'),
  'Mod-Shift-ArrowUp': moveBlock(-1),
  'Mod-Shift-ArrowDown': moveBlock(1),
  ...Object.fromEntries(switches.map(({ name, keys }) => [keys, toggleMark(marks[name])])),
};

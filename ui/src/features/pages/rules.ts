/** Markdown as one types: what is written so becomes what it means. Backspace right after brings the letters back. */
import {
  InputRule,
  inputRules,
  textblockTypeInputRule,
  wrappingInputRule,
} from 'prosemirror-inputrules';
import type { MarkType } from 'prosemirror-model';
import { TextSelection } from 'prosemirror-state';
import { safeHref } from './links';
import { schema } from './schema';

const { nodes, marks } = schema;

/** Words between two marks of Markdown. The pattern has what stands before, and the words. */
function wrapped(pattern: RegExp, width: number, type: MarkType): InputRule {
  return new InputRule(pattern, (state, match, start, end) => {
    const [, before = '', words = ''] = match;
    const from = start + before.length;
    if (!state.doc.resolve(from).parent.type.allowsMarkType(type)) return null;
    const transaction = state.tr;
    // The last letter of the closing mark is being typed, and has not been written.
    if (width > 1) transaction.delete(end - (width - 1), end);
    transaction.delete(from, from + width);
    return transaction.addMark(from, from + words.length, type.create()).removeStoredMark(type);
  });
}

/** `[ ]` or `[x]` makes a task. */
const task = new InputRule(/^\[([ xX]?)\]\s$/, (state, match, start, end) => {
  const checked = (match[1] ?? '').toLowerCase() === 'x';
  const $start = state.doc.resolve(start);
  const transaction = state.tr.delete(start, end);
  const item = $start.depth > 1 ? $start.node(-1) : null;
  if (item?.type === nodes.list_item && $start.index(-1) === 0)
    return transaction.setNodeAttribute($start.before(-1), 'checked', checked);
  if ($start.parent.type !== nodes.paragraph) return null;
  const range = transaction.doc.resolve(start).blockRange();
  if (!range) return null;
  return transaction.wrap(range, [
    { type: nodes.bullet_list },
    { type: nodes.list_item, attrs: { checked } },
  ]);
});

const rule = new InputRule(/^(?:---|\*\*\*|___)$/, (state, _match, start) => {
  const $start = state.doc.resolve(start);
  if ($start.parent.type !== nodes.paragraph || $start.depth !== 1) return null;
  const at = $start.before();
  const transaction = state.tr.replaceWith(at, $start.after(), [
    nodes.horizontal_rule.create(),
    nodes.paragraph.create(),
  ]);
  return transaction.setSelection(TextSelection.create(transaction.doc, at + 2));
});

/** `[words](address)` */
const link = new InputRule(/\[([^[\]]+)\]\(([^()\s]+)\)$/, (state, match, start, end) => {
  const [, words = '', address = ''] = match;
  const href = safeHref(address);
  if (href === null) return null;
  return state.tr
    .replaceWith(start, end, schema.text(words, [marks.link.create({ href })]))
    .removeStoredMark(marks.link);
});

/** An address that is typed out leads there. */
const address = new InputRule(
  /(?:^|\s)(https?:\/\/\S+[^\s.,;:!?'")\]])([.,;:!?]?)\s$/,
  (state, match, start, end) => {
    const [whole, typed = '', stop = ''] = match;
    const href = safeHref(typed);
    const from = start + whole.indexOf(typed);
    if (href === null || state.doc.rangeHasMark(from, end, marks.link)) return null;
    const letter = whole.at(-1) ?? ' ';
    return state.tr
      .insertText(letter, end)
      .addMark(from, end - stop.length, marks.link.create({ href }))
      .removeStoredMark(marks.link);
  },
);

export const markdownRules = () =>
  inputRules({
    rules: [
      textblockTypeInputRule(/^(#{1,3})\s$/, nodes.heading, (match) => ({
        level: match[1]?.length ?? 1,
      })),
      wrappingInputRule(/^\s*([-+*])\s$/, nodes.bullet_list),
      wrappingInputRule(
        /^(\d{1,9})[.)]\s$/,
        nodes.ordered_list,
        (match) => ({ order: Math.max(1, Number(match[1])) }),
        (match, node) => node.childCount + Number(node.attrs['order']) === Number(match[1]),
      ),
      task,
      wrappingInputRule(/^\s*>\s$/, nodes.blockquote),
      textblockTypeInputRule(/^```([\w+#.-]{0,40})\s$/, nodes.code_block, (match) => ({
        params: match[1] ?? '',
      })),
      rule,
      wrapped(/(^|[^*\w])\*\*([^*\s](?:[^*]*[^*\s])?)\*\*$/, 2, marks.strong),
      wrapped(/(^|[^*\w])\*([^*\s](?:[^*]*[^*\s])?)\*$/, 1, marks.em),
      wrapped(/(^|[^_\w])_([^_\s](?:[^_]*[^_\s])?)_$/, 1, marks.em),
      wrapped(/(^|[^~\w])~~([^~\s](?:[^~]*[^~\s])?)~~$/, 2, marks.strike),
      wrapped(/(^|[^`])`([^`]+)`$/, 1, marks.code),
      link,
      address,
    ],
  });

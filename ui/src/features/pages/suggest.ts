/** What is offered while somebody types: `/` for kinds of text, `@` and `[[` for places and people. */
import { Plugin, PluginKey, type EditorState, type Transaction } from 'prosemirror-state';
import type { EditorView } from 'prosemirror-view';

export interface Suggestion {
  kind: 'kinds' | 'places';
  /** From the sign to the caret. */
  from: number;
  to: number;
  query: string;
}

interface Kept {
  open: Suggestion | null;
  /** Where somebody said that they do not want to be helped. */
  refused: number | null;
}

const key = new PluginKey<Kept>('suggest');

export const suggestionOf = (state: EditorState): Suggestion | null =>
  key.getState(state)?.open ?? null;

export const refuse = (state: EditorState): Transaction => state.tr.setMeta(key, 'refuse');

/** What is meant by what stands before the caret. */
export function found(
  before: string,
): { kind: Suggestion['kind']; length: number; query: string } | null {
  const kinds = /(?:^|\s)\/([\p{L}\p{N} ]{0,20})$/u.exec(before);
  if (kinds !== null) {
    const query = kinds[1] ?? '';
    return query.startsWith(' ') ? null : { kind: 'kinds', length: query.length + 1, query };
  }
  const places = /(?:(?<![\p{L}\p{N}])@|\[\[)([^\s@[\]][^@[\]\n]{0,39})?$/u.exec(before);
  if (places === null) return null;
  const query = places[1] ?? '';
  // A name has few words; after more of them it was no name.
  if (query.split(' ').length > 4) return null;
  return { kind: 'places', length: places[0].length, query };
}

function look(state: EditorState): Suggestion | null {
  const { $from, empty } = state.selection;
  if (!empty || !$from.parent.isTextblock || $from.parent.type.spec.code === true) return null;
  if ($from.marks().some(({ type }) => type.spec.code === true)) return null;
  const before = $from.parent.textBetween(0, $from.parentOffset, undefined, '\ufffc');
  const one = found(before);
  if (one === null) return null;
  return { kind: one.kind, from: $from.pos - one.length, to: $from.pos, query: one.query };
}

/** `onKey` answers whether it took the key. */
export function suggestPlugin(onKey: (event: KeyboardEvent) => boolean): Plugin {
  return new Plugin<Kept>({
    key,
    state: {
      init: () => ({ open: null, refused: null }),
      apply(transaction, before, _, state) {
        let refused = before.refused === null ? null : transaction.mapping.map(before.refused);
        if (transaction.getMeta(key) === 'refuse') refused = before.open?.from ?? refused;
        // Only what is being typed is helped with, and not what a caret happens to stand in.
        if (!transaction.docChanged && transaction.selectionSet && before.open === null)
          return { open: null, refused };
        const open = look(state);
        if (open === null) return { open, refused: null };
        if (before.open === null && !transaction.docChanged) return { open: null, refused };
        return open.from === refused ? { open: null, refused } : { open, refused };
      },
    },
    props: {
      handleKeyDown: (view: EditorView, event: KeyboardEvent) =>
        suggestionOf(view.state) !== null && !event.isComposing && onKey(event),
    },
  });
}

/** What is drawn over the text and is no part of it: the carets of others, passages with comments, and a word where nothing is. */
import { Plugin, PluginKey, type EditorState } from 'prosemirror-state';
import { Decoration, DecorationSet } from 'prosemirror-view';
import { plainName } from '~/kit/text';
import { fromDocument, type Binding } from './binding';
import { whereIs, type Range } from './places';

export interface Caret {
  name: string;
  hue: number;
  range: Range;
}

export interface Passage {
  about: string;
  range: Range;
  lit: boolean;
}

export interface Overlay {
  carets: Map<string, Caret>;
  passages: Passage[];
  /** Show what is selected although the keys are elsewhere. */
  held: boolean;
}

const key = new PluginKey<DecorationSet>('overlay');

/** Draws it anew. */
export const redraw = (state: EditorState) => state.tr.setMeta(key, true);

export function overlayPlugin(binding: Binding, overlay: Overlay): Plugin {
  const draw = (state: EditorState): DecorationSet => {
    const size = state.doc.content.size;
    const decorations: Decoration[] = [];
    for (const { about, range, lit } of overlay.passages) {
      const at = whereIs(binding, range);
      if (at === null || at.from >= at.to || at.to > size) continue;
      decorations.push(
        Decoration.inline(at.from, at.to, {
          class: lit ? 'commented lit' : 'commented',
          'data-about': about,
        }),
      );
    }
    const { from, to } = state.selection;
    if (overlay.held && from < to) decorations.push(Decoration.inline(from, to, { class: 'held' }));
    for (const [device, { name, hue, range }] of overlay.carets) {
      const at = whereIs(binding, range);
      if (at === null || at.to > size) continue;
      decorations.push(
        Decoration.widget(at.head, () => caret(name, hue), {
          key: `caret-${device}-${hue}-${name}`,
          side: 10,
          ignoreSelection: true,
        }),
      );
      if (at.from < at.to) {
        decorations.push(
          Decoration.inline(at.from, at.to, { class: 'theirs', style: `--hue: ${hue}` }),
        );
      }
    }
    return DecorationSet.create(state.doc, decorations);
  };
  return new Plugin<DecorationSet>({
    key,
    state: {
      init: (_, state) => draw(state),
      apply: (transaction, before, _, state) =>
        transaction.getMeta(key) === true ||
        (transaction.docChanged && transaction.getMeta(fromDocument) === true) ||
        (overlay.held && transaction.selectionSet)
          ? draw(state)
          : before.map(transaction.mapping, transaction.doc),
    },
    props: {
      decorations(state) {
        const drawn = key.getState(state);
        const { firstChild, childCount } = state.doc;
        if (childCount > 1 || firstChild?.isTextblock !== true || firstChild.content.size > 0)
          return drawn;
        if (firstChild.type.name !== 'paragraph') return drawn;
        return (drawn ?? DecorationSet.empty).add(state.doc, [
          Decoration.node(0, firstChild.nodeSize, { class: 'nothing-yet' }),
        ]);
      },
    },
  });
}

function caret(name: string, hue: number): HTMLElement {
  const mark = document.createElement('span');
  mark.className = 'caret';
  mark.style.setProperty('--hue', String(hue));
  mark.setAttribute('aria-hidden', 'true');
  const flag = document.createElement('span');
  flag.className = 'flag';
  flag.textContent = plainName(name);
  // Without a letter beside it, a line could not be broken before it.
  mark.append('\u2060', flag, '\u2060');
  return mark;
}

/** What is drawn over the text and is no part of it: the carets of others, passages with comments, and a word where nothing is. */
import { Plugin, PluginKey, type EditorState } from 'prosemirror-state';
import { Decoration, DecorationSet, type EditorView } from 'prosemirror-view';
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

const redraw = (state: EditorState) => state.tr.setMeta(key, true);

/**
 * Takes in where the caret was put and what was typed, which the browser tells a moment later. Whatever is drawn in between would put
 * the caret back to where it was, and what is typed next would go there, or in place of what was selected there.
 */
export function catchUp(view: EditorView): void {
  // ProseMirror has no public name for it; without it the moment is only longer.
  const { domObserver } = view as EditorView & { domObserver?: { flush?: () => void } };
  if (!view.composing) domObserver?.flush?.();
}

/** Draws it anew, over the text as it is by now. */
export function drawAnew(view: EditorView): void {
  catchUp(view);
  view.dispatch(redraw(view.state));
}

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
    for (const { hue, range } of overlay.carets.values()) {
      const at = whereIs(binding, range);
      if (at === null || at.from >= at.to || at.to > size) continue;
      decorations.push(
        Decoration.inline(at.from, at.to, { class: 'theirs', style: `--hue: ${hue}` }),
      );
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

/**
 * Draws where the others write, in a layer over the text: within it a mark would be in the way of whoever writes at the same
 * place.
 */
export function placeCarets(
  layer: HTMLElement,
  view: EditorView,
  binding: Binding,
  { carets }: Overlay,
): void {
  const before = new Map(
    [...layer.children].map((mark) => [
      (mark as HTMLElement).dataset['device'],
      mark as HTMLElement,
    ]),
  );
  const box = layer.getBoundingClientRect();
  for (const [device, { name, hue, range }] of carets) {
    const at = whereIs(binding, range);
    if (at === null || at.head > view.state.doc.content.size) continue;
    const { left, top, bottom } = view.coordsAtPos(at.head);
    let mark = before.get(device);
    before.delete(device);
    if (mark === undefined) {
      mark = document.createElement('span');
      mark.className = 'caret';
      mark.dataset['device'] = device;
      mark.append(document.createElement('span'));
      layer.append(mark);
    }
    const flag = mark.firstElementChild;
    const shown = plainName(name);
    if (flag !== null && flag.textContent !== shown) flag.textContent = shown;
    mark.style.setProperty('--hue', String(hue));
    mark.style.height = `${bottom - top}px`;
    mark.style.transform = `translate(${left - box.left - 1}px, ${top - box.top}px)`;
  }
  for (const mark of before.values()) mark.remove();
}

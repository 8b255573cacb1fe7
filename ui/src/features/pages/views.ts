/** Nodes that are more than text: tasks with a box to tick, and pictures that are files of the space. */
import type { Node } from 'prosemirror-model';
import type { EditorView, NodeView } from 'prosemirror-view';

/** An item of a list, with a box when it is a task. */
export class ItemView implements NodeView {
  readonly dom: HTMLElement;
  readonly contentDOM: HTMLElement;
  private readonly box: HTMLInputElement | null = null;

  private node: Node;

  constructor(node: Node, view: EditorView, position: () => number | undefined) {
    this.node = node;
    this.dom = document.createElement('li');
    if (typeof node.attrs['checked'] !== 'boolean') {
      this.contentDOM = this.dom;
      return;
    }
    this.dom.className = 'task';
    const box = document.createElement('input');
    box.type = 'checkbox';
    // The box of a form that nobody sends.
    box.autocomplete = 'off';
    const label = document.createElement('label');
    label.contentEditable = 'false';
    label.append(box);
    box.addEventListener('change', () => {
      const at = position();
      if (at === undefined || !view.editable) {
        this.show();
        return;
      }
      view.dispatch(view.state.tr.setNodeAttribute(at, 'checked', box.checked));
    });
    this.box = box;
    this.contentDOM = document.createElement('div');
    this.dom.append(label, this.contentDOM);
    this.show();
  }

  private show(): void {
    if (this.box === null) return;
    const checked = this.node.attrs['checked'] === true;
    this.box.checked = checked;
    this.dom.dataset['checked'] = String(checked);
    const words = this.node.firstChild?.textContent.slice(0, 100) ?? '';
    this.box.setAttribute('aria-label', words === '' ? 'Task' : words);
  }

  update(node: Node): boolean {
    const task = typeof node.attrs['checked'] === 'boolean';
    if (node.type !== this.node.type || task !== (this.box !== null)) return false;
    this.node = node;
    this.show();
    return true;
  }

  stopEvent(event: Event): boolean {
    return event.target === this.box || event.target === this.box?.parentElement;
  }

  ignoreMutation(
    mutation: MutationRecord | { type: 'selection'; target: globalThis.Node },
  ): boolean {
    return mutation.type !== 'selection' && !this.contentDOM.contains(mutation.target);
  }
}

/** The pictures of one page, by file. */
export interface Shelf {
  /** The address of a picture that is here; asks for it when it is not. */
  get: (file: string) => string | null;
  waiting: Map<string, Set<() => void>>;
}

export class ImageView implements NodeView {
  readonly dom: HTMLElement;
  private readonly picture: HTMLImageElement;
  private readonly words: HTMLElement;
  private readonly show: () => void;

  private node: Node;
  private readonly shelf: Shelf;

  constructor(node: Node, shelf: Shelf) {
    this.node = node;
    this.shelf = shelf;
    this.dom = document.createElement('span');
    this.dom.className = 'picture';
    this.picture = document.createElement('img');
    this.picture.draggable = false;
    this.words = document.createElement('span');
    this.words.className = 'missing';
    this.words.textContent = 'This picture is not here yet';
    this.dom.append(this.picture, this.words);
    this.show = () => {
      const src = String(this.node.attrs['src']);
      const url = shelf.get(src);
      const alt = String(this.node.attrs['alt']);
      this.picture.hidden = url === null;
      this.words.hidden = url !== null;
      this.picture.alt = alt === '' ? 'Picture' : alt;
      if (url === null) this.picture.removeAttribute('src');
      else this.picture.src = url;
    };
    this.watch(true);
    this.show();
  }

  private watch(on: boolean): void {
    const src = String(this.node.attrs['src']);
    const set = this.shelf.waiting.get(src) ?? new Set();
    if (on) set.add(this.show);
    else set.delete(this.show);
    this.shelf.waiting.set(src, set);
  }

  update(node: Node): boolean {
    if (node.type !== this.node.type) return false;
    this.watch(false);
    this.node = node;
    this.watch(true);
    this.show();
    return true;
  }

  ignoreMutation(): boolean {
    return true;
  }

  destroy(): void {
    this.watch(false);
  }
}

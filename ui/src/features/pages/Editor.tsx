/** The text of a page: ProseMirror, kept in step with the node through Loro. Loaded only when a page is opened. */
import { LoroDoc } from 'loro-crdt';
import { baseKeymap } from 'prosemirror-commands';
import { dropCursor } from 'prosemirror-dropcursor';
import { gapCursor } from 'prosemirror-gapcursor';
import { undoInputRule } from 'prosemirror-inputrules';
import { keymap } from 'prosemirror-keymap';
import { Slice, type Node } from 'prosemirror-model';
import { EditorState, Selection, TextSelection, type Command } from 'prosemirror-state';
import { EditorView } from 'prosemirror-view';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { sentenceOf } from '~/api/client';
import type { BoardDevice, Comment, Page } from '~/api/types';
import { tellFailure } from '~/kit/toast';
import { useHues } from '~/parts/hues';
import { createPictures, sharePicture } from '~/parts/pictures';
import { begin, bind, configure, fromDocument, type Binding } from './binding';
import { editingKeys, isOn, linkAround, switches, toggle, turnInto, type Kind } from './commands';
import { childrenOf, rootOf } from './document';
import { placeIn, typedHref } from './links';
import { liveNode, onNodeBack } from './live';
import { catchUp, drawAnew, overlayPlugin, placeCarets, type Overlay } from './overlay';
import './pages.css';
import { decodeRange, encodeRange, fromAnchor, idOf, toAnchor, whereIs } from './places';
import { markdownRules } from './rules';
import { schema } from './schema';
import { openSession, type SessionState } from './session';
import { refuse, suggestionOf, suggestPlugin, type Suggestion } from './suggest';
import { SuggestList, type Choice } from './SuggestList';
import { Toolbar, type ToolbarState } from './Toolbar';
import { ImageView, ItemView, type Shelf } from './views';

export interface EditorActions {
  focus: (where: 'start' | 'end') => void;
  /** Writes where the caret is, as if it came from the keys. */
  type: (text: string) => void;
  /** Puts a picture where the caret is. */
  picture: (file: File) => void;
  /** Brings a passage into sight. */
  find: (about: string) => void;
  /** The words of a passage; null when they are not there any more. */
  quote: (about: string) => string | null;
  /** Makes the text what it was once, as a change like any other; the answer takes that back. */
  bringBack: (json: unknown) => () => void;
}

export interface EditorProps {
  space: string;
  spaceName: string;
  page: Page;
  /** Whether this person began the page. */
  mine: boolean;
  mayWrite: boolean;
  comments: Comment[];
  /** The passage whose comments are meant. */
  lit: string | null;
  /** Comments are open: what is selected is shown although the keys are there. */
  talking: boolean;
  onHere: (here: BoardDevice[]) => void;
  onState: (state: SessionState) => void;
  onSelect: (about: string | null) => void;
  /** Marked words were pressed. */
  onPick: (about: string) => void;
  onComment: () => void;
  /** The caret leaves the text upwards. */
  onTitle: () => void;
  /** The text is to be opened anew. */
  onAnew: () => void;
  actions: React.RefObject<EditorActions | null>;
}

interface Open {
  view: EditorView;
  binding: Binding;
  overlay: Overlay;
}

interface Place {
  left: number;
  top: number;
  bottom: number;
  above: boolean;
}

const mac = /Mac|iPhone|iPad/.test(navigator.userAgent);
/** Room that the toolbar takes. */
const barWidth = 470;
const barHeight = 48;

export function Editor(props: EditorProps) {
  const { space, page, comments, lit, talking, mayWrite, actions } = props;
  const id = page.id;
  const frame = useRef<HTMLDivElement>(null);
  const home = useRef<HTMLDivElement>(null);
  const layer = useRef<HTMLDivElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const hue = useHues(space);
  const hues = useRef(hue);
  hues.current = hue;
  const navigate = useNavigate();
  const open = useRef<Open | null>(null);
  const keys = useRef<((event: KeyboardEvent) => boolean) | null>(null);
  const [suggestion, setSuggestion] = useState<{ what: Suggestion; at: Place } | null>(null);
  const [toolbar, setToolbar] = useState<{ state: ToolbarState; at: Place } | null>(null);
  const [linking, setLinking] = useState(false);
  const [editable, setEditable] = useState(false);
  const linkingNow = useRef(false);
  linkingNow.current = linking;

  /** Puts pictures among the files, and into the text where they were meant. */
  const share = useRef<(files: File[], at: number) => void>(() => undefined);
  const follow = useRef<(href: string) => void>(() => undefined);
  follow.current = (href) => {
    const place = placeIn(href);
    if (place !== null) void navigate({ href: place });
    else window.open(href, '_blank', 'noopener,noreferrer');
  };

  useEffect(() => {
    const mount = home.current;
    const pane = frame.current;
    const carets = layer.current;
    if (mount === null || pane === null || carets === null) return;
    const doc = new LoroDoc();
    configure(doc);
    const overlay: Overlay = { carets: new Map(), passages: [], held: false };
    let view: EditorView | null = null;
    let people: BoardDevice[] = [];
    let session: SessionState | null = null;
    const binding = bind(doc, () => view);
    const mayType = () =>
      latest.current.mayWrite &&
      session?.ready === true &&
      session.mayWrite &&
      session.refused === null;

    const shelf: Shelf & { urls: Map<string, string> } = {
      urls: new Map(),
      waiting: new Map(),
      get(file) {
        const url = shelf.urls.get(file);
        if (url === undefined) pictures.want(file);
        return url ?? null;
      },
    };
    const pictures = createPictures(space, ({ id: file, url }) => {
      shelf.urls.set(file, url);
      for (const show of shelf.waiting.get(file) ?? []) show();
    });
    share.current = (files, at) => {
      const place = binding.cursorAt(at);
      for (const file of files) {
        sharePicture(space, 'Pages', latest.current.page.title ?? 'page', file).then(
          (src) => {
            if (view === null) return;
            const now = place === null ? null : binding.positionOf(place);
            const node = schema.nodes.image.create({ src, alt: file.name.replace(/\.\w+$/, '') });
            view.dispatch(insertPicture(view.state, node, now ?? view.state.doc.content.size));
          },
          (error: unknown) => tellFailure(sentenceOf(error)),
        );
      }
    };

    const placeOf = (position: number): Place => {
      const { left, top, bottom } = view?.coordsAtPos(position) ?? { left: 0, top: 0, bottom: 0 };
      const box = pane.getBoundingClientRect();
      const scroller = pane.closest('[data-scroller]')?.getBoundingClientRect() ?? box;
      return {
        left: Math.max(0, Math.min(left - box.left, box.width - 296)),
        top: top - box.top,
        bottom: bottom - box.top,
        above: bottom + 300 > scroller.bottom && top - scroller.top > 300,
      };
    };
    const bar = (now: EditorState): { state: ToolbarState; at: Place } | null => {
      if (view === null || !mayType()) return null;
      const { selection } = now;
      const around = linkAround(now);
      if (!(selection instanceof TextSelection) || (selection.empty && around === null))
        return null;
      const from = selection.empty && around !== null ? around.from : selection.from;
      const start = placeOf(from);
      const end = placeOf(selection.empty && around !== null ? around.to : selection.to);
      const touch = matchMedia('(pointer: coarse)').matches;
      const roomAbove =
        start.top + pane.getBoundingClientRect().top >
        (pane.closest('[data-scroller]')?.getBoundingClientRect().top ?? 0) + barHeight + 8;
      const { parent } = selection.$from;
      const item = selection.$from.depth > 2 ? selection.$from.node(-1) : null;
      const kind: Kind | null =
        parent.type === schema.nodes.heading
          ? (`heading${Number(parent.attrs['level'])}` as Kind)
          : item?.type === schema.nodes.list_item
            ? typeof item.attrs['checked'] === 'boolean'
              ? 'tasks'
              : 'bullets'
            : null;
      return {
        state: {
          on: Object.fromEntries(
            switches.map(({ name }) => [name, isOn(now, schema.marks[name])]),
          ) as ToolbarState['on'],
          kind,
          href: around?.href ?? null,
          code: parent.type === schema.nodes.code_block,
        },
        at: {
          ...start,
          left: Math.max(0, Math.min(start.left, pane.clientWidth - barWidth)),
          // A phone shows its own tools above what is selected.
          top: roomAbove && !touch ? start.top - barHeight : end.bottom + (touch ? 28 : 8),
        },
      };
    };
    let drawing = 0;
    const drawCarets = () => {
      if (drawing === 0)
        drawing = requestAnimationFrame(() => {
          drawing = 0;
          if (view !== null) placeCarets(carets, view, binding, overlay);
        });
    };
    // Pictures that come in, and a window of another width, move the words.
    const resized = new ResizeObserver(drawCarets);
    resized.observe(pane);
    let told = '';
    const look = (now: EditorState) => {
      if (view === null) return;
      if (overlay.carets.size > 0 || carets.childElementCount > 0) drawCarets();
      const inside =
        view.hasFocus() ||
        (pane.contains(document.activeElement) && pane !== document.activeElement);
      const what = view.hasFocus() ? suggestionOf(now) : null;
      setSuggestion(what === null ? null : { what, at: placeOf(what.from) });
      setToolbar(inside && what === null ? bar(now) : null);
      const { from, to } = now.selection;
      const range = from === to ? null : rangeOf(now.selection);
      const about = range === null ? null : toAnchor(range);
      if (about !== told) {
        told = about ?? '';
        latest.current.onSelect(about);
      }
    };
    const rangeOf = ({ anchor, head }: Selection): Uint8Array | null => {
      const one = binding.cursorAt(anchor);
      const other = binding.cursorAt(head);
      return one === null || other === null ? null : encodeRange({ anchor: one, head: other });
    };
    const showCaret = () => {
      if (view === null) return;
      const range = view.hasFocus() ? rangeOf(view.state.selection) : null;
      line.show(range ?? new Uint8Array());
    };

    const undo =
      (again: boolean): Command =>
      (_, dispatch) => {
        if (dispatch) {
          if (again) binding.redo();
          else binding.undo();
        }
        return true;
      };
    const upwards: Command = (now) => {
      const { selection } = now;
      if (!selection.empty || selection.from > 1) return false;
      latest.current.onTitle();
      return true;
    };
    const intoBar: Command = () => {
      const first = pane.querySelector<HTMLElement>('[role=toolbar] button');
      first?.focus();
      return first !== null;
    };
    const startLink: Command = (now) => {
      if (now.selection.empty && linkAround(now) === null) return false;
      setLinking(true);
      return true;
    };

    view = new EditorView(mount, {
      state: EditorState.create({
        schema,
        plugins: [
          suggestPlugin((event) => {
            if (event.key === 'Escape') {
              view?.dispatch(refuse(view.state));
              return true;
            }
            return keys.current?.(event) === true;
          }),
          markdownRules(),
          keymap({
            'Mod-z': undo(false),
            'Mod-y': undo(true),
            'Mod-Shift-z': undo(true),
            Backspace: undoInputRule,
            ArrowUp: upwards,
            'Alt-F10': intoBar,
            'Mod-Shift-l': startLink,
            'Mod-Alt-m': () => {
              latest.current.onComment();
              return true;
            },
          }),
          keymap(editingKeys),
          keymap(baseKeymap),
          dropCursor({ color: false, class: 'drop-place' }),
          gapCursor(),
          overlayPlugin(binding, overlay),
        ],
      }),
      attributes: { 'aria-label': 'Text of the page', 'aria-multiline': 'true', role: 'textbox' },
      editable: mayType,
      nodeViews: {
        list_item: (node, view, position) => new ItemView(node, view, position),
        image: (node) => new ImageView(node, shelf),
      },
      dispatchTransaction(transaction) {
        if (view === null) return;
        const { state, transactions } = view.state.applyTransaction(transaction);
        const typed = transactions.some(
          (one) => one.docChanged && one.getMeta(fromDocument) !== true,
        );
        view.updateState(state);
        if (typed) binding.write(state);
        look(state);
        if (typed || transaction.selectionSet) showCaret();
      },
      handleDOMEvents: {
        focus: () => {
          overlay.held = false;
          setTimeout(() => {
            if (view !== null && !view.isDestroyed) drawAnew(view);
          });
          showCaret();
        },
        blur: () => {
          overlay.held = latest.current.talking || linkingNow.current;
          // Once it is known where the keys are now.
          setTimeout(() => {
            if (view === null || view.isDestroyed) return;
            overlay.held = latest.current.talking || linkingNow.current;
            drawAnew(view);
            showCaret();
          });
        },
      },
      handleClick(now, position, event) {
        const target = event.target as HTMLElement;
        const about = target.closest<HTMLElement>('[data-about]')?.dataset['about'];
        if (about !== undefined) latest.current.onPick(about);
        const link = target.closest('a');
        if (link === null) return false;
        event.preventDefault();
        const mark =
          schema.marks.link.isInSet(now.state.doc.resolve(position).marks()) ??
          schema.marks.link.isInSet(now.state.doc.nodeAt(position)?.marks ?? []);
        const href: unknown = mark?.attrs['href'];
        // Where it can be written, a click puts the caret there, and the link's own tools come up.
        if (typeof href === 'string' && (!now.editable || event.ctrlKey || event.metaKey))
          follow.current(href);
        return false;
      },
      transformPastedHTML: harmless,
      handlePaste(now, event) {
        const files = picturesIn(event.clipboardData);
        if (files.length > 0) {
          share.current(files, now.state.selection.from);
          return true;
        }
        const text = event.clipboardData?.getData('text/plain').trim() ?? '';
        const href = /^(https?:\/\/|mailto:|compeer:)\S+$/i.test(text)
          ? typedHref(text, location.origin)
          : null;
        const { selection } = now.state;
        if (href === null || selection.$from.parent.type.spec.code === true) return false;
        const mark = schema.marks.link.create({ href });
        now.dispatch(
          selection.empty
            ? now.state.tr.replaceSelectionWith(schema.text(text, [mark]), false)
            : now.state.tr.addMark(selection.from, selection.to, mark),
        );
        return true;
      },
      handleDrop(now, event, _slice, moved) {
        const files = moved ? [] : picturesIn(event.dataTransfer);
        if (files.length === 0) return false;
        event.preventDefault();
        event.stopPropagation();
        const at = now.posAtCoords({ left: event.clientX, top: event.clientY });
        share.current(files, at?.pos ?? now.state.selection.from);
        return true;
      },
    });
    const made = view;
    // In letters that come in one by one, the browser's own list of words is in the way of ours.
    made.dom.spellcheck = true;

    const line = openSession(doc, liveNode(space, id), {
      onState(next) {
        const first = session?.ready !== true && next.ready;
        session = next;
        latest.current.onState(next);
        if (first) {
          if (childrenOf(rootOf(doc)) === null && mayType() && latest.current.mine) begin(doc);
          const now = binding.read();
          if (!now.eq(made.state.doc)) {
            made.dispatch(
              made.state.tr
                .replaceWith(0, made.state.doc.content.size, now.content)
                .setMeta(fromDocument, true)
                .setMeta('addToHistory', false),
            );
          }
          drawAnew(made);
        }
        made.setProps({ editable: mayType });
        setEditable(mayType());
      },
      onHere(next) {
        people = next;
        for (const device of overlay.carets.keys()) {
          if (!people.some((one) => one.device === device)) overlay.carets.delete(device);
        }
        if (!made.isDestroyed) drawAnew(made);
        latest.current.onHere(people);
      },
      beforeNews() {
        if (!made.isDestroyed) catchUp(made);
      },
      onAnew: () => latest.current.onAnew(),
      onShown(device, shown) {
        const key = idOf(device);
        const one = people.find((person) => person.device === key);
        const range = decodeRange(shown);
        if (one === undefined || range === null) overlay.carets.delete(key);
        else overlay.carets.set(key, { name: one.name, hue: hues.current(one.person), range });
        if (!made.isDestroyed) drawAnew(made);
      },
    });
    const stopWaiting = onNodeBack(() => line.retry());
    const leaving = (event: BeforeUnloadEvent) => {
      line.flush();
      // Only what the node cannot be told any more would be lost.
      if (session?.saving === true && (session.away || session.refused !== null))
        event.preventDefault();
    };
    const hiding = () => line.flush();
    addEventListener('beforeunload', leaving);
    addEventListener('pagehide', hiding);
    document.addEventListener('visibilitychange', hiding);

    open.current = { view: made, binding, overlay };
    actions.current = {
      focus(where) {
        const { doc: document } = made.state;
        made.dispatch(
          made.state.tr.setSelection(
            where === 'start' ? Selection.atStart(document) : Selection.atEnd(document),
          ),
        );
        made.focus();
      },
      type(text) {
        for (const letter of text) {
          const { from, to } = made.state.selection;
          const plain = () => made.state.tr.insertText(letter, from, to);
          if (!made.someProp('handleTextInput', (handle) => handle(made, from, to, letter, plain)))
            made.dispatch(plain());
        }
      },
      picture: (file) => share.current([file], made.state.selection.from),
      find(about) {
        const range = fromAnchor(about);
        const at = range === null ? null : whereIs(binding, range);
        if (at === null) return;
        const node = made.domAtPos(at.from).node;
        (node instanceof Element ? node : node.parentElement)?.scrollIntoView({ block: 'center' });
      },
      quote(about) {
        const range = fromAnchor(about);
        const at = range === null ? null : whereIs(binding, range);
        if (at === null || at.to > made.state.doc.content.size) return null;
        const words = made.state.doc.textBetween(at.from, at.to, ' ').trim();
        return words === '' ? null : words.length > 120 ? `${words.slice(0, 120)}…` : words;
      },
      bringBack(json) {
        const then = schema.nodeFromJSON(json);
        then.check();
        made.dispatch(
          made.state.tr.replace(0, made.state.doc.content.size, new Slice(then.content, 0, 0)),
        );
        return () => {
          if (!made.isDestroyed) binding.undo();
        };
      },
    };
    return () => {
      removeEventListener('beforeunload', leaving);
      removeEventListener('pagehide', hiding);
      document.removeEventListener('visibilitychange', hiding);
      stopWaiting();
      resized.disconnect();
      cancelAnimationFrame(drawing);
      line.close();
      actions.current = null;
      open.current = null;
      view = null;
      made.destroy();
      binding.close();
      pictures.stop();
    };
  }, [space, id, actions]);

  // What was said, and what may be done, can change while the text is open.
  useEffect(() => {
    const now = open.current;
    if (now === null) return;
    const abouts = new Set(
      comments.map(({ element }) => element).filter((about) => about !== null),
    );
    now.overlay.passages = [...abouts].flatMap((about) => {
      const range = fromAnchor(about);
      return range === null ? [] : [{ about, range, lit: about === lit }];
    });
    now.overlay.held = talking && !now.view.hasFocus();
    drawAnew(now.view);
  }, [comments, lit, talking, space, id]);
  useEffect(() => {
    const now = open.current;
    if (now === null) return;
    now.view.setProps({});
    setEditable(now.view.editable);
  }, [mayWrite]);

  const run = (command: Command) => {
    const view = open.current?.view;
    if (!view) return;
    command(view.state, (transaction) => view.dispatch(transaction), view);
    view.focus();
  };
  const choose = (choice: Choice) => {
    const view = open.current?.view;
    const what = view && suggestionOf(view.state);
    if (!view || !what) return;
    const { from, to } = what;
    if (choice.do === 'link' || choice.do === 'person') {
      const words =
        choice.do === 'link'
          ? schema.text(choice.title, [schema.marks.link.create({ href: choice.href })])
          : schema.text(`@${choice.name}`);
      const after = view.state.doc.textBetween(
        to,
        Math.min(to + 1, view.state.selection.$from.end()),
      );
      const transaction = view.state.tr.replaceWith(from, to, words);
      if (after !== ' ') transaction.insert(from + words.nodeSize, schema.text(' '));
      transaction.setSelection(TextSelection.create(transaction.doc, from + words.nodeSize + 1));
      view.dispatch(transaction.removeStoredMark(schema.marks.link).scrollIntoView());
    } else {
      view.dispatch(view.state.tr.delete(from, to));
      if (choice.do === 'kind') run(turnInto(choice.kind));
      else if (choice.do === 'place') view.dispatch(view.state.tr.insertText('@'));
      else picker.current?.click();
    }
    view.focus();
  };

  return (
    <div ref={frame} className="page-text relative flex flex-1 flex-col">
      <div ref={home} className="contents" />
      <div ref={layer} className="carets" aria-hidden="true" />
      {editable && (
        // Below the last line there is room to go on; whoever uses keys has them in the text.
        // eslint-disable-next-line jsx-a11y/no-static-element-interactions, jsx-a11y/click-events-have-key-events
        <div
          className="min-h-40 flex-1 cursor-text"
          onClick={() => {
            const view = open.current?.view;
            if (!view) return;
            const last = view.state.doc.lastChild;
            if (last && (last.type !== schema.nodes.paragraph || last.content.size > 0)) {
              view.dispatch(
                view.state.tr.insert(view.state.doc.content.size, schema.nodes.paragraph.create()),
              );
            }
            actions.current?.focus('end');
          }}
        />
      )}
      <input
        ref={picker}
        type="file"
        accept="image/*"
        hidden
        aria-label="A picture to add"
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          event.target.value = '';
          const view = open.current?.view;
          if (view) share.current(files, view.state.selection.from);
        }}
      />
      {suggestion !== null && editable && (
        <SuggestList
          space={space}
          spaceName={props.spaceName}
          suggestion={suggestion.what}
          at={suggestion.at}
          keys={keys}
          onChoose={choose}
          onActive={(active) => {
            const dom = open.current?.view.dom;
            if (active === null) {
              dom?.removeAttribute('aria-activedescendant');
              dom?.removeAttribute('aria-controls');
            } else {
              dom?.setAttribute('aria-activedescendant', active.option);
              dom?.setAttribute('aria-controls', active.list);
            }
          }}
        />
      )}
      {(toolbar !== null || linking) && toolbar !== null && (
        <Toolbar
          state={toolbar.state}
          at={toolbar.at}
          linking={linking}
          mac={mac}
          onLinking={setLinking}
          onMark={(name) => run(toggle(schema.marks[name]))}
          onKind={(kind) => run(turnInto(kind))}
          onLink={(href) => {
            const view = open.current?.view;
            if (!view) return;
            const { selection } = view.state;
            const around = linkAround(view.state);
            const [from, to] =
              selection.empty && around !== null
                ? [around.from, around.to]
                : [selection.from, selection.to];
            const transaction = view.state.tr.removeMark(from, to, schema.marks.link);
            if (href !== null) transaction.addMark(from, to, schema.marks.link.create({ href }));
            view.dispatch(transaction);
            view.focus();
          }}
          onComment={props.page.archived ? null : props.onComment}
          onOpen={(href) => follow.current(href)}
          onLeave={() => open.current?.view.focus()}
        />
      )}
    </div>
  );
}

/** What is pasted, without what the page's policy would stop. The schema leaves out that and everything else it does not know. */
const harmless = (html: string): string =>
  html.replace(/<[a-z][^<>]*>/gi, (tag) =>
    tag.replace(/\son[a-z]+\s*=\s*("[^"]*"|'[^']*'|[^\s>"']+)/gi, ''),
  );

function picturesIn(data: DataTransfer | null): File[] {
  return [...(data?.files ?? [])].filter(({ type }) => type.startsWith('image/'));
}

/** Where the caret was; in a paragraph of its own when it was between two. */
function insertPicture(state: EditorState, node: Node, position: number) {
  const at = Math.min(position, state.doc.content.size);
  const { parent } = state.doc.resolve(at);
  const fits = parent.inlineContent && !parent.type.spec.code;
  return state.tr.insert(at, fits ? node : schema.nodes.paragraph.create(null, node));
}

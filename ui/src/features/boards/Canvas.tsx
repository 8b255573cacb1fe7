/** The board itself: Excalidraw, kept in step with the node. Loaded only when a board is opened. */
import {
  CaptureUpdateAction,
  Excalidraw,
  exportToBlob,
  exportToSvg,
  restoreElements,
  serializeAsJSON,
} from '@excalidraw/excalidraw';
import '@excalidraw/excalidraw/index.css';
import type { OrderedExcalidrawElement } from '@excalidraw/excalidraw/element/types';
import type {
  AppState,
  BinaryFileData,
  Collaborator,
  ExcalidrawImperativeAPI,
  SocketId,
} from '@excalidraw/excalidraw/types';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { drawElements } from '~/api/actions';
import { ApiError, sentenceOf } from '~/api/client';
import type {
  Board,
  BoardDevice,
  BoardElement,
  BoardNews,
  BoardPointer,
  Comment,
} from '~/api/types';
import { saveAs } from '~/kit/hooks';
import { tellFailure } from '~/kit/toast';
import './boards.css';
import { useGuestNames } from '~/parts/Guests';
import { useHues } from '~/parts/hues';
import { imported } from './import';
import { openLive, type Live } from './live';
import { createMerge } from './merge';
import { Pins, type Corner } from './Pins';
import { createPictures, sharePicture } from '~/parts/pictures';
import type { SceneElement } from './wire';

/** Elements in one request. */
const atOnce = 1000;
/** Milliseconds that a screen takes for a picture. */
const frameTime = 16;
/** What changes in quick succession is said together. */
const pause = 40;
/** While somebody writes, their words are said so often. */
const written = 2000;
/** Before what did not arrive is said again. */
const again = 1500;

export interface CanvasActions {
  save: (kind: 'png' | 'svg' | 'excalidraw') => Promise<void>;
  load: (file: File) => Promise<void>;
  /** Brings an element into sight, and selects it. */
  find: (element: string) => void;
}

export interface CanvasProps {
  space: string;
  board: Board;
  mayDraw: boolean;
  dark: boolean;
  /** Who else is there. */
  onHere: (here: BoardDevice[]) => void;
  /** Whether something is not on the disk yet, whether the node is away, and how many elements are not shown. */
  onState: (state: { waiting: boolean; away: boolean; hidden: number }) => void;
  /** The one element that is selected. */
  onSelect: (element: string | null) => void;
  comments: Comment[];
  /** A mark of comments was pressed. */
  onPick: (element: string) => void;
  actions: React.RefObject<CanvasActions | null>;
}

/** What reads the page aloud finds a name that says what is seen. */
function mend(frame: HTMLElement | null): void {
  frame?.querySelector('.reset-zoom-button')?.removeAttribute('aria-label');
  for (const picker of frame?.querySelectorAll('.color-picker-container') ?? []) {
    picker.setAttribute('aria-label', 'Colours');
  }
}

const scene = (api: ExcalidrawImperativeAPI) =>
  api.getSceneElementsIncludingDeleted() as unknown as SceneElement[];

/** An element of Excalidraw's from what the node says; null when it is too small to be seen, as where a stroke begins. */
function make(wire: BoardElement, before: SceneElement | undefined): SceneElement | null {
  const bare = { ...wire, isDeleted: false, version: 1, versionNonce: 1, updated: 1 };
  const more = wire.type === 'image' ? { status: 'saved' } : {};
  const [whole] = restoreElements([{ ...bare, ...more } as never], null);
  if (whole === undefined) return null;
  return {
    ...(whole as unknown as SceneElement),
    boundElements: before?.['boundElements'] ?? null,
    version: (before?.version ?? 0) + 1,
    versionNonce: 1,
  };
}

/** Excalidraw's types of these two lead nowhere. */
const asPicture = exportToBlob as unknown as (how: object) => Promise<Blob>;
const asVectors = exportToSvg as unknown as (how: object) => Promise<SVGSVGElement>;

/** Is the person in the middle of something? Then it is shown to others, and said when it has ended. */
const busy = (state: AppState) =>
  state.cursorButton === 'down' ||
  state.newElement !== null ||
  state.multiElement !== null ||
  state.resizingElement !== null ||
  state.selectedElementsAreBeingDragged ||
  state.editingTextElement !== null;

/** How somebody is drawn on the board: in the hue that is theirs everywhere. */
function look(
  device: string,
  username: string,
  hue: number,
): Pick<Collaborator, 'username' | 'color' | 'id'> {
  return {
    username,
    id: device,
    color: { background: `hsl(${hue} 75% 80%)`, stroke: `hsl(${hue} 65% 40%)` },
  };
}

export function Canvas(props: CanvasProps) {
  const { space, board, mayDraw, dark, actions, comments, onPick } = props;
  const [api, setApi] = useState<ExcalidrawImperativeAPI | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const frame = useRef<HTMLDivElement>(null);
  const pointer = useRef<BoardPointer | null>(null);
  const movers = useRef(new Set<() => void>());
  const selected = useRef<string | null>(null);
  const tools = useRef<{ changed: (state: AppState) => void; pointed: () => void } | null>(null);
  const id = board.id;
  const title = board.title ?? 'board';
  const hue = useHues(space);
  const hues = useRef(hue);
  hues.current = hue;
  const called = useGuestNames(space);
  const names = useRef(called);
  names.current = called;

  useEffect(() => {
    if (api === null) return;
    const merge = createMerge(make);
    const people = new Map<string, Collaborator>();
    let devices: BoardDevice[] = [];
    let picture = 0;
    let drawn = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let due: ReturnType<typeof setTimeout> | undefined;
    let drawing: BoardElement[] = [];
    let busyNow = false;
    let said = 0;
    let crowd = false;
    let away = false;
    let hidden = 0;
    let over = false;

    let told = { waiting: false, away: false, hidden: 0 };
    const state = () => {
      const now = { waiting: merge.waiting(), away, hidden };
      if (JSON.stringify(now) === JSON.stringify(told)) return;
      told = now;
      latest.current.onState(now);
    };
    const pictures = createPictures(space, (picture) => {
      api.addFiles([
        {
          id: picture.id as BinaryFileData['id'],
          mimeType: picture.type,
          dataURL: picture.url as BinaryFileData['dataURL'],
          created: Date.now(),
        },
      ]);
    });

    // One picture for each that the screen draws, however much is heard meanwhile.
    const draw = () => {
      picture = 0;
      const next = merge.scene(Date.now(), scene(api));
      if (next !== null || crowd) {
        api.updateScene({
          ...(next === null ? {} : { elements: next as unknown as OrderedExcalidrawElement[] }),
          ...(crowd ? { collaborators: new Map(people) as Map<SocketId, Collaborator> } : {}),
          captureUpdate: CaptureUpdateAction.NEVER,
        });
        crowd = false;
        // Also what Excalidraw put in order by itself is no change of the person's.
        if (next !== null) merge.shown(scene(api));
        for (const one of next ?? []) {
          const file = one['fileId'];
          if (!one.isDeleted && typeof file === 'string' && !(file in api.getFiles())) {
            pictures.want(file);
          }
        }
      }
      drawn = performance.now();
      clearTimeout(due);
      const at = merge.due();
      if (at !== null) due = setTimeout(soon, Math.max(0, at - Date.now()) + 10);
    };
    const soon = () => {
      if (over || picture !== 0) return;
      // React draws after this picture of the screen, and so for the next: what waits for one to begin is seen one later.
      if (document.hidden || performance.now() - drawn < frameTime) {
        picture = requestAnimationFrame(draw);
      } else draw();
    };

    const flush = async () => {
      timer = undefined;
      const elements = merge.take(atOnce);
      if (elements.length === 0) return;
      said = Date.now();
      try {
        const { upto } = await drawElements(space, id, elements);
        merge.said(
          elements.map((element) => element.id),
          upto,
        );
      } catch (error) {
        // Refused for what it is: saying it again would not help.
        const refused = error instanceof ApiError && error.status < 500 && error.status !== 401;
        merge.unsaid(elements, !refused);
        if (refused) tellFailure(sentenceOf(error));
        else timer ??= setTimeout(() => void flush(), again);
      }
      if (over) return;
      soon();
      state();
      if (merge.mine().length > 0 || merge.waiting()) later();
    };
    const later = () => {
      const wait = busyNow ? Math.max(0, said + written - Date.now()) : pause;
      timer ??= setTimeout(() => void flush(), wait);
    };

    const show = (later = false) => {
      const selected = Object.keys(api.getAppState().selectedElementIds).slice(0, 256);
      live.show(
        () => ({
          ...(pointer.current === null ? {} : { pointer: pointer.current }),
          selected: selected.filter((one) => /^[\w-]{1,64}$/.test(one)),
          drawing,
        }),
        later,
      );
    };

    const live: Live = openLive(space, id, {
      news(news: BoardNews) {
        if (news.drawn) {
          merge.told(news.drawn);
          hidden = news.drawn.hidden;
          state();
        }
        if (news.here) {
          devices = news.here;
          for (const device of people.keys()) {
            if (!devices.some((one) => one.device === device)) {
              people.delete(device);
              merge.left(device);
            }
          }
          for (const one of devices) {
            people.set(one.device, {
              ...people.get(one.device),
              ...look(one.device, names.current(one), hues.current(one.person)),
            });
          }
          crowd = true;
          latest.current.onHere(devices);
        }
        for (const shown of news.shown ?? []) {
          const before = people.get(shown.device);
          const at = shown.pointer;
          const selected = shown.selected?.map((one) => [one, true] as const);
          people.set(shown.device, {
            ...before,
            ...(at ? { pointer: { x: at.x, y: at.y, tool: at.laser ? 'laser' : 'pointer' } } : {}),
            button: at?.down === true ? 'down' : 'up',
            ...(selected ? { selectedElementIds: Object.fromEntries(selected) } : {}),
          });
          crowd = true;
          if (shown.drawing) merge.drawing(shown.device, shown.drawing, Date.now());
        }
        soon();
      },
      away(is) {
        away = is;
        if (is) {
          // Whoever is still there is told of again when the node is.
          for (const device of people.keys()) merge.left(device);
          people.clear();
          crowd = true;
          latest.current.onHere([]);
          soon();
        } else {
          later();
        }
        state();
      },
    });

    tools.current = {
      // While a stroke is on its way the place of the hand goes with it, and does not take its turn.
      pointed: () => show(drawing.length > 0),
      changed(now) {
        const before = drawing;
        busyNow = busy(now);
        for (const moved of movers.current) moved();
        const taken = Object.keys(now.selectedElementIds);
        const one = taken.length === 1 ? (taken[0] ?? null) : null;
        if (one !== selected.current) {
          selected.current = one;
          latest.current.onSelect(one);
          // Its tools come with what is selected.
          setTimeout(() => mend(frame.current));
          show();
        }
        const something = merge.changed(scene(api));
        drawing = busyNow ? merge.mine() : [];
        if (something) {
          if (!busyNow || now.editingTextElement !== null) later();
          state();
        }
        if (drawing.length > 0 || before.length > 0) show();
      },
    };
    actions.current = {
      find(element) {
        const found = api.getSceneElements().find((one) => one.id === element);
        if (found === undefined) return;
        api.updateScene({
          appState: { selectedElementIds: { [element]: true } },
          captureUpdate: CaptureUpdateAction.NEVER,
        });
        api.scrollToContent(found, { animate: true, duration: 150 });
      },
      async save(kind) {
        const elements = api.getSceneElements();
        const files = api.getFiles();
        const name = latest.current.board.title ?? 'board';
        const looks = { exportBackground: true, viewBackgroundColor: '#ffffff' };
        if (kind === 'excalidraw') {
          const text = serializeAsJSON(
            elements,
            { viewBackgroundColor: '#ffffff' },
            files,
            'local',
          );
          saveAs(`${name}.excalidraw`, text, 'application/json');
        } else if (kind === 'png') {
          const blob = await asPicture({
            elements,
            files,
            mimeType: 'image/png',
            appState: { ...looks, exportScale: 2 },
            exportPadding: 16,
          });
          saveAs(`${name}.png`, blob);
        } else {
          const svg = await asVectors({ elements, files, appState: looks, exportPadding: 16 });
          saveAs(`${name}.svg`, svg.outerHTML, 'image/svg+xml');
        }
      },
      async load(file) {
        const title = latest.current.board.title ?? 'board';
        const { elements, files } = await imported(await file.text(), (picture) =>
          sharePicture(space, 'Boards', title, picture),
        );
        api.addFiles(files);
        api.updateScene({
          elements: [...api.getSceneElementsIncludingDeleted(), ...elements],
          captureUpdate: CaptureUpdateAction.IMMEDIATELY,
        });
        api.scrollToContent(elements, { fitToContent: true });
      },
    };
    return () => {
      over = true;
      // What was done last goes out although the board is left at once.
      busyNow = false;
      merge.changed(scene(api));
      clearTimeout(timer);
      clearTimeout(due);
      cancelAnimationFrame(picture);
      void flush();
      live.close();
      pictures.stop();
      tools.current = null;
      actions.current = null;
    };
  }, [api, space, id, actions]);

  const corner: Corner = (element) => {
    const found = api?.getSceneElements().find((one) => one.id === element);
    if (api === null || found === undefined) return null;
    const { scrollX, scrollY, zoom } = api.getAppState();
    return {
      x: (found.x + found.width + scrollX) * zoom.value,
      y: (found.y + scrollY) * zoom.value,
    };
  };
  const watch = useCallback((moved: () => void) => {
    movers.current.add(moved);
    return () => movers.current.delete(moved);
  }, []);
  // Drawn anew only when something of it changes, and not with every word about who is here.
  useEffect(() => {
    const look = () => mend(frame.current);
    look();
    // Its keys work at once; a screen reader is told the heading of the pane all the same.
    if (api !== null) frame.current?.querySelector<HTMLElement>('.excalidraw')?.focus();
    addEventListener('resize', look);
    return () => removeEventListener('resize', look);
  }, [api]);
  const whole = useMemo(
    () => (
      <Excalidraw
        excalidrawAPI={setApi}
        langCode="en"
        theme={dark ? 'dark' : 'light'}
        name={title}
        viewModeEnabled={!mayDraw}
        isCollaborating
        aiEnabled={false}
        validateEmbeddable={false}
        handleKeyboardGlobally={false}
        UIOptions={{
          canvasActions: {
            changeViewBackgroundColor: false,
            clearCanvas: false,
            export: false,
            loadScene: false,
            saveToActiveFile: false,
            toggleTheme: false,
            saveAsImage: false,
          },
        }}
        generateIdForFile={(file) => sharePicture(space, 'Boards', title, file)}
        onChange={(_, state) => tools.current?.changed(state)}
        onScrollChange={() => movers.current.forEach((moved) => moved())}
        onPointerUpdate={({ pointer: at, button }) => {
          pointer.current = {
            x: at.x,
            y: at.y,
            laser: at.tool === 'laser',
            down: button === 'down',
          };
          tools.current?.pointed();
        }}
      />
    ),
    [dark, mayDraw, space, title],
  );
  return (
    <div ref={frame} className="board">
      {whole}
      {api !== null && <Pins comments={comments} corner={corner} watch={watch} onPick={onPick} />}
    </div>
  );
}

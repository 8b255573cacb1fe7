/**
 * What Excalidraw has drawn is kept, and not drawn again. It draws all elements in sight whenever one of them changes: with 5,000
 * of them and somebody drawing, that is a tenth of a second for each point of a line. Here the picture of those at the bottom that
 * have not changed for a while is taken while the whole is drawn, and the next drawing begins with it.
 *
 * Excalidraw is built so that it asks `kept` for its elements (`excalidraw.ts`). The picture is the same, whatever changes.
 */

/** What the picture of an element depends on. */
export interface Kept {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly containerId?: string | null;
  readonly fileId?: string | null;
}

/** Of the state of the editor, what the picture of the whole depends on. */
export interface View {
  readonly zoom: { readonly value: number };
  readonly frameToHighlight: unknown;
  readonly openDialog: { readonly name: string } | null;
  readonly [field: string]: unknown;
}

export interface Config {
  readonly renderGrid?: boolean;
  readonly elementsPendingErasure?: ReadonlySet<string>;
  readonly pendingFlowchartNodes?: unknown;
  readonly imageCache?: ReadonlyMap<unknown, { image: unknown }>;
}

/** With fewer elements there is nothing to gain. */
const least = 200;
/** So many more are worth a new picture. */
const worth = 32;
/** Milliseconds after which what has not changed will probably not change soon. */
const settled = 250;

interface Memory {
  /** All else that the picture depends on. */
  key: string;
  picture: HTMLCanvasElement | null;
  /** The elements in the picture, from the bottom up, and their versions in it. */
  elements: readonly Kept[];
  versions: readonly number[];
  /** Since when each element has been as it is; null before the first drawing. */
  since: Map<string, { element: Kept; version: number; at: number }> | null;
}

const memories = new WeakMap<HTMLCanvasElement, Memory>();
/** Texts look different once their font is there, which no version says. */
let fonts = 0;
if (typeof document !== 'undefined' && 'fonts' in document) {
  document.fonts.addEventListener('loadingdone', () => (fonts += 1));
}

const fields = [
  'scrollX',
  'scrollY',
  'theme',
  'viewBackgroundColor',
  'gridSize',
  'gridStep',
  'gridModeEnabled',
  'frameRendering',
  'croppingElementId',
  'shouldCacheIgnoreZoom',
];

function keyOf(
  canvas: HTMLCanvasElement,
  elements: readonly Kept[],
  view: View,
  config: Config,
): string {
  // What lies in a frame is cut off at its edge.
  const frames = elements.filter(({ type }) => type === 'frame' || type === 'magicframe');
  return JSON.stringify([
    canvas.width,
    canvas.height,
    view.zoom.value,
    view.openDialog?.name,
    config.renderGrid,
    fonts,
    ...fields.map((field) => view[field]),
    ...frames.map(({ id, version }) => [id, version]),
  ]);
}

/**
 * The elements that are to be drawn, from the bottom up, as something that can be gone through once: `context` belongs to `canvas`
 * and has been cleared for them. What is drawn `directly` will look different in a moment.
 */
export function kept<E extends Kept>(
  canvas: HTMLCanvasElement,
  context: CanvasRenderingContext2D,
  elements: readonly E[],
  view: View,
  config: Config,
  now = performance.now(),
): { forEach: (draw: (element: E, directly?: boolean) => void) => void } {
  // What is about to be erased, and what a frame takes in, is drawn otherwise for the moment.
  const special =
    view.frameToHighlight != null ||
    config.pendingFlowchartNodes != null ||
    (config.elementsPendingErasure?.size ?? 0) > 0;
  if (elements.length < least || special) {
    memories.delete(canvas);
    return { forEach: (draw) => elements.forEach((element) => draw(element)) };
  }
  const key = keyOf(canvas, elements, view, config);
  const last = memories.get(canvas);
  const memory: Memory =
    last?.key === key
      ? last
      : { key, picture: last?.picture ?? null, elements: [], versions: [], since: null };
  memories.set(canvas, memory);
  const versions = elements.map((element) => versionOf(element, config));
  const { from, upto } = plan(memory, elements, versions, now);
  const keepThose = () => keep(memory, canvas, elements.slice(0, upto), versions.slice(0, upto));
  return {
    forEach(draw) {
      if (from > 0 && memory.picture !== null) {
        context.save();
        context.setTransform(1, 0, 0, 1, 0, 0);
        context.globalCompositeOperation = 'copy';
        context.drawImage(memory.picture, 0, 0);
        context.restore();
      }
      for (const [at, element] of elements.entries()) {
        if (at === upto) keepThose();
        if (at < from) continue;
        // Otherwise Excalidraw makes a canvas of its own for each, which pays for what is drawn again as it is.
        const changing = now - (memory.since?.get(element.id)?.at ?? now) < settled;
        draw(element, changing && at >= upto && element.type === 'freedraw');
      }
      if (upto === elements.length) keepThose();
    },
  };
}

/** An image looks different once it is there. */
function versionOf({ type, version, fileId }: Kept, config: Config): number {
  if (type !== 'image' || typeof HTMLImageElement === 'undefined') return version;
  return config.imageCache?.get(fileId)?.image instanceof HTMLImageElement ? -version : version;
}

/** From which element on is drawn, and after how many of them the picture is taken anew; -1: not this time. */
function plan(
  memory: Memory,
  elements: readonly Kept[],
  versions: readonly number[],
  now: number,
): { from: number; upto: number } {
  const inPicture = memory.elements.length;
  const since: Memory['since'] = new Map();
  const places = new Map<string, number>();
  let good = elements.length >= inPicture;
  /** The lowest place at which something may soon be different. */
  let hot = elements.length;
  elements.forEach((element, at) => {
    const version = versions[at] ?? 0;
    const before = memory.since?.get(element.id);
    const same = before?.element === element && before.version === version;
    // Before anything was seen to change nothing is expected to.
    const first = memory.since === null ? -Infinity : now;
    const seen = same ? before : { element, version, at: first };
    since.set(element.id, seen);
    places.set(element.id, at);
    // A text is drawn together with what it stands in.
    const place = Math.min(at, places.get(element.containerId ?? '') ?? at);
    if (at < inPicture && (memory.elements[at] !== element || memory.versions[at] !== version)) {
      good = false;
    }
    if (!same && place < inPicture) good = false;
    if (now - seen.at < settled) hot = Math.min(hot, place);
  });
  for (const [id, { element }] of memory.since ?? []) {
    // A text that is gone was drawn where that stands.
    const place = since.has(id) ? undefined : places.get(element.containerId ?? '');
    if (place !== undefined && place < inPicture) good = false;
  }
  memory.since = since;
  if (!good) memory.elements = [];
  const from = memory.elements.length;
  return { from, upto: hot >= from + worth ? hot : -1 };
}

/** Takes the picture of what is drawn so far. */
function keep(
  memory: Memory,
  canvas: HTMLCanvasElement,
  elements: readonly Kept[],
  versions: readonly number[],
): void {
  const picture = memory.picture ?? canvas.ownerDocument.createElement('canvas');
  picture.width = canvas.width;
  picture.height = canvas.height;
  const context = picture.getContext('2d');
  if (context === null) return;
  context.drawImage(canvas, 0, 0);
  Object.assign(memory, { picture, elements, versions });
}

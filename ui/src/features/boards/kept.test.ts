/** Whatever changes, a drawing that begins with what was kept looks as one that begins with nothing. */
import { describe, expect, it } from 'vitest';
import { kept, type Config, type Kept, type View } from './kept';

/** A canvas that knows what was drawn on it, from the bottom up. */
class Canvas {
  width = 100;
  height = 100;
  marks: string[] = [];
  ownerDocument = { createElement: () => new Canvas() };
  getContext() {
    const set = (marks: string[]) => (this.marks = [...marks]);
    return {
      save: () => undefined,
      restore: () => undefined,
      setTransform: () => undefined,
      drawImage: (from: Canvas) => set(from.marks),
    };
  }
}

interface Shape extends Kept {
  version: number;
}

const view = (more: object = {}): View => ({
  zoom: { value: 1 },
  frameToHighlight: null,
  openDialog: null,
  scrollX: 0,
  ...more,
});

/** How an element looks among all: a text that stands in another is drawn with that. */
function looksAmong(all: readonly Shape[]): (element: Shape) => string[] {
  const mark = ({ id, version }: Shape) => `${id}.${version}`;
  const ids = new Set(all.map(({ id }) => id));
  const texts = new Map<string, string[]>();
  for (const one of all) {
    const id = one.containerId;
    if (id != null) texts.set(id, [...(texts.get(id) ?? []), mark(one)]);
  }
  return (element) =>
    ids.has(element.containerId ?? '') ? [] : [mark(element), ...(texts.get(element.id) ?? [])];
}

function draw(
  canvas: Canvas,
  elements: Shape[],
  now: number,
  how: View = view(),
  config: Config = {},
) {
  canvas.marks = [];
  const looks = looksAmong(elements);
  let drawn = 0;
  const context = canvas.getContext() as unknown as CanvasRenderingContext2D;
  kept(canvas as unknown as HTMLCanvasElement, context, elements, how, config, now).forEach(
    (element) => {
      drawn += 1;
      canvas.marks.push(...looks(element));
    },
  );
  return drawn;
}

const whole = (elements: Shape[]) => elements.flatMap(looksAmong(elements));

const shapes = (count: number): Shape[] =>
  Array.from({ length: count }, (_, n) => ({ id: `e${n}`, type: 'rectangle', version: 1 }));

describe('what is kept of a board', () => {
  it('looks as if all was drawn, whatever happens', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      let state = seed;
      const random = (below: number) => {
        state = (state * 1103515245 + 12345) % 2147483648;
        return Math.floor((state / 2147483648) * below);
      };
      const canvas = new Canvas();
      let elements = shapes(260);
      let now = 0;
      let next = 260;
      let scroll = 0;
      for (let step = 0; step < 120; step += 1) {
        now += random(400);
        const at = random(elements.length);
        const one = elements[at];
        if (one === undefined) continue;
        switch (random(8)) {
          case 0: // In place, as Excalidraw changes its own.
            one.version += 1;
            break;
          case 1: // Another object, as what others did comes.
            elements = elements.map((each) =>
              each === one ? { ...each, version: each.version + 1 } : each,
            );
            break;
          case 2:
            elements = elements.filter((each) => each !== one);
            break;
          case 3: {
            // Texts stand in no texts.
            if (one.type === 'text') break;
            const text = { id: `t${next++}`, type: 'text', version: 1, containerId: one.id };
            elements = [...elements, text];
            break;
          }
          case 4:
            elements = [...elements.slice(0, at), ...elements.slice(at + 1), one];
            break;
          case 5:
            scroll += random(2);
            break;
          default:
            elements = [...elements, { id: `n${next++}`, type: 'freedraw', version: 1 }];
        }
        // Their last one goes with what it stood in.
        const ids = new Set(elements.map(({ id }) => id));
        elements = elements.filter(
          ({ containerId }) => containerId == null || ids.has(containerId),
        );
        draw(canvas, elements, now, view({ scrollX: scroll }));
        expect(canvas.marks.join()).toBe(whole(elements).join());
      }
    }
  });

  it('draws little when little changes', () => {
    const canvas = new Canvas();
    let elements = shapes(5000);
    expect(draw(canvas, elements, 0)).toBe(5000);
    elements = [...elements, { id: 'line', type: 'freedraw', version: 1 }];
    for (let step = 1; step < 50; step += 1) {
      elements = elements.map((one) => (one.id === 'line' ? { ...one, version: step } : one));
      expect(draw(canvas, elements, step * 16)).toBe(1);
    }
    // What is dragged, and all above it.
    const dragged = elements[3000];
    for (let step = 0; step < 9; step += 1) {
      if (dragged) dragged.version += 1;
      expect(draw(canvas, elements, 1000 + step * 16)).toBe(step === 0 ? 5001 : 2001);
    }
  });

  it('draws all for another view, and for what looks different for a moment', () => {
    const canvas = new Canvas();
    const elements = shapes(300);
    draw(canvas, elements, 0);
    expect(draw(canvas, elements, 1)).toBe(0);
    expect(draw(canvas, elements, 2, view({ scrollX: 5 }))).toBe(300);
    expect(draw(canvas, elements, 3, view({ scrollX: 5, theme: 'dark' }))).toBe(300);
    const erased = { elementsPendingErasure: new Set(['e1']) };
    expect(draw(canvas, elements, 4, view(), erased)).toBe(300);
    expect(draw(canvas, elements, 5, view(), erased)).toBe(300);
    const framed = [...elements, { id: 'f', type: 'frame', version: 1 }];
    draw(canvas, framed, 6);
    expect(draw(canvas, framed, 7)).toBe(0);
    expect(draw(canvas, elements, 8)).toBe(300);
  });

  it('is nothing on a small board', () => {
    const canvas = new Canvas();
    const elements = shapes(50);
    for (let step = 0; step < 3; step += 1) expect(draw(canvas, elements, step)).toBe(50);
  });
});

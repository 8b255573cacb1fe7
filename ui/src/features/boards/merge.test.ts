import { describe, expect, it } from 'vitest';
import type { BoardElement, Drawing } from '~/api/types';
import { createMerge } from './merge';
import { sameness, toWire, type SceneElement } from './wire';

function box(id: string, x: number, more: object = {}): SceneElement {
  const base = {
    id,
    type: 'rectangle',
    version: 1,
    isDeleted: false,
    index: 'a1',
    x,
    y: 0,
    width: 9,
    height: 9,
    seed: 5,
  };
  return { ...base, ...more };
}

const wire = (element: SceneElement): BoardElement => {
  const made = toWire(element);
  if (made === null) throw new Error('does not travel');
  return made;
};

const make = (element: BoardElement, before: SceneElement | undefined): SceneElement | null =>
  element.width === 0
    ? null
    : ({
        ...element,
        isDeleted: false,
        index: element.index ?? null,
        version: (before?.version ?? 0) + 1,
      } as SceneElement);

const told = (
  upto: number,
  elements: SceneElement[],
  deleted: string[] = [],
  all = false,
): Drawing => ({
  all,
  upto,
  deleted,
  hidden: 0,
  elements: elements.map(wire),
});

/** A page: a scene that is shown, and what the person does to it. */
function page() {
  const merge = createMerge(make);
  let scene: readonly SceneElement[] = [];
  return {
    merge,
    /** Shows what is to be shown. Whether anything changed. */
    show: (now = 0) => {
      const next = merge.scene(now, scene);
      if (next === null) return false;
      scene = next;
      merge.shown(scene);
      return true;
    },
    do: (...elements: SceneElement[]) => {
      const ids = new Set(elements.map(({ id }) => id));
      const at = (id: string) => scene.find((one) => one.id === id)?.version ?? 0;
      const next = elements.map((one) => ({ ...one, version: at(one.id) + 1 }));
      scene = [...scene.filter(({ id }) => !ids.has(id)), ...next];
      return merge.changed(scene);
    },
    x: (id: string) => {
      const found = scene.find((one) => one.id === id);
      return found === undefined || found.isDeleted ? undefined : found['x'];
    },
    get: (id: string) => scene.find((one) => one.id === id),
    ids: () => scene.filter(({ isDeleted }) => !isDeleted).map(({ id }) => id),
  };
}

describe('a board that several draw on', () => {
  it('shows what the node says, and says nothing back', () => {
    const { merge, show, ids, x, get } = page();
    merge.told(told(1, [box('b', 1, { index: 'a2' }), box('a', 1)], [], true));
    expect(show()).toBe(true);
    expect(ids()).toEqual(['a', 'b']);
    expect(merge.changed([get('a'), get('b')].filter((one) => one !== undefined))).toBe(false);
    merge.told(told(2, [box('a', 7)], ['b']));
    show();
    expect([x('a'), x('b')]).toEqual([7, undefined]);
    expect(show()).toBe(false);
  });

  it('says what the person does, once, and does not flicker when it comes back', () => {
    const { merge, show, x, do: act } = page();
    expect(act(box('a', 1))).toBe(true);
    expect(merge.mine()).toHaveLength(1);
    const taken = merge.take(9);
    expect(taken.map(({ id }) => id)).toEqual(['a']);
    expect(merge.take(9)).toEqual([]);
    // An older word of somebody else comes between.
    merge.told(told(3, [box('a', 50)]));
    expect(show()).toBe(false);
    merge.said(['a'], 4);
    expect(show()).toBe(false);
    merge.told(told(4, [box('a', 1)]));
    show();
    expect(x('a')).toBe(1);
    expect(merge.waiting()).toBe(false);
    // A later one of somebody else counts.
    merge.told(told(5, [box('a', 60)]));
    show();
    expect(x('a')).toBe(60);
  });

  it('shows the later word of another that came while ours was under way', () => {
    const { merge, show, x, do: act } = page();
    act(box('a', 1));
    merge.take(9);
    merge.told(told(8, [box('a', 70)]));
    merge.said(['a'], 7);
    show();
    expect(x('a')).toBe(70);
  });

  it('keeps what the person changes meanwhile', () => {
    const { merge, show, x, do: act } = page();
    act(box('a', 1));
    merge.take(9);
    act(box('a', 2));
    merge.said(['a'], 4);
    merge.told(told(4, [box('a', 1)]));
    show();
    expect(x('a')).toBe(2);
    expect(merge.take(9).map((one) => one.x)).toEqual([2]);
  });

  it('says again what did not arrive, and takes back what was refused', () => {
    const { merge, show, x, do: act } = page();
    merge.told(told(1, [box('a', 1)], [], true));
    show();
    act(box('a', 2));
    merge.unsaid(merge.take(9), true);
    expect(merge.waiting()).toBe(true);
    merge.unsaid(merge.take(9), false);
    show();
    expect([x('a'), merge.waiting()]).toEqual([1, false]);
  });

  it('deletes what was there and nothing else', () => {
    const { merge, show, do: act } = page();
    expect(act(box('never', 1, { isDeleted: true }))).toBe(false);
    merge.told(told(1, [box('a', 1)], [], true));
    show();
    expect(act(box('a', 1, { isDeleted: true }))).toBe(true);
    expect(merge.take(9)).toEqual([{ id: 'a', isDeleted: true }]);
  });

  it('shows what others are drawing until it is there', () => {
    const { merge, show, x, ids } = page();
    merge.told(told(1, [box('a', 1)], [], true));
    const stroke = (points: [number, number][]) =>
      wire(box('s', 0, { type: 'freedraw', points, index: 'a2' }));
    merge.drawing(
      'bo',
      [
        {
          id: 's',
          keep: 0,
          element: stroke([
            [0, 0],
            [1, 1],
          ]),
        },
        { id: 'a', keep: 0, element: wire(box('a', 5)) },
      ],
      0,
    );
    show();
    expect([x('a'), ids()]).toEqual([5, ['a', 's']]);
    merge.drawing(
      'bo',
      [
        { id: 's', keep: 2, element: stroke([[2, 2]]) },
        { id: 'a', keep: 0, element: null },
      ],
      0,
    );
    show();
    // Let go: it stays as it was drawn.
    merge.drawing('bo', [], 100);
    show(100);
    expect([x('a'), ids()]).toEqual([5, ['a', 's']]);
    expect(merge.due()).toBe(3100);
    merge.told(told(2, [box('a', 6)]));
    show(200);
    expect(x('a')).toBe(6);
    // The stroke never came.
    show(3100);
    expect(ids()).toEqual(['a']);
    merge.drawing('bo', [{ id: 'a', keep: 0, element: wire(box('a', 9)) }], 0);
    show();
    merge.left('bo');
    show();
    expect(x('a')).toBe(6);
  });

  it('shows nothing of what cannot be seen yet', () => {
    const { merge, show, ids } = page();
    merge.told(told(1, [box('a', 1), box('dot', 1, { width: 0 })], [], true));
    show();
    expect(ids()).toEqual(['a']);
  });

  it('works out what is bound to what', () => {
    const { merge, show, get } = page();
    const arrow = box('w', 0, {
      type: 'arrow',
      points: [
        [0, 0],
        [9, 9],
      ],
      endBinding: { elementId: 'a', focus: 0, gap: 1 },
      index: 'a2',
    });
    const text = box('t', 0, { type: 'text', text: 'x', containerId: 'a', index: 'a3' });
    merge.told(told(1, [box('a', 1), arrow, text], [], true));
    show();
    expect(get('a')?.['boundElements']).toEqual([
      { id: 'w', type: 'arrow' },
      { id: 't', type: 'text' },
    ]);
    merge.told(told(2, [], ['w']));
    show();
    expect(get('a')?.['boundElements']).toEqual([{ id: 't', type: 'text' }]);
    expect(merge.waiting()).toBe(false);
  });
});

describe('what travels', () => {
  it('is what cannot be worked out', () => {
    const made = wire(
      box('a', 1.23456, {
        boundElements: [{ id: 'x', type: 'arrow' }],
        versionNonce: 5,
        customData: { a: 1 },
        link: 'javascript:alert(1)',
      }),
    );
    expect(made.x).toBe(1.23);
    expect(made.link).toBeNull();
    expect(Object.keys(made)).not.toContain('boundElements');
    expect(sameness(made)).toBe(sameness(wire(box('a', 1.2301))));
    expect(toWire(box('e', 1, { type: 'embeddable' }))).toBeNull();
  });
});

/**
 * One board as a page has it: what the node says stands there, what others are drawing just now, and what is changed here and
 * not said yet. The node's order wins: a change of ours that is under way covers what the node said before it, and whatever it
 * says after that is shown.
 */
import type { BoardElement, BoardPart, Drawing } from '~/api/types';
import { bindings, below, sameness, toWire, type SceneElement } from './wire';

/** How long what somebody drew stays after they let go of it, until it comes as an element. */
const letGo = 3000;
/** Elements that are shown while they are drawn. */
const most = 64;

/** An element that is drawn somewhere, and until when it is shown if it was let go. */
interface Drawn {
  wire: BoardElement;
  until: number | null;
}

export interface Merge {
  /** Takes what the node says. */
  told: (drawing: Drawing) => void;
  /** Takes what somebody is drawing. */
  drawing: (device: string, parts: BoardPart[], now: number) => void;
  /** Somebody is gone: what they were drawing, too. */
  left: (device: string) => void;
  /** Takes the scene as it is after the person did something. Whether something of it is to be said. */
  changed: (scene: readonly SceneElement[]) => boolean;
  /** What is changed here and not yet said, to be shown while it is drawn. */
  mine: () => BoardElement[];
  /** Takes what is to be said now. */
  take: (limit: number) => BoardElement[];
  /** It is on the disk: whoever was told with `upto` has been told of it. */
  said: (ids: string[], upto: number) => void;
  /** It was not taken: to be said again, or given up. */
  unsaid: (elements: BoardElement[], again: boolean) => void;
  /** Is something not on the disk yet? */
  waiting: () => boolean;
  /** The scene as it is to be shown; null when nothing changed since it was last asked for. */
  scene: (now: number, before: readonly SceneElement[]) => SceneElement[] | null;
  /** Notes the versions of the scene that is shown: they are no changes of the person's. */
  shown: (scene: readonly SceneElement[]) => void;
  /** When the scene is to be looked at again although nothing happens. */
  due: () => number | null;
}

/**
 * `make`: an element of Excalidraw's from what the node says, as a new version of the one before; null when there is nothing
 * to see of it.
 */
export function createMerge(
  make: (wire: BoardElement, before: SceneElement | undefined) => SceneElement | null,
): Merge {
  /** What the node says stands there. */
  const known = new Map<string, { wire: BoardElement; same: string }>();
  /** What others are drawing, by device and id. */
  const others = new Map<string, Map<string, Drawn>>();
  /** Changed here. */
  const dirty = new Map<string, BoardElement>();
  /** On its way to the node, and what was told when it is known there. */
  const going = new Map<string, number | null>();
  /** The versions that are shown or were looked at. */
  const versions = new Map<string, number>();
  /** Ids whose picture may be another now. */
  const stale = new Set<string>();
  let heard = 0;

  const held = (id: string) => dirty.has(id) || going.has(id);
  const arrive = (all: boolean) => {
    for (const [id, upto] of going) {
      if (upto !== null && (all || upto <= heard)) {
        going.delete(id);
        stale.add(id);
      }
    }
  };
  /** What is shown of an element that is not being changed here. */
  const picture = (id: string): BoardElement | undefined => {
    let last: BoardElement | undefined;
    for (const drawn of others.values()) last = drawn.get(id)?.wire ?? last;
    return last ?? known.get(id)?.wire;
  };

  return {
    told({ all, elements, deleted, upto }) {
      heard = upto;
      const named = new Set(elements.map(({ id }) => id));
      const gone = all ? [...known.keys()].filter((id) => !named.has(id)) : deleted;
      for (const id of gone) {
        known.delete(id);
        stale.add(id);
      }
      for (const wire of elements) {
        const same = sameness(wire);
        if (known.get(wire.id)?.same !== same) stale.add(wire.id);
        known.set(wire.id, { wire, same });
      }
      // What was let go has come.
      for (const drawn of others.values()) {
        for (const id of [...named, ...gone]) {
          if (drawn.get(id)?.until != null) drawn.delete(id);
        }
      }
      arrive(all);
    },

    drawing(device, parts, now) {
      const before = others.get(device) ?? new Map<string, Drawn>();
      const next = new Map<string, Drawn>();
      for (const { id, keep, element } of parts) {
        const last = before.get(id);
        if (element === null) {
          if (last !== undefined) next.set(id, { wire: last.wire, until: null });
          continue;
        }
        const goesOn = <T>(old: T[] | undefined, rest: T[] | undefined) =>
          rest === undefined ? {} : { value: [...(old ?? []).slice(0, keep), ...rest] };
        const points = goesOn(last?.wire.points, element.points).value;
        const pressures = goesOn(last?.wire.pressures, element.pressures).value;
        const wire = { ...element, ...(points && { points }), ...(pressures && { pressures }) };
        next.set(id, { wire, until: null });
        stale.add(id);
      }
      for (const [id, drawn] of before) {
        if (next.has(id)) continue;
        const { wire, until } = drawn;
        // It has come already, or its time is over.
        const here = known.get(id);
        const came = here ? here.same === sameness(wire) : false;
        if (came || (until ?? Infinity) <= now) stale.add(id);
        else next.set(id, until === null ? { wire, until: now + letGo } : drawn);
      }
      others.set(device, next);
    },

    left(device) {
      for (const id of others.get(device)?.keys() ?? []) stale.add(id);
      others.delete(device);
    },

    changed(scene) {
      for (const element of scene) {
        const { id } = element;
        if (versions.get(id) === element.version) continue;
        versions.set(id, element.version);
        const wire = toWire(element);
        if (wire === null) continue;
        const now = known.get(id);
        // What was never there cannot be deleted, and what is as it was is no change.
        const same = element.isDeleted ? now === undefined : now?.same === sameness(wire);
        if (same && !going.has(id)) dirty.delete(id);
        else dirty.set(id, wire);
      }
      return dirty.size > 0;
    },

    mine: () => [...dirty.values()].filter(({ isDeleted }) => isDeleted !== true).slice(0, most),

    take(limit) {
      const taken = [...dirty.values()].filter(({ id }) => !going.has(id)).slice(0, limit);
      for (const { id } of taken) {
        dirty.delete(id);
        going.set(id, null);
      }
      return taken;
    },

    said(ids, upto) {
      for (const id of ids) going.set(id, upto);
      arrive(false);
    },

    unsaid(elements, again) {
      for (const wire of elements) {
        going.delete(wire.id);
        if (!again) stale.add(wire.id);
        else if (!dirty.has(wire.id)) dirty.set(wire.id, wire);
      }
    },

    waiting: () => dirty.size > 0 || [...going.values()].some((upto) => upto === null),

    due: () => {
      let first: number | null = null;
      for (const drawn of others.values()) {
        for (const { until } of drawn.values()) {
          if (until !== null && (first === null || until < first)) first = until;
        }
      }
      return first;
    },

    scene(now, before) {
      for (const drawn of others.values()) {
        for (const [id, { until }] of drawn) {
          if (until !== null && until <= now) {
            drawn.delete(id);
            stale.add(id);
          }
        }
      }
      const ready = [...stale].filter((id) => !held(id));
      if (ready.length === 0) return null;
      const at = new Map(before.map((element, index) => [element.id, index]));
      const next = [...before];
      let order = false;
      const bound = new Set<string>();
      for (const id of ready) {
        stale.delete(id);
        const index = at.get(id);
        const old = index === undefined ? undefined : next[index];
        const wire = picture(id);
        for (const target of old === undefined ? [] : bindings(old)) bound.add(target);
        // As it is shown already: most often what was said here and has come back. What is drawn just now is not.
        const drawn = known.get(id)?.wire !== wire;
        const shown = old === undefined || old.isDeleted || drawn ? null : toWire(old);
        if (wire !== undefined && shown !== null && sameness(shown) === sameness(wire)) continue;
        const element = wire === undefined ? null : make(wire, old);
        if (element === null) {
          if (index !== undefined && old?.isDeleted === false) {
            next[index] = { ...old, isDeleted: true, version: old.version + 1 };
          }
          continue;
        }
        for (const target of bindings(element)) bound.add(target);
        order ||= old?.index !== element.index;
        bound.add(id);
        if (index === undefined) next.push(element);
        else next[index] = element;
      }
      if (bound.size > 0) bind(next, bound);
      return order ? next.sort(below) : next;
    },

    shown(scene) {
      for (const element of scene) versions.set(element.id, element.version);
    },
  };
}

/** Notes at each of `targets` what is bound to it: lines that begin or end there, and the text in it. */
function bind(scene: SceneElement[], targets: Set<string>): void {
  const bound = new Map<string, { id: string; type: string }[]>();
  for (const element of scene) {
    if (element.isDeleted) continue;
    for (const target of bindings(element)) {
      if (!targets.has(target)) continue;
      const type = element.type === 'text' ? 'text' : 'arrow';
      bound.set(target, [...(bound.get(target) ?? []), { id: element.id, type }]);
    }
  }
  scene.forEach((element, index) => {
    if (!targets.has(element.id)) return;
    const now = bound.get(element.id) ?? null;
    if (JSON.stringify(now) === JSON.stringify(element['boundElements'] ?? null)) return;
    scene[index] = { ...element, boundElements: now };
  });
}

/**
 * Elements between Excalidraw and the node. What travels is what cannot be worked out again: which elements are bound to one
 * is said by those that are, and versions are the page's own.
 */
import type { BoardElement } from '~/api/types';

/** What the page reads of an element of Excalidraw's, whatever its type. */
export type SceneElement = {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly isDeleted: boolean;
  readonly index: string | null;
} & Readonly<Record<string, unknown>>;

const common = [
  ['strokeColor', '#1e1e1e'],
  ['backgroundColor', 'transparent'],
  ['fillStyle', 'solid'],
  ['strokeWidth', 2],
  ['strokeStyle', 'solid'],
  ['roundness', null],
  ['roughness', 1],
  ['opacity', 100],
  ['index', null],
  ['groupIds', []],
  ['frameId', null],
  ['link', null],
  ['locked', false],
] as const;

const line = ['points', 'startBinding', 'endBinding', 'startArrowhead', 'endArrowhead'];
const plain: Record<string, string[]> = {
  rectangle: [],
  diamond: [],
  ellipse: [],
  line,
  arrow: [...line, 'elbowed', 'fixedSegments', 'startIsSpecial', 'endIsSpecial'],
  freedraw: ['points', 'pressures', 'simulatePressure'],
  text: [
    'text',
    'originalText',
    'fontSize',
    'fontFamily',
    'textAlign',
    'verticalAlign',
    'containerId',
    'autoResize',
    'lineHeight',
  ],
  image: ['fileId', 'scale', 'crop'],
  frame: ['name'],
};

/** Fields that are fractions of a size: they need more digits than lengths do. */
const fine = new Set(['focus', 'fixedPoint', 'angle']);

/** Numbers as the node keeps them, and no field without a value. */
function tidy(value: unknown, key: string): unknown {
  if (typeof value === 'number') {
    const digits = fine.has(key) ? 10_000 : key === 'pressures' ? 255 : 100;
    return Math.round(value * digits) / digits;
  }
  if (Array.isArray(value)) return value.map((item: unknown) => tidy(item, key));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== null && item !== undefined)
        .map(([name, item]) => [name, tidy(item, name)])
        .sort(([one], [other]) => (String(one) < String(other) ? -1 : 1)),
    );
  }
  return typeof value === 'string' ? value.replaceAll('\r\n', '\n') : value;
}

const leads = /^(https?:\/\/|mailto:)\S+$/i;

/** An element as it is told to the node; null for what does not travel (such as a web page set into the board). */
export function toWire(element: SceneElement): BoardElement | null {
  if (element.isDeleted) return { id: element.id, isDeleted: true };
  const own = plain[element.type];
  if (own === undefined) return null;
  const wire: Record<string, unknown> = {
    id: element.id,
    type: element.type,
    seed: element['seed'],
  };
  for (const key of ['x', 'y', 'width', 'height', 'angle'])
    wire[key] = tidy(element[key] ?? 0, key);
  for (const [key, usual] of common) wire[key] = tidy(element[key] ?? usual, key);
  for (const key of own) {
    const value = tidy(element[key], key);
    if (value !== null && value !== undefined) wire[key] = value;
  }
  // Links to places inside of a drawing mean nothing to others.
  if (typeof wire['link'] === 'string' && !leads.test(wire['link'])) wire['link'] = null;
  return wire as unknown as BoardElement;
}

/** The same for the same element, however it came about. */
export function sameness(wire: BoardElement): string {
  return JSON.stringify(
    Object.entries(tidy(wire, '') as object).filter(([key]) => key !== 'isDeleted'),
  );
}

/** What an element is bound to: the element around a text, and those at the ends of a line. */
export function bindings(element: SceneElement): string[] {
  const ends = [element['startBinding'], element['endBinding']] as (
    { elementId?: unknown } | null | undefined
  )[];
  return [element['containerId'], ...ends.map((end) => end?.elementId)].filter(
    (id) => typeof id === 'string',
  );
}

/** Below is what comes first: by the index, and of two that have the same by the id, everywhere alike. */
export function below(one: SceneElement, other: SceneElement): number {
  const [a, b] = [one.index ?? '', other.index ?? ''];
  if (a !== b) return a < b ? -1 : 1;
  return one.id < other.id ? -1 : 1;
}

/** Names that are being typed after an @. */
import { plainName } from '~/kit/text';

/** Everybody in the space, as one name. */
export const everyone = 'everyone';

export interface Started {
  /** Where the @ stands. */
  at: number;
  /** What follows it, up to the caret. */
  query: string;
}

/** The mention that the caret is in, if it is in one: an @ that begins a word, and at most three words after it. */
export function startedAt(text: string, caret: number): Started | null {
  const before = text.slice(0, caret);
  const at = before.lastIndexOf('@');
  if (at < 0 || /[\p{L}\p{N}]/u.test(before[at - 1] ?? '')) return null;
  const query = before.slice(at + 1);
  return query.length <= 40 && /^[^\s,;:!?]*(?: [^\s,;:!?]+){0,2}$/u.test(query)
    ? { at, query }
    : null;
}

/** The names that may be meant, best first: those that begin so, then those with a later word that does. */
export function fitting(names: string[], query: string, most = 6): string[] {
  const wanted = query.toLocaleLowerCase();
  const all = [...names.map(plainName), everyone];
  const begins = (name: string) => name.toLocaleLowerCase().startsWith(wanted);
  const later = (name: string) =>
    !begins(name) &&
    name
      .toLocaleLowerCase()
      .split(' ')
      .some((word) => word.startsWith(wanted));
  const found = [...all.filter(begins), ...(wanted === '' ? [] : all.filter(later))];
  // What is there already as a whole needs no help.
  return found.some((name) => name.toLocaleLowerCase() === wanted) ? [] : found.slice(0, most);
}

/** The text with the name in place of what was begun, and where the caret belongs then. */
export function complete(text: string, started: Started, name: string): [string, number] {
  const head = `${text.slice(0, started.at)}@${name} `;
  const rest = text.slice(started.at + 1 + started.query.length).replace(/^ /, '');
  return [head + rest, head.length];
}

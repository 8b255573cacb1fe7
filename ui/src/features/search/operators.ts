/** Operators within what was typed: `from:`, `in:`, `is:`. Choosing one changes the words, so that it can be learned. */

export const kinds = [
  ['message', 'Messages'],
  ['file', 'Files'],
  ['issue', 'Issues'],
  ['board', 'Boards'],
  ['page', 'Pages'],
  ['topic', 'Topics'],
  ['person', 'People'],
  ['space', 'Spaces'],
] as const;

const isKind = (value: string) => kinds.some(([kind]) => value.toLowerCase().startsWith(kind));

const pattern = /(^|\s)(-?)(from|in|is):("[^"]*"?|\S*)/gi;

/** What stands behind an operator. `is:pinned` names no kind. */
export function operatorOf(query: string, operator: 'from' | 'in' | 'is'): string | null {
  for (const [, , not, name, typed] of query.matchAll(pattern)) {
    const value = (typed ?? '').replaceAll('"', '');
    if (not !== '' || name?.toLowerCase() !== operator || value === '') continue;
    if (operator !== 'is' || isKind(value)) return value;
  }
  return null;
}

/** The query with another value behind an operator, or without it. It stands first: the last word may be half a word. */
export function withOperator(
  query: string,
  operator: 'from' | 'in' | 'is',
  value: string | null,
): string {
  const rest = query
    .replaceAll(pattern, (whole, space: string, not: string, name: string, typed: string) => {
      const same = not === '' && name.toLowerCase() === operator;
      return same && (operator !== 'is' || isKind(typed.replaceAll('"', ''))) ? space : whole;
    })
    .replace(/\s+/g, ' ')
    .trimStart();
  if (value === null) return rest;
  const plain = value.replaceAll('"', '').trim();
  const quoted = /\s/.test(plain) ? `"${plain}"` : plain;
  return `${operator}:${quoted} ${rest}`;
}

/** What stands beside the main pane, as the address says it. */

/** `people`, `pins`, `person-ID`, `file-ID`: what stands in the address after `?detail=`. */
export type Detail = { kind: 'people' | 'pins' } | { kind: 'person' | 'file'; id: string };

export function parseDetail(text: string | undefined): Detail | null {
  if (text === 'people' || text === 'pins') return { kind: text };
  const [, kind, id] = /^(person|file)-([a-z2-7]{1,64})$/.exec(text ?? '') ?? [];
  if (id === undefined) return null;
  return kind === 'person' ? { kind: 'person', id } : { kind: 'file', id };
}

/** It stands beside the main pane and never on it: what is under it could not be pressed. */
export const detailWidth = 340;

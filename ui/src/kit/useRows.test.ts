import { expect, it } from 'vitest';
import { rowsInSight } from './useRows';

it('draws a short list whole', () => {
  expect(rowsInSight(50, 60, 0, 600)).toEqual({ first: 0, end: 50, above: 0, below: 0 });
});

it('draws what is in sight of a long one, and keeps the height of the rest', () => {
  const rows = rowsInSight(3000, 60, 60_000, 600);
  expect(rows.first).toBe(988);
  expect(rows.end).toBe(1022);
  expect(rows.above + (rows.end - rows.first) * 60 + rows.below).toBe(3000 * 60);
});

it('draws something after the list has shrunk under the scroll position', () => {
  const rows = rowsInSight(130, 60, 60_000, 600);
  expect(rows.end).toBe(130);
  expect(rows.first).toBeLessThan(130);
});

import { expect, it } from 'vitest';
import type { SharedFile } from '~/api/types';
import { findFiles, isSort } from './sort';

const file = (name: string, size: number, time: number, author_name = 'Bo') =>
  ({ id: name, name, size, time, author_name }) as SharedFile;
const files = [
  file('Drawings/b10.dwg', 5, 3),
  file('b2.dwg', 9, 1, 'Cy Moreau'),
  file('Photos/A.jpg', 7, 2),
];
const names = (query: string, sort: Parameters<typeof findFiles>[2]) =>
  findFiles(files, query, sort).map(({ name }) => name);

it('finds by every word, in name, folder and person', () => {
  expect(names('dwg', 'name')).toEqual(['b2.dwg', 'Drawings/b10.dwg']);
  expect(names('DRAW b1', 'name')).toEqual(['Drawings/b10.dwg']);
  expect(names('moreau', 'name')).toEqual(['b2.dwg']);
});

it('orders by name as people count, by size and by time, both ways', () => {
  expect(names('', 'name')).toEqual(['Photos/A.jpg', 'b2.dwg', 'Drawings/b10.dwg']);
  expect(names('', '-size')[0]).toBe('b2.dwg');
  expect(names('', '-time')[0]).toBe('Drawings/b10.dwg');
  expect(isSort('-time')).toBe(true);
  expect(isSort('owner')).toBe(false);
});

import { expect, it } from 'vitest';
import { findCommands, matchScore, type Command } from './commands';

const command = (group: Command['group'], label: string, words = ''): Command => ({
  key: label,
  group,
  label,
  words,
  icon: 'chat',
  run: () => undefined,
});
const all = [
  command('Spaces', 'Harbour Quay'),
  command('People', 'Bo Tanaka'),
  command('Files', 'quay-wall.dwg'),
  command('Actions', 'Dark theme', 'night'),
];
const labels = (query: string) => findCommands(all, query).map(({ label }) => label);

it('prefers the start, then the start of a word, then anywhere, then scattered letters', () => {
  const scores = ['quay', 'harbour quay', 'aquay', 'q-u-a-y', 'x'].map((text) =>
    matchScore(text, 'quay'),
  );
  expect(scores).toEqual([...scores].sort((a, b) => b - a));
  expect(scores.at(-1)).toBe(0);
});

it('offers places and actions before anything is typed, and the best group first after', () => {
  expect(labels('')).toEqual(['Harbour Quay', 'Dark theme']);
  expect(labels('quay')).toEqual(['quay-wall.dwg', 'Harbour Quay']);
  expect(labels('night')).toEqual(['Dark theme']);
  expect(labels('zzz')).toEqual([]);
});

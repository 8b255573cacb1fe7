import { describe, expect, it } from 'vitest';
import { complete, fitting, startedAt } from './mention';

describe('a mention that is being typed', () => {
  it.each([
    ['@', 1, { at: 0, query: '' }],
    ['hi @Bo', 6, { at: 3, query: 'Bo' }],
    ['hi @Bo Ta', 9, { at: 3, query: 'Bo Ta' }],
    ['(@b', 3, { at: 1, query: 'b' }],
    ['hi @Bo, and more', 16, null],
    ['mail ann@lee', 12, null],
    ['no name', 7, null],
    ['@Bo\nnext', 8, null],
    ['@Bo and that is all', 2, { at: 0, query: 'B' }],
  ])('in %j at %d', (text, caret, started) => {
    expect(startedAt(text, caret)).toEqual(started);
  });

  it('finds names by any of their words, those that begin so first', () => {
    const names = ['Ann Lee', 'Bo Tanaka', 'Tao Bo', 'Zoë'];
    expect(fitting(names, 'bo')).toEqual(['Bo Tanaka', 'Tao Bo']);
    expect(fitting(names, 'zo')).toEqual(['Zoë']);
    expect(fitting(names, 'e')).toEqual(['everyone']);
    expect(fitting(names, '')).toEqual([...names, 'everyone']);
    expect(fitting(names, 'bo tanaka')).toEqual([]);
    expect(fitting(names, 'nobody')).toEqual([]);
  });

  it('puts the name in place', () => {
    expect(complete('hi @bo and', { at: 3, query: 'bo' }, 'Bo Tanaka')).toEqual([
      'hi @Bo Tanaka and',
      14,
    ]);
    expect(complete('@', { at: 0, query: '' }, 'everyone')).toEqual(['@everyone ', 10]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Activity, Message } from '~/api/types';
import { changeWords, toEntries } from './activity';

const change = (over: Partial<Activity>): Activity => ({
  time: 1,
  person: { person: 'ann', name: 'Ann' },
  field: 'status',
  from: null,
  to: 'doing',
  ...over,
});
const message = (id: string, time: number) => ({ id, time, nonce: null }) as Message;

describe('what became of an issue', () => {
  it('is in the order of time, changes that belong together on one line', () => {
    const entries = toEntries(
      [
        change({ field: null, to: null }),
        change({ time: 2 }),
        change({ time: 50_000, field: 'priority', to: 'high' }),
        change({ time: 900_000 }),
      ],
      [message('a', 10_000), message('b', 60_000)],
      [],
    );
    expect(
      entries.map((entry) =>
        entry.kind === 'change' ? entry.changes.length : entry.kind === 'message' ? entry.key : '',
      ),
    ).toEqual([2, 'a', 1, 'b', 1]);
  });

  it('keeps the changes of two people apart', () => {
    const bo = { person: 'bo', name: 'Bo' };
    expect(toEntries([change({}), change({ person: bo })], [], [])).toHaveLength(2);
  });

  it.each([
    [change({}), 'set the status to In progress'],
    [change({ field: 'due', from: '2026-11-27', to: null }), 'took the due day away'],
    [change({ field: 'label', to: 'bug' }), 'added the label bug'],
    [change({ field: 'label', from: 'bug', to: null }), 'took the label bug off'],
    [change({ field: 'archived', to: 'archived' }), 'put it away'],
    [change({ field: null, to: null }), 'made the issue'],
    [change({ field: 'weight', to: '3' }), 'set weight to 3'],
  ])('is said in words: %o', (one, words) => {
    expect(changeWords(one)).toBe(words);
  });
});

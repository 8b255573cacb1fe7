import { expect, it } from 'vitest';
import type { Message } from '~/api/types';
import { toRows, type Row } from './rows';

const minute = 60_000;
const noon = Date.parse('2026-11-20T11:00:00Z');
const message = (id: string, time: number, more: Partial<Message> = {}): Message => ({
  id,
  author: 'bo',
  guest: false,
  author_name: 'Bo',
  author_device: 'd',
  mine: false,
  text: id,
  time,
  state: 'held',
  held_by: 2,
  of: 2,
  nonce: null,
  file: null,
  reply: null,
  changed: null,
  pinned: false,
  reactions: [],
  place: null,
  unread: false,
  mention: false,
  deleted: null,
  imported: null,
  ...more,
});
const me = { author: 'me', mine: true };
const shape = (rows: Row[]) =>
  rows.map((row) =>
    row.kind === 'divider'
      ? `-- ${row.label}`
      : `${row.head ? 'head' : 'next'} ${row.key}${row.kind === 'message' && row.stated ? ' stated' : ''}`,
  );

it('groups what one person says within five minutes, and starts anew for another', () => {
  const rows = toRows(
    [
      message('a', noon),
      message('b', noon + minute),
      message('c', noon + 10 * minute),
      message('d', noon + 10 * minute, { author: 'cy' }),
    ],
    [],
    null,
    noon,
  );
  expect(shape(rows)).toEqual([
    '-- Today',
    'head a stated',
    'next b stated',
    'head c stated',
    'head d stated',
  ]);
});

it('draws days and the "New" line, and one line where both fall together', () => {
  const list = [message('a', noon - 86_400_000), message('b', noon), message('c', noon + minute)];
  expect(shape(toRows(list, [], 'c', noon))).toContain('-- New');
  expect(shape(toRows(list, [], 'b', noon))).toEqual([
    '-- Yesterday',
    'head a stated',
    '-- New · today',
    'head b stated',
    'next c stated',
  ]);
});

it('says a state once for a run of messages that share it', () => {
  const rows = toRows(
    [
      message('a', noon, me),
      message('b', noon + 1000, me),
      message('c', noon + 2000, me),
      message('d', noon + 3000, { ...me, state: 'waiting', held_by: 0 }),
    ],
    [],
    null,
    noon,
  );
  expect(shape(rows)).toEqual([
    '-- Today',
    'head a stated',
    'next b',
    'next c stated',
    'next d stated',
  ]);
});

it('puts what is pending under the last own message', () => {
  const pending = {
    nonce: 'n',
    space: 's',
    place: 'general',
    text: 'x',
    time: noon + minute,
    state: 'sending' as const,
    tab: 't',
    reason: '',
    attached: null,
    file: null,
    reply: null,
  };
  expect(shape(toRows([message('a', noon, me)], [pending], null, noon)).at(-1)).toBe('next n');
  expect(shape(toRows([message('a', noon)], [pending], null, noon)).at(-1)).toBe('head n');
});

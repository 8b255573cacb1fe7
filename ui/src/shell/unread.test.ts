import { expect, it } from 'vitest';
import type { Space, Topic } from '~/api/types';
import { nextUnread, unreadOf } from './unread';

const spaces = [
  { space: 'a', unread: 2, unread_issues: 0, unread_boards: 0 },
  { space: 'b', unread: 0 },
  { space: 'c', unread: 1 },
] as Space[];
const next = (from: string | null, step: 1 | -1) =>
  nextUnread(
    spaces,
    ({ space }) => space === from,
    step,
    ({ unread }) => unread,
  )?.space;

it('goes round through what is unread, in both directions', () => {
  expect(next('b', 1)).toBe('c');
  expect(next('b', -1)).toBe('a');
  expect(next('c', 1)).toBe('a');
  expect(next(null, 1)).toBe('a');
  expect(next(null, -1)).toBe('c');
  const nothing = nextUnread<Space>([], Boolean, 1, ({ unread }) => unread);
  expect(nothing).toBeUndefined();
});

it('does not count what is being read, and of what is muted only what names me', () => {
  const topics = [
    { id: 'general', unread: 5, mentions: 0, attention: 'all' },
    { id: 'walls', unread: 2, mentions: 0, attention: 'mentions' },
    { id: 'lunch', unread: 9, mentions: 1, attention: 'muted' },
  ] as Topic[];
  const [a, b] = spaces as [Space, Space];
  const seen = { space: 'a', place: 'general' };
  expect(unreadOf(a, seen, topics)).toBe(3);
  expect(unreadOf(a, { ...seen, place: 'walls' }, topics)).toBe(6);
  expect(unreadOf(a, seen, undefined)).toBe(0);
  expect(unreadOf(a, null, topics)).toBe(2);
  expect(unreadOf(b, seen, topics)).toBe(0);
});

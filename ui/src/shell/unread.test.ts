import { expect, it } from 'vitest';
import type { Space } from '~/api/types';
import { nextUnread, unreadOf } from './unread';

const spaces = [
  { space: 'a', unread: 2 },
  { space: 'b', unread: 0 },
  { space: 'c', unread: 1 },
] as Space[];

it('goes round through what is unread, in both directions', () => {
  expect(nextUnread(spaces, 'b', 1, null)?.space).toBe('c');
  expect(nextUnread(spaces, 'b', -1, null)?.space).toBe('a');
  expect(nextUnread(spaces, 'c', 1, null)?.space).toBe('a');
  expect(nextUnread(spaces, null, 1, null)?.space).toBe('a');
  expect(nextUnread(spaces, null, -1, null)?.space).toBe('c');
  expect(nextUnread([], null, 1, null)).toBeUndefined();
});

it('does not count what is being read', () => {
  expect(nextUnread(spaces, 'b', 1, 'c')?.space).toBe('a');
  expect(spaces.map((space) => unreadOf(space, 'a'))).toEqual([0, 0, 1]);
});

/** What counts as unread, and the order in which the keyboard goes through it. */
import type { Space } from '~/api/types';

/** What is being read right now counts as read, even before the node has heard of it. */
export const unreadOf = (space: Space, attended: string | null): number =>
  space.space === attended ? 0 : space.unread;

/** The next space with something unread after (or before) `from`, going round. */
export function nextUnread(
  spaces: Space[],
  from: string | null,
  step: 1 | -1,
  attended: string | null,
): Space | undefined {
  const start = spaces.findIndex(({ space }) => space === from);
  for (let away = 1; away <= spaces.length; away++) {
    const index = (start + step * away + spaces.length * 2) % spaces.length;
    const space = spaces[start < 0 && step > 0 ? away - 1 : index];
    if (space !== undefined && space.space !== from && unreadOf(space, attended) > 0) return space;
  }
  return undefined;
}

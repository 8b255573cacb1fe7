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
  const at = spaces.findIndex(({ space }) => space === from);
  // In the order of the walk: those after, then those before, never the one it starts from.
  const around = at < 0 ? [...spaces] : [...spaces.slice(at + 1), ...spaces.slice(0, at)];
  if (step < 0) around.reverse();
  return around.find((space) => unreadOf(space, attended) > 0);
}

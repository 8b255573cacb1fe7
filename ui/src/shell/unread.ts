/** What counts as unread, and the order in which the keyboard goes through it. */
import { useTopics } from '~/api/queries';
import { useStore } from '~/api/store';
import { countOf, general, type Talk } from '~/api/talk';
import type { Space, Topic } from '~/api/types';
import { attended } from '~/parts/attention';

/** What is being read right now counts as read, even before the node has heard of it. */
export function unreadOf(space: Space, seen: Talk | null, topics: Topic[] | undefined): number {
  if (seen?.space !== space.space) return space.unread;
  // Without topics all of it is in front of the reader.
  const elsewhere = seen.place === general ? space.unread_issues + space.unread_boards : 0;
  return unreadBeside(topics ?? [], seen.place) + elsewhere;
}

/** What is unread in all topics but one. */
export const unreadBeside = (topics: Topic[], place: string | null): number =>
  topics.reduce((sum, topic) => sum + (topic.id === place ? 0 : countOf(topic)), 0);

/** How much is unread of a space. */
export function useUnread(): (space: Space) => number {
  const seen = useStore(attended);
  const topics = useTopics(seen?.space ?? '').data;
  return (space) => unreadOf(space, seen, topics);
}

/** The next one with something unread after (or before) `from`, going round; never `from` itself. */
export function nextUnread<T>(
  items: T[],
  isFrom: (item: T) => boolean,
  step: 1 | -1,
  unread: (item: T) => number,
): T | undefined {
  const at = items.findIndex(isFrom);
  // In the order of the walk: those after, then those before.
  const around = at < 0 ? [...items] : [...items.slice(at + 1), ...items.slice(0, at)];
  if (step < 0) around.reverse();
  return around.find((item) => unread(item) > 0);
}

/** The keyboard's way to what is unread: first within a space, then on to the next one. */
import { useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';
import { cache } from '~/api/cache';
import { topicsQuery, useSpaces, useTopics } from '~/api/queries';
import { countOf, general, talkPath } from '~/api/talk';
import { nextUnread, useUnread } from './unread';

export function useNextUnread(space: string | null, topic: string | null) {
  const navigate = useNavigate();
  const spaces = useSpaces().data;
  const topics = useTopics(space ?? '').data;
  const unread = useUnread();
  return useCallback(
    async (step: 1 | -1) => {
      const place = topic ?? general;
      const here = topics ?? [];
      const at = here.findIndex(({ id }) => id === place);
      // To the end of this space, then through the others, and in the end to its other side.
      const rest = step > 0 ? here.slice(at + 1) : here.slice(0, Math.max(at, 0)).reverse();
      const next = rest.find((item) => countOf(item) > 0);
      if (space !== null && next !== undefined) {
        await navigate({ href: talkPath({ space, place: next.id }) });
        return;
      }
      const other = nextUnread(spaces ?? [], (item) => item.space === space, step, unread);
      const to = other?.space ?? space;
      if (to === null) return;
      const there = await cache.query({ ...topicsQuery(to), staleTime: 0 });
      const found = step > 0 ? there : there.toReversed();
      const first = found.find((item) => countOf(item) > 0 && (to !== space || item.id !== place));
      if (first !== undefined) await navigate({ href: talkPath({ space: to, place: first.id }) });
    },
    [spaces, topics, space, topic, unread, navigate],
  );
}

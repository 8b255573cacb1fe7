/** Asking for what was written: an answer for each key, the one before it kept until the next is there. */
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { keys } from './cache';
import { request } from './client';
import type { SearchAnswer } from './types';

const pageSize = 30;
/** What has only just come is indexed a moment later; then the answer is asked for again. */
const askAgain = 400;

function ask(
  q: string,
  limit: number,
  cursor: string | null,
  signal: AbortSignal,
): Promise<SearchAnswer> {
  // Minutes ahead of UTC: days begin where the reader is.
  const offset = -new Date().getTimezoneOffset();
  const query = new URLSearchParams({ q, limit: String(limit), offset: String(offset) });
  if (cursor !== null) query.set('cursor', cursor);
  return request<SearchAnswer>('GET', `/search?${query}`, undefined, signal);
}

/** The best few. */
export function useFew(q: string, limit: number) {
  return useQuery({
    queryKey: keys.search(q, limit),
    queryFn: ({ signal }) => ask(q, limit, null, signal),
    enabled: q !== '',
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (state.data?.complete === false ? askAgain : false),
    staleTime: 0,
    gcTime: 10_000,
  });
}

/** All, page by page. */
export function useFound(q: string) {
  return useInfiniteQuery({
    queryKey: keys.search(q, 0),
    queryFn: ({ signal, pageParam }) => ask(q, pageSize, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    enabled: q !== '',
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      state.data?.pages.some(({ complete }) => !complete) === true ? askAgain : false,
    staleTime: 0,
    gcTime: 10_000,
  });
}

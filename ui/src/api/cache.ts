/** The page's memory of what the node said: one query cache, and the names of what is in it. */
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { ApiError, Unreachable } from './client';
import type { Talk } from './talk';

export const keys = {
  status: ['status'] as const,
  settings: ['settings'] as const,
  mail: ['mail'] as const,
  spaces: ['spaces'] as const,
  transfers: ['transfers'] as const,
  members: (space: string) => ['members', space] as const,
  messages: ({ space, place }: Talk) => ['messages', space, place] as const,
  allMessages: (space: string) => ['messages', space] as const,
  kind: (space: string, place: string) => ['kind', space, place] as const,
  topics: (space: string) => ['topics', space] as const,
  holders: (space: string, message: string) => ['holders', space, message] as const,
  pinned: (space: string) => ['pinned', space] as const,
  versions: (space: string, message: string) => ['versions', space, message] as const,
  search: (q: string, limit: number) => ['search', q, limit] as const,
  /** Everything about issues of a space begins with this. */
  issues: (space: string) => ['issues', space] as const,
  /** What was said at a board or a page. */
  comments: (space: string, place: string) => ['comments', space, place] as const,
  pages: (space: string) => ['pages', space] as const,
  pageHistory: (space: string, page: string) => ['page-history', space, page] as const,
  boards: (space: string) => ['boards', space] as const,
  files: (space: string) => ['files', space] as const,
  job: (id: string) => ['job', id] as const,
  invitations: (space: string) => ['invitations', space] as const,
};

export function createCache(): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache(),
    mutationCache: new MutationCache(),
    defaultOptions: {
      queries: {
        // Events keep the cache right; a reconnect fetches everything in use again.
        staleTime: Infinity,
        gcTime: 30 * 60_000,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        // The node is on this computer: "offline" says nothing about it.
        networkMode: 'always',
        retry: (failures, error) =>
          error instanceof Unreachable ? false : !(error instanceof ApiError) && failures < 2,
      },
    },
  });
}

export const cache = createCache();

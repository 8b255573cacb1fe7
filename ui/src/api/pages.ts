/** Pages of a space: what can be asked about them, and done with them. Their text is told over a line of its own. */
import { useQueries, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { cache, keys } from './cache';
import { base, reportDown, request, settle, Unreachable } from './client';
import { useSpaces } from './queries';
import type { Comment, Page, PageChange, PageMarkdown, PageRun, PageVersion } from './types';

const pagesQuery = (space: string) => ({
  queryKey: keys.pages(space),
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    request<Page[]>('GET', `/spaces/${space}/pages`, undefined, signal),
});

/** All pages of a space, archived ones too; the tree is in their parents and orders. */
export const usePages = (space: string): UseQueryResult<Page[]> =>
  useQuery({ ...pagesQuery(space), enabled: space !== '' });

/** Pages of all spaces, in the order of `useSpaces`; undefined where they are not known yet. */
export function useAllPages(): (Page[] | undefined)[] {
  const spaces = useSpaces().data ?? [];
  return useQueries({
    queries: spaces.map(({ space }) => pagesQuery(space)),
    combine: dataOf,
  });
}

const dataOf = (results: UseQueryResult<Page[]>[]): (Page[] | undefined)[] =>
  results.map(({ data }) => data);

const put = (space: string, page: Page): Page => {
  cache.setQueryData<Page[]>(keys.pages(space), (pages = []) => [
    ...pages.filter(({ id }) => id !== page.id),
    page,
  ]);
  return page;
};

export const createPage = async (
  space: string,
  page: { title: string; parent?: string; markdown?: string },
) => put(space, await request<Page>('POST', `/spaces/${space}/pages`, page));

/** What a page will be. Of what is null only the parent means something: the top. */
const changed = (page: Page, { title, parent, order, archived }: PageChange): Page => ({
  ...page,
  title: title ?? page.title,
  parent: parent === undefined ? page.parent : parent,
  order: order ?? page.order,
  archived: archived ?? page.archived,
});

/** Shows at once, and goes back when the node says no. */
export async function changePage(space: string, id: string, change: PageChange): Promise<Page> {
  const before = cache.getQueryData<Page[]>(keys.pages(space));
  cache.setQueryData<Page[]>(keys.pages(space), (pages) =>
    pages?.map((page) => (page.id === id ? changed(page, change) : page)),
  );
  try {
    return put(space, await request<Page>('PATCH', `/spaces/${space}/pages/${id}`, change));
  } catch (error) {
    cache.setQueryData(keys.pages(space), before);
    throw error;
  }
}

/** What was said at a page, oldest first. */
export function usePageComments(space: string, page: string): UseQueryResult<Comment[]> {
  return useQuery({
    queryKey: keys.comments(space, page),
    queryFn: ({ signal }) =>
      request<Comment[]>('GET', `/spaces/${space}/pages/${page}/comments`, undefined, signal),
  });
}

/** Says something at a page, about a passage of it or all of it. */
export async function commentPage(
  space: string,
  page: string,
  text: string,
  about: string | null,
): Promise<void> {
  const body = about === null ? { text } : { text, element: about };
  const made = await request<Comment>('POST', `/spaces/${space}/pages/${page}/comments`, body);
  cache.setQueryData<Comment[]>(keys.comments(space, page), (comments) =>
    comments?.some(({ message }) => message.id === made.message.id) === true
      ? comments
      : [...(comments ?? []), made],
  );
}

/** Who wrote when, newest first. */
export function usePageHistory(space: string, page: string): UseQueryResult<PageRun[]> {
  return useQuery({
    queryKey: keys.pageHistory(space, page),
    queryFn: ({ signal }) =>
      request<PageRun[]>('GET', `/spaces/${space}/pages/${page}/history`, undefined, signal),
    staleTime: 0,
  });
}

/** The text as it was at the end of one run. */
export function usePageThen(space: string, page: string, run: string): UseQueryResult<PageVersion> {
  return useQuery({
    queryKey: [...keys.pageHistory(space, page), run],
    queryFn: ({ signal }) =>
      request<PageVersion>(
        'GET',
        `/spaces/${space}/pages/${page}/history/${run}`,
        undefined,
        signal,
      ),
  });
}

/** All that the node has kept of a page's text, as Loro has it. */
export async function pageState(space: string, page: string): Promise<Uint8Array> {
  const path = `${base}/spaces/${space}/pages/${page}/state`;
  const response = await fetch(path, { credentials: 'same-origin' }).catch(() => {
    reportDown();
    throw new Unreachable();
  });
  if (!response.ok) settle(response.status, await response.text().catch(() => ''));
  return new Uint8Array(await response.arrayBuffer());
}

export const pageMarkdown = async (space: string, page: string): Promise<string> =>
  (await request<PageMarkdown>('GET', `/spaces/${space}/pages/${page}/markdown`)).markdown;

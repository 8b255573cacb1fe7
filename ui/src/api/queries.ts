/** What a view can ask for. Each hook fetches once; events and actions keep it right afterwards. */
import { useQueries, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useMemo } from 'react';
import { cache, keys } from './cache';
import { ApiError, request } from './client';
import {
  appendPage,
  emptyWindow,
  prependPage,
  refresh,
  trim,
  type MessageWindow,
} from './messages';
import { placeOf, type Talk } from './talk';
import type {
  Board,
  Comment,
  Holder,
  Invitation,
  MailSettings,
  Member,
  Message,
  MessagePage,
  Settings,
  SharedFile,
  Space,
  Status,
  Topic,
  Transfer,
  Version,
} from './types';

const pageSize = 50;
const refreshLimit = 200;

/** `every`: also ask again after so many milliseconds, for figures that no event carries. */
export function useStatus(every?: number): UseQueryResult<Status> {
  return useQuery({
    queryKey: keys.status,
    queryFn: ({ signal }) => request<Status>('GET', '/status', undefined, signal),
    refetchInterval: every ?? false,
  });
}

/** What was chosen for this device. */
export function useSettings(): UseQueryResult<Settings> {
  return useQuery({
    queryKey: keys.settings,
    queryFn: ({ signal }) => request<Settings>('GET', '/settings', undefined, signal),
  });
}

/** The mail server that invitations are sent through. */
export function useMail(): UseQueryResult<MailSettings> {
  return useQuery({
    queryKey: keys.mail,
    queryFn: ({ signal }) => request<MailSettings>('GET', '/mail', undefined, signal),
  });
}

export function useSpaces(): UseQueryResult<Space[]> {
  return useQuery({
    queryKey: keys.spaces,
    queryFn: ({ signal }) => request<Space[]>('GET', '/spaces', undefined, signal),
  });
}

export function useSpace(id: string): Space | undefined {
  return useSpaces().data?.find(({ space }) => space === id);
}

const membersQuery = (space: string) => ({
  queryKey: keys.members(space),
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    request<Member[]>('GET', `/spaces/${space}/members`, undefined, signal),
});

const filesQuery = (space: string) => ({
  queryKey: keys.files(space),
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    request<SharedFile[]>('GET', `/spaces/${space}/files`, undefined, signal),
});

export function useMembers(space: string, every?: number): UseQueryResult<Member[]> {
  return useQuery({
    ...membersQuery(space),
    refetchInterval: every ?? false,
    enabled: space !== '',
  });
}

export function useFiles(space: string): UseQueryResult<SharedFile[]> {
  return useQuery({
    ...filesQuery(space),
    enabled: space !== '',
  });
}

/** Members of all spaces, in the order of `useSpaces`; undefined where they are not known yet. */
export function useAllMembers(): (Member[] | undefined)[] {
  const spaces = useSpaces().data ?? [];
  return useQueries({
    queries: spaces.map(({ space }) => membersQuery(space)),
    combine: dataOf,
  });
}

/** Files of all spaces, in the order of `useSpaces`; undefined where they are not known yet. */
export function useAllFiles(): (SharedFile[] | undefined)[] {
  const spaces = useSpaces().data ?? [];
  return useQueries({
    queries: spaces.map(({ space }) => filesQuery(space)),
    combine: dataOf,
  });
}

const dataOf = <T>(results: UseQueryResult<T>[]): (T | undefined)[] =>
  results.map(({ data }) => data);

/** Everybody one shares a space with, by id. */
export function usePeople(): Map<string, Member> {
  const all = useAllMembers();
  return useMemo(
    () =>
      new Map(all.flatMap((members) => (members ?? []).map((member) => [member.person, member]))),
    [all],
  );
}

/** What was said at a board, oldest first. */
export function useComments(space: string, board: string): UseQueryResult<Comment[]> {
  return useQuery({
    queryKey: keys.comments(space, board),
    queryFn: ({ signal }) =>
      request<Comment[]>('GET', `/spaces/${space}/boards/${board}/comments`, undefined, signal),
  });
}

/** The boards of a space, the last drawn on first. */
export function useBoards(space: string): UseQueryResult<Board[]> {
  return useQuery({
    queryKey: keys.boards(space),
    queryFn: ({ signal }) => request<Board[]>('GET', `/spaces/${space}/boards`, undefined, signal),
    enabled: space !== '',
  });
}

export function useInvitations(space: string, enabled: boolean): UseQueryResult<Invitation[]> {
  return useQuery({
    queryKey: keys.invitations(space),
    queryFn: ({ signal }) =>
      request<Invitation[]>('GET', `/spaces/${space}/invitations`, undefined, signal),
    enabled,
  });
}

export function useTransfers(): UseQueryResult<Transfer[]> {
  return useQuery({
    queryKey: keys.transfers,
    queryFn: ({ signal }) => request<Transfer[]>('GET', '/transfers', undefined, signal),
  });
}

export function useHolders(
  space: string,
  message: string,
  enabled: boolean,
): UseQueryResult<Holder[]> {
  return useQuery({
    queryKey: keys.holders(space, message),
    queryFn: ({ signal }) =>
      request<Holder[]>('GET', `/spaces/${space}/messages/${message}/holders`, undefined, signal),
    enabled,
    staleTime: 0,
  });
}

export function usePinned(space: string): UseQueryResult<Message[]> {
  return useQuery({
    queryKey: keys.pinned(space),
    queryFn: ({ signal }) =>
      request<Message[]>('GET', `/spaces/${space}/pinned`, undefined, signal),
  });
}

export function useVersions(space: string, message: string): UseQueryResult<Version[]> {
  return useQuery({
    queryKey: keys.versions(space, message),
    queryFn: ({ signal }) =>
      request<Version[]>('GET', `/spaces/${space}/messages/${message}/versions`, undefined, signal),
    staleTime: 0,
  });
}

/** The general talk, then the topics, those in use last first. */
export const topicsQuery = (space: string) => ({
  queryKey: keys.topics(space),
  queryFn: ({ signal }: { signal?: AbortSignal }) =>
    request<Topic[]>('GET', `/spaces/${space}/topics`, undefined, signal),
});

export function useTopics(space: string): UseQueryResult<Topic[]> {
  return useQuery({ ...topicsQuery(space), enabled: space !== '' });
}

/** What a place that is no topic is; null when it is not here. */
export function useKindOf(
  space: string,
  place: string,
): UseQueryResult<'issue' | 'board' | 'page' | null> {
  return useQuery({
    queryKey: keys.kind(space, place),
    queryFn: async ({ signal }) => {
      const is = (noun: string) =>
        request('GET', `/spaces/${space}/${noun}/${place}`, undefined, signal).then(
          () => true,
          (error: unknown) => {
            if (error instanceof ApiError) return false;
            throw error;
          },
        );
      if (await is('issues')) return 'issue';
      if (await is('boards')) return 'board';
      return (await is('pages')) ? 'page' : null;
    },
    staleTime: 0,
  });
}

/** Topics of all spaces, in the order of `useSpaces`; undefined where they are not known yet. */
export function useAllTopics(): (Topic[] | undefined)[] {
  const spaces = useSpaces().data ?? [];
  return useQueries({
    queries: spaces.map(({ space }) => topicsQuery(space)),
    combine: dataOf,
  });
}

/** The ids of what was said at a place from one message on, at most 1,000. */
export async function idsFrom(talk: Talk, id: string): Promise<string[]> {
  const query = new URLSearchParams({ place: talk.place, after: id, limit: '999' });
  const page = await request<MessagePage>('GET', `/spaces/${talk.space}/messages?${query}`);
  return [id, ...page.messages.map((message) => message.id)];
}

export const getMessage = (space: string, id: string) =>
  request<Message>('GET', `/spaces/${space}/messages/${id}`);

export function useMessages(talk: Talk): UseQueryResult<MessageWindow> {
  return useQuery({
    queryKey: keys.messages(talk),
    queryFn: async ({ signal }) => {
      const shown = new Set(loadedMessages(talk).messages.map(({ id }) => id));
      const limit = Math.min(Math.max(shown.size, pageSize), refreshLimit);
      const page = await messagePage(talk, { limit }, signal);
      return refresh(cache.getQueryData<MessageWindow>(keys.messages(talk)), page, shown);
    },
  });
}

function messagePage(
  { space, place }: Talk,
  at: { limit: number; before?: string; after?: string },
  signal?: AbortSignal,
): Promise<MessagePage> {
  const query = new URLSearchParams({ place, limit: String(at.limit) });
  if (at.before !== undefined) query.set('before', at.before);
  if (at.after !== undefined) query.set('after', at.after);
  return request('GET', `/spaces/${space}/messages?${query}`, undefined, signal);
}

function loadedMessages(talk: Talk): MessageWindow {
  return cache.getQueryData<MessageWindow>(keys.messages(talk)) ?? emptyWindow;
}

function changeLoaded(talk: Talk, change: (window: MessageWindow) => MessageWindow): void {
  cache.setQueryData<MessageWindow>(keys.messages(talk), (before) => change(before ?? emptyWindow));
}

/** One page further into the past. */
export async function loadOlder(talk: Talk): Promise<void> {
  const { messages, older } = loadedMessages(talk);
  const before = messages[0]?.id;
  if (!older || before === undefined) return;
  const page = await messagePage(talk, { limit: pageSize, before });
  changeLoaded(talk, (window) =>
    window.messages[0]?.id === before ? prependPage(window, page) : window,
  );
}

/** One page further towards the present, after a jump into the past. */
export async function loadNewer(talk: Talk): Promise<void> {
  const { messages, newer } = loadedMessages(talk);
  const after = messages.at(-1)?.id;
  if (!newer || after === undefined) return;
  const page = await messagePage(talk, { limit: pageSize, after });
  changeLoaded(talk, (window) =>
    window.messages.at(-1)?.id === after ? appendPage(window, page) : window,
  );
}

/** Loads the stretch around one message. False when it is not there. */
export async function loadAround(talk: Talk, id: string): Promise<boolean> {
  if (loadedMessages(talk).messages.some((message) => message.id === id)) return true;
  const before = await messagePage(talk, { limit: pageSize / 2, before: id });
  const previous = before.messages.at(-1)?.id;
  if (previous === undefined) {
    // Nothing was said before it here: it is the first, or stands elsewhere.
    const first = await getMessage(talk.space, id);
    if (placeOf(first) !== talk.place) return false;
    const after = await messagePage(talk, { limit: pageSize, after: id });
    changeLoaded(talk, () => appendPage({ messages: [first], older: false, newer: true }, after));
    return true;
  }
  const after = await messagePage(talk, { limit: pageSize, after: previous });
  if (!after.messages.some((message) => message.id === id)) return false;
  changeLoaded(talk, () =>
    appendPage({ messages: before.messages, older: before.more, newer: true }, after),
  );
  return true;
}

/** Back to the present after a jump into the past. */
export async function loadNewest(talk: Talk): Promise<void> {
  const page = await messagePage(talk, { limit: pageSize });
  changeLoaded(talk, () => refresh(undefined, page));
}

/** Lets go of a long scrolled-up history once the reader is back at the end. */
export function forgetOldest(talk: Talk): void {
  changeLoaded(talk, (window) => trim(window, refreshLimit));
}

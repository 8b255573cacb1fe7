/** What each live event does to the query cache. Pure towards the node: it asks for nothing itself. */
import type { QueryClient, QueryKey } from '@tanstack/react-query';
import { keys } from './cache';
import { changeState, receive, update, type MessageWindow } from './messages';
import { placeOf } from './talk';
import type {
  Message,
  NodeEvent,
  Peer,
  Settings,
  SharedFile,
  Space,
  Status,
  Transfer,
} from './types';

/** Applies `event`; returns the keys whose data the event did not carry and that must be fetched. */
export function applyEvent(cache: QueryClient, event: NodeEvent): QueryKey[] {
  switch (event.event) {
    case 'chat.message':
      patch<MessageWindow>(
        cache,
        keys.messages({ space: event.space, place: placeOf(event.message) }),
        (window) => receive(window, event.message),
      );
      // Unread counts and last messages are the node's to count.
      return [
        keys.spaces,
        keys.topics(event.space),
        // It may be said at an issue, whose comments are counted.
        ...(event.message.place ? [keys.issues(event.space)] : []),
        ...atPlace(event),
      ];
    case 'chat.changed':
      patchTalks(cache, event.space, (window, place) => update(window, event.message, place));
      // The newest message of a space may say something else now, or stand elsewhere.
      return [
        keys.spaces,
        keys.topics(event.space),
        keys.pinned(event.space),
        keys.versions(event.space, event.id),
        ...atPlace(event),
      ];
    case 'chat.state':
      patchTalks(cache, event.space, (window) => changeState(window, event.id, event));
      return [keys.spaces, keys.holders(event.space, event.id)];
    case 'job.ended':
      cache.setQueryData(keys.job(event.id), event.job);
      return event.job.kind === 'import' ? [keys.spaces] : [];
    case 'board.changed':
      return [keys.boards(event.space)];
    case 'page.changed':
      return [keys.pages(event.space), keys.pageHistory(event.space, event.id)];
    case 'read.changed':
      patchSpace(cache, event.space, (space) => ({
        ...space,
        unread: event.unread,
        mentions: event.mentions,
      }));
      return [
        keys.spaces,
        keys.topics(event.space),
        keys.boards(event.space),
        keys.pages(event.space),
      ];
    case 'issue.changed':
      return [keys.issues(event.space)];
    case 'topic.changed':
      return [keys.topics(event.space)];
    case 'file.added':
    case 'file.changed':
      patch<SharedFile[]>(cache, keys.files(event.space), (files) => upsertFile(files, event.file));
      return [];
    case 'file.removed':
      patch<SharedFile[]>(cache, keys.files(event.space), (files) =>
        files.filter(({ id }) => id !== event.id),
      );
      return [keys.transfers];
    case 'transfer.changed':
      return applyTransfer(cache, event.space, event.transfer);
    case 'space.changed':
      patchSpace(cache, event.space, () => event.space_info);
      return [keys.members(event.space)];
    case 'space.joined':
      return [keys.spaces, keys.members(event.space), keys.allMessages(event.space)];
    case 'space.ended':
      return [keys.spaces, keys.allMessages(event.space)];
    case 'space.left':
      patch<Space[]>(cache, keys.spaces, (spaces) =>
        spaces.filter(({ space }) => space !== event.space),
      );
      return [keys.spaces];
    case 'member.joined':
    case 'member.removed':
    case 'member.changed':
      return [keys.spaces, keys.members(event.space), keys.invitations(event.space)];
    case 'profile.changed':
      return [keys.status, ['members'], ['messages']];
    case 'presence.changed':
      return [['members']];
    case 'settings.changed':
      cache.setQueryData<Settings>(keys.settings, event.settings);
      return [];
    case 'peer.up':
      patchPeer(cache, event.device, { path: event.path, last_seen: event.at });
      return [keys.status, keys.spaces, ['members'], ['files']];
    case 'peer.down':
      patchPeer(cache, event.device, { path: 'none', rtt_ms: null });
      return [keys.status, keys.spaces, ['members'], ['files']];
    case 'peer.path':
      patchPeer(cache, event.device, {
        path: event.path,
        rtt_ms: event.rtt_ms,
        last_seen: event.at,
      });
      return [['members']];
    case 'problem.added':
      patch<Status>(cache, keys.status, (status) => ({
        ...status,
        problems: [event.problem, ...status.problems.filter(({ id }) => id !== event.problem.id)],
      }));
      return [];
    case 'problem.dismissed':
      patch<Status>(cache, keys.status, (status) => ({
        ...status,
        problems: status.problems.filter(({ id }) => id !== event.id),
      }));
      return [];
    case 'lagged':
      return [[]];
    case 'chat.typing':
    case 'hello':
    case 'transfers.done':
      // The node says "lagged" with it, and everything is looked at again.
      return [];
    default:
      // A newer node may know events that this page does not.
      return [];
  }
}

/** The comments of a board or a page, if a message was said at one: at a topic there are none to ask for again. */
const atPlace = ({ space, message }: { space: string; message: Message }): QueryKey[] =>
  message.place ? [keys.comments(space, message.place.id), keys.pages(space)] : [];

/** A transfer belongs to a file's row and to the list of all transfers; both follow it. */
function applyTransfer(cache: QueryClient, space: string, transfer: Transfer): QueryKey[] {
  patch<SharedFile[]>(cache, keys.files(space), (files) =>
    files.map((file) =>
      file.id === transfer.file
        ? {
            ...file,
            transfer: transfer.state === 'done' ? null : transfer,
            state: transfer.state === 'done' ? 'here' : 'fetching',
            here: file.here || transfer.state === 'done',
          }
        : file,
    ),
  );
  patch<Transfer[]>(cache, keys.transfers, (transfers) => {
    const others = transfers.filter(({ id }) => id !== transfer.id);
    return transfer.state === 'done' ? others : [...others, transfer];
  });
  // A finished file has a path and one more holder, which the transfer does not tell.
  return transfer.state === 'done' ? [keys.files(space)] : [];
}

export function upsertFile(files: SharedFile[], file: SharedFile): SharedFile[] {
  const at = files.findIndex(({ id }) => id === file.id);
  return at < 0 ? [...files, file] : files.with(at, file);
}

export function patchSpace(cache: QueryClient, id: string, change: (space: Space) => Space): void {
  patch<Space[]>(cache, keys.spaces, (spaces) =>
    spaces.map((space) => (space.space === id ? change(space) : space)),
  );
}

function patchPeer(cache: QueryClient, device: string, change: Partial<Peer>): void {
  patch<Status>(cache, keys.status, (status) => ({
    ...status,
    peers: status.peers.map((peer) => (peer.device === device ? { ...peer, ...change } : peer)),
  }));
}

/** Changes every talk of a space that is loaded. */
export function patchTalks(
  cache: QueryClient,
  space: string,
  change: (window: MessageWindow, place: string) => MessageWindow,
): void {
  for (const [key] of cache.getQueriesData<MessageWindow>({ queryKey: keys.allMessages(space) })) {
    patch<MessageWindow>(cache, key, (window) => change(window, String(key[2])));
  }
}

/** Changes what is cached under `key`; what was never fetched stays unfetched. */
function patch<T>(cache: QueryClient, key: QueryKey, change: (before: T) => T): void {
  cache.setQueryData<T>(key, (before) => (before === undefined ? undefined : change(before)));
}

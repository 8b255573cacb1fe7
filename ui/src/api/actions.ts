/** What a person can do. Each action asks the node, then puts the answer where views look for it. */
import { cache, keys } from './cache';
import { base, reportDown, request, settle, Unreachable } from './client';
import { markSeen, predict, update, type MessageWindow } from './messages';
import { patchSpace, patchTalks, upsertFile } from './reduce';
import type { Moved } from './schema.gen';
import type { Talk } from './talk';
import type {
  Attention,
  Board,
  BoardElement,
  Comment,
  ElementsDrawn,
  GuestInvitation,
  InvitePreview,
  InviteRequest,
  Level,
  MailChange,
  MailSettings,
  Member,
  Message,
  MessageChange,
  NewInvitation,
  Problem,
  Settings,
  SettingsChange,
  Settled,
  SharedFile,
  Space,
  Status,
  Topic,
  Transfer,
} from './types';

export async function saveProfile(change: {
  name?: string;
  device_name?: string;
  /** Base64 of an image of at most 64 KiB; null removes it. */
  picture?: string | null;
}): Promise<Status> {
  const status = await request<Status>('POST', '/profile', change);
  cache.setQueryData(keys.status, status);
  void cache.invalidateQueries({ queryKey: ['members'] });
  return status;
}

/** Changes what was chosen for this device; shown at once, and as it was again if it could not be. */
export async function changeSettings(change: SettingsChange): Promise<void> {
  const before = cache.getQueryData<Settings>(keys.settings);
  // Until when a pause lasts is for the node to say.
  if (before !== undefined && change.pause === undefined) {
    cache.setQueryData(keys.settings, { ...before, ...change });
  }
  try {
    cache.setQueryData(keys.settings, await request<Settings>('PATCH', '/settings', change));
  } catch (error) {
    cache.setQueryData(keys.settings, before);
    throw error;
  }
}

export const testNotification = () => request('POST', '/settings/test', {});

/** Tells the node whether somebody is at this browser. */
export const attend = (active: boolean, tells: boolean) =>
  request('POST', '/attendance', { active, tells });

export async function saveMail(change: MailChange): Promise<void> {
  cache.setQueryData(keys.mail, await request<MailSettings>('PUT', '/mail', change));
}

export async function forgetMail(): Promise<void> {
  cache.setQueryData(keys.mail, await request<MailSettings>('DELETE', '/mail'));
}

export const testMail = () => request<{ to: string }>('POST', '/mail/test', {});

export const signOut = () => request('POST', '/signout', {});

export async function dismissProblem(problem: Problem): Promise<void> {
  const set = (change: (problems: Problem[]) => Problem[]) =>
    cache.setQueryData<Status>(
      keys.status,
      (status) => status && { ...status, problems: change(status.problems) },
    );
  set((problems) => problems.filter(({ id }) => id !== problem.id));
  try {
    await request('POST', `/problems/${problem.id}/dismiss`, {});
  } catch (error) {
    set((problems) => [problem, ...problems]);
    throw error;
  }
}

// Spaces

function addSpace(space: Space): Space {
  cache.setQueryData<Space[]>(keys.spaces, (spaces = []) => [
    ...spaces.filter((other) => other.space !== space.space),
    space,
  ]);
  return space;
}

function dropSpace(id: string): void {
  cache.setQueryData<Space[]>(keys.spaces, (spaces) => spaces?.filter(({ space }) => space !== id));
}

export const createSpace = async (name: string) =>
  addSpace(await request<Space>('POST', '/spaces', { name }));

/** The direct talk with these people: the one there is, or a new one. */
export const directTalk = async (people: string[]) =>
  addSpace(await request<Space>('POST', '/direct', { people }));

/** An invitation for a guest at a topic or board, into its room, which is made if there is none. */
export async function inviteGuest(
  space: string,
  thing: string,
  invite: InviteRequest,
): Promise<NewInvitation> {
  const made = await request<GuestInvitation>('POST', `/spaces/${space}/rooms`, { thing, invite });
  addSpace(made.room);
  return made.invitation;
}

export const joinSpace = async (invite: string) =>
  addSpace(await request<Space>('POST', '/spaces/join', { invite }));

export const previewInvite = (invite: string, signal?: AbortSignal) =>
  request<InvitePreview>('POST', '/spaces/join/preview', { invite }, signal);

export async function renameSpace(id: string, name: string): Promise<void> {
  const space = await request<Space>('PATCH', `/spaces/${id}`, { name });
  patchSpace(cache, id, () => space);
}

export async function leaveSpace(id: string): Promise<void> {
  await request('POST', `/spaces/${id}/leave`, {});
  dropSpace(id);
}

/** Ends a space for everybody. It stays on the list until all have heard of it. */
export async function deleteSpace(id: string): Promise<void> {
  await request('DELETE', `/spaces/${id}`);
  await cache.invalidateQueries({ queryKey: keys.spaces });
}

/** Makes a space read-only for everybody, or takes that back. */
export async function archiveSpace(id: string, on: boolean): Promise<void> {
  const space = await request<Space>('POST', `/spaces/${id}/${on ? 'archive' : 'restore'}`);
  patchSpace(cache, id, () => space);
}

/** Says after how many days messages go; null keeps them for good. */
export async function keepMessages(id: string, days: number | null): Promise<void> {
  const space = await request<Space>('PUT', `/spaces/${id}/retention`, { days });
  patchSpace(cache, id, () => space);
}

export async function changeLevel(space: string, person: string, level: Level): Promise<void> {
  const member = await request<Member>('PATCH', `/spaces/${space}/members/${person}`, { level });
  cache.setQueryData<Member[]>(keys.members(space), (members) =>
    members?.map((other) => (other.person === person ? member : other)),
  );
}

export async function removeMember(space: string, person: string): Promise<void> {
  await request('DELETE', `/spaces/${space}/members/${person}`);
  cache.setQueryData<Member[]>(keys.members(space), (members) =>
    members?.filter((other) => other.person !== person),
  );
  void cache.invalidateQueries({ queryKey: keys.spaces });
}

export async function invite(space: string, choice: InviteRequest): Promise<NewInvitation> {
  const made = await request<NewInvitation>('POST', `/spaces/${space}/invitations`, choice);
  void cache.invalidateQueries({ queryKey: keys.invitations(space) });
  return made;
}

export async function revokeInvitation(space: string, id: string): Promise<void> {
  await request('DELETE', `/spaces/${space}/invitations/${id}`);
  await cache.invalidateQueries({ queryKey: keys.invitations(space) });
}

// Chat

/** What is said about reading goes to the node in the order in which it is said: the last word counts. */
let saying: Promise<unknown> = Promise.resolve();

function sayOfReading(path: string, body: object): Promise<unknown> {
  const said = saying.then(() => request('POST', path, body));
  saying = said.catch(() => undefined);
  return said;
}

/** Says what was read: up to a message of a talk, and single messages. */
export async function markRead(talk: Talk, upTo: string | null, seen: string[]): Promise<void> {
  const { space, place } = talk;
  const single = new Set(seen);
  cache.setQueryData<MessageWindow>(keys.messages(talk), (window) => {
    const last = window?.messages.findIndex(({ id }) => id === upTo) ?? -1;
    const before = new Set(window?.messages.slice(0, last + 1).map(({ id }) => id));
    return window && markSeen(window, ({ id }) => before.has(id) || single.has(id));
  });
  const marked = {
    ...(upTo === null ? {} : { up_to: upTo, place }),
    ...(seen.length === 0 ? {} : { seen }),
  };
  await sayOfReading(`/spaces/${space}/read`, marked);
}

/** Says that what others wrote from a message on is not read after all. */
export async function markUnread({ space, place }: Talk, from: string): Promise<void> {
  await sayOfReading(`/spaces/${space}/unread`, { from, place });
  await cache.invalidateQueries({ queryKey: keys.messages({ space, place }) });
}

/** Changes a message: shown at once, and as it was before if the node says no. */
export async function changeMessage(
  space: string,
  message: Message,
  change: MessageChange,
): Promise<void> {
  const show = (next: Message) =>
    patchTalks(cache, space, (window, place) => update(window, next, place));
  const status = cache.getQueryData<Status>(keys.status);
  const me = { person: status?.person ?? '', name: status?.name ?? '' };
  show(predict(message, change, me, Date.now()));
  try {
    const path = `/spaces/${space}/messages/${message.id}`;
    show(await request<Message>('PATCH', path, change));
  } catch (error) {
    show(message);
    throw error;
  }
}

/** Deletes a message for everybody. */
export async function deleteMessage(space: string, { id }: Message): Promise<void> {
  await request('DELETE', `/spaces/${space}/messages/${id}`);
}

// Topics

function putTopic(space: string, topic: Topic): Topic {
  cache.setQueryData<Topic[]>(keys.topics(space), (topics) => {
    if (topics === undefined) return undefined;
    const at = topics.findIndex(({ id }) => id === topic.id);
    // The general talk stays first.
    return at < 0 ? topics.toSpliced(1, 0, topic) : topics.with(at, topic);
  });
  return topic;
}

export const createTopic = async (space: string, title: string) =>
  putTopic(space, await request<Topic>('POST', `/spaces/${space}/topics`, { title }));

export const changeTopic = async (
  space: string,
  id: string,
  change: { title?: string; resolved?: boolean },
) => putTopic(space, await request<Topic>('PATCH', `/spaces/${space}/topics/${id}`, change));

/** How many of them moved. */
export async function moveMessages(space: string, messages: string[], place: string) {
  return (await request<Moved>('POST', `/spaces/${space}/move`, { messages, place })).count;
}

/** How much I want to hear of a space, or of a place in it; null is as of the space. */
export async function setAttention(
  space: string,
  place: string | null,
  attention: Attention | null,
): Promise<void> {
  await request('PUT', `/spaces/${space}/attention`, {
    ...(place === null ? {} : { place }),
    ...(attention === null ? {} : { attention }),
  });
  await cache.invalidateQueries({ queryKey: keys.topics(space) });
}

/** What becomes of what reached nobody. */
export type Settling = 'send' | 'discard';

/** Sends again or discards what reached nobody, or only these; how many messages and files that were. */
export async function settleUndelivered(
  space: string,
  how: Settling,
  only?: string[],
): Promise<number> {
  const path = `/spaces/${space}/undelivered/${how}`;
  return (await request<Settled>('POST', path, only ? { only } : {})).count;
}

export const sayTyping = ({ space, place }: Talk) =>
  request('POST', `/spaces/${space}/typing`, { place });

// Boards

function putBoard(space: string, board: Board): Board {
  cache.setQueryData<Board[]>(keys.boards(space), (boards = []) => [
    board,
    ...boards.filter(({ id }) => id !== board.id),
  ]);
  return board;
}

export const createBoard = async (space: string, title: string) =>
  putBoard(space, await request<Board>('POST', `/spaces/${space}/boards`, { title }));

export const changeBoard = async (
  space: string,
  board: string,
  change: { title?: string; archived?: boolean },
) => putBoard(space, await request<Board>('PATCH', `/spaces/${space}/boards/${board}`, change));

/** Says something at a board, about one of its elements or all of it. */
export async function commentBoard(
  space: string,
  board: string,
  text: string,
  element: string | null,
): Promise<void> {
  const body = element === null ? { text } : { text, element };
  const made = await request<Comment>('POST', `/spaces/${space}/boards/${board}/comments`, body);
  cache.setQueryData<Comment[]>(keys.comments(space, board), (comments) =>
    comments?.some(({ message }) => message.id === made.message.id) === true
      ? comments
      : [...(comments ?? []), made],
  );
}

/** Draws elements: all of them or none. They are on this computer's disk when this is done. */
export const drawElements = (space: string, board: string, elements: BoardElement[]) =>
  request<ElementsDrawn>('POST', `/spaces/${space}/boards/${board}/elements`, { elements });

// Files

function putTransfer(space: string, transfer: Transfer): void {
  cache.setQueryData<SharedFile[]>(keys.files(space), (files) =>
    files?.map((file) =>
      file.id === transfer.file && transfer.state !== 'done'
        ? { ...file, transfer, state: 'fetching' }
        : file,
    ),
  );
  void cache.invalidateQueries({ queryKey: keys.transfers });
}

const fileAction = (verb: 'fetch' | 'pause' | 'resume') => async (space: string, file: string) =>
  putTransfer(space, await request<Transfer>('POST', `/spaces/${space}/files/${file}/${verb}`, {}));

export const fetchFile = fileAction('fetch');
export const pauseFile = fileAction('pause');
export const resumeFile = fileAction('resume');

export async function cancelFile(space: string, file: string): Promise<void> {
  await request('POST', `/spaces/${space}/files/${file}/cancel`, {});
  await Promise.all([
    cache.invalidateQueries({ queryKey: keys.files(space) }),
    cache.invalidateQueries({ queryKey: keys.transfers }),
  ]);
}

export async function removeFile(space: string, file: string): Promise<void> {
  await request('DELETE', `/spaces/${space}/files/${file}`);
  cache.setQueryData<SharedFile[]>(keys.files(space), (files) =>
    files?.filter(({ id }) => id !== file),
  );
}

export const contentUrl = (space: string, file: string, download = false) =>
  `${base}/spaces/${space}/files/${file}/content${download ? '?download=1' : ''}`;

/**
 * Hands one file of the browser to the node. With `keep`, a file that is listed under the same name stays, and this one
 * gets another. `fetch` cannot tell how much went, so this cannot use it.
 */
export function uploadFile(
  space: string,
  file: File,
  { name, keep }: { name: string; keep: boolean },
  progress: (done: number) => void,
  signal: AbortSignal,
): Promise<SharedFile> {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    form.append('file', file, name);
    const http = new XMLHttpRequest();
    http.open('POST', `${base}/spaces/${space}/files${keep ? '?keep=1' : ''}`);
    http.upload.onprogress = (event) => progress(event.loaded);
    http.onerror = () => {
      reportDown();
      reject(new Unreachable());
    };
    http.onabort = () => reject(new DOMException('cancelled', 'AbortError'));
    http.onload = () => {
      try {
        const added = settle<SharedFile[]>(http.status, http.responseText);
        cache.setQueryData<SharedFile[]>(
          keys.files(space),
          (files) => files && added.reduce(upsertFile, files),
        );
        const [shared] = added;
        if (shared === undefined) throw new Unreachable();
        resolve(shared);
      } catch (error) {
        reject(error instanceof Error ? error : new Unreachable());
      }
    };
    signal.addEventListener('abort', () => http.abort());
    http.send(form);
  });
}

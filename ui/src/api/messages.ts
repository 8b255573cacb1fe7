/**
 * The loaded stretch of a talk, and the pure rules for growing it: pages come in from
 * both ends, live messages at the newer one, and nothing is ever shown twice.
 */
import { general, placeOf, sameTalk, type Talk } from './talk';
import type { Answered, Message, MessageChange, MessagePage, Reaction } from './types';

export interface MessageWindow {
  /** Oldest first, without gaps. */
  messages: Message[];
  /** Is there more before the first one? */
  older: boolean;
  /** Is there more after the last one (after a jump into the past)? */
  newer: boolean;
}

export const emptyWindow: MessageWindow = { messages: [], older: false, newer: false };

/**
 * Both lists, each id once, by time. The sort is stable, so messages of one millisecond keep the
 * order in which the node gave them. Returns `list` itself when nothing changed.
 */
export function mergeMessages(list: Message[], incoming: Message[]): Message[] {
  const known = new Map(list.map((message, index) => [message.id, index]));
  let merged: Message[] | null = null;
  let sorted = true;
  for (const message of incoming) {
    merged ??= [...list];
    const at = known.get(message.id);
    const before = at === undefined ? undefined : merged[at];
    if (at !== undefined && before !== undefined) {
      merged[at] = fresher(before, message);
    } else {
      const last = merged.at(-1);
      if (last !== undefined && last.time > message.time) sorted = false;
      known.set(message.id, merged.length);
      merged.push(message);
    }
  }
  if (merged === null) return list;
  return sorted ? merged : merged.sort((a, b) => a.time - b.time);
}

/** A slow answer may be older than an event that overtook it: holders are only ever gained. */
function fresher(before: Message, incoming: Message): Message {
  if (incoming.of === before.of && incoming.held_by < before.held_by) {
    return { ...incoming, state: before.state, held_by: before.held_by };
  }
  return incoming;
}

/** A live message, or the answer to our own. A window in the past only updates what it shows. */
export function receive(window: MessageWindow, message: Message): MessageWindow {
  const known = window.messages.some(({ id }) => id === message.id);
  if (window.newer && !known) return window;
  return { ...window, messages: mergeMessages(window.messages, [message]) };
}

/**
 * A message that is another now, and those that answer it. One that has gone to another place goes from this one, one that has
 * come here takes its place; another one that is not shown stays so.
 */
export function update(window: MessageWindow, message: Message, place: string): MessageWindow {
  const { id, author_name, text } = message;
  const deleted = message.deleted !== null;
  const shown = window.messages.some((other) => other.id === id);
  if (shown && placeOf(message) !== place) {
    return { ...window, messages: window.messages.filter((other) => other.id !== id) };
  }
  if (!shown && placeOf(message) === place && isWithin(window, message.time)) {
    return { ...window, messages: mergeMessages(window.messages, [message]) };
  }
  const shows = (other: Message) => other.id === id || other.reply?.id === id;
  if (!window.messages.some(shows)) return window;
  const messages = window.messages.map((other) => {
    if (other.id === id) return fresher(other, message);
    if (other.reply?.id !== id) return other;
    return { ...other, reply: { id, author_name, text: text.slice(0, quoted), deleted } };
  });
  return { ...window, messages };
}

/** Whether a message of that time belongs into what is loaded. */
function isWithin({ messages, older, newer }: MessageWindow, time: number): boolean {
  const [first, last] = [messages[0], messages.at(-1)];
  if (first === undefined || last === undefined) return !older && !newer;
  return (!older || time >= first.time) && (!newer || time <= last.time);
}

/** What was read up to a message, or just these ones, is not unread any more. */
export function markSeen(
  window: MessageWindow,
  seen: (message: Message) => boolean,
): MessageWindow {
  if (!window.messages.some((message) => message.unread && seen(message))) return window;
  const messages = window.messages.map((message) =>
    message.unread && seen(message) ? { ...message, unread: false } : message,
  );
  return { ...window, messages };
}

/** Characters of a message that are shown where it is answered. */
export const quoted = 200;

/** What a change will make of a message, until the node says. */
export function predict(
  message: Message,
  change: MessageChange,
  me: { person: string; name: string },
  now: number,
): Message {
  const { text, pinned, reaction, place } = change;
  const next = { ...message };
  if (typeof text === 'string' && text !== message.text)
    Object.assign(next, { text, changed: now });
  if (typeof pinned === 'boolean') next.pinned = pinned;
  if (typeof place === 'string') next.place = place === general ? null : { id: place, title: null };
  if (reaction) next.reactions = react(message.reactions, reaction.emoji, reaction.on, me);
  return next;
}

/** What is left of a message that somebody deletes. */
export const gone = (message: Message, by: string, by_name: string): Message => ({
  ...message,
  text: '',
  file: null,
  reply: null,
  changed: null,
  pinned: false,
  reactions: [],
  deleted: { by, by_name },
});

function react(
  reactions: Reaction[],
  emoji: string,
  on: boolean,
  me: { person: string; name: string },
): Reaction[] {
  const others = (people: Reaction['people']) =>
    people.filter(({ person }) => person !== me.person);
  const known = reactions.some((reaction) => reaction.emoji === emoji);
  const all = known ? reactions : [...reactions, { emoji, people: [], mine: false }];
  return all
    .map((reaction) => {
      if (reaction.emoji !== emoji || reaction.mine === on) return reaction;
      const people = on ? [...others(reaction.people), me] : others(reaction.people);
      return { ...reaction, people, mine: on };
    })
    .filter(({ people }) => people.length > 0);
}

/**
 * The newest page, fetched again (first load, reconnect). `asked` are the ids that were shown when it was asked for: those of
 * them that it should have and has not are gone.
 */
export function refresh(
  window: MessageWindow | undefined,
  page: MessagePage,
  asked: ReadonlySet<string> = new Set(),
): MessageWindow {
  const newest = { messages: page.messages, older: page.more, newer: false };
  if (window === undefined || window.messages.length === 0) return newest;
  const known = new Set(window.messages.map(({ id }) => id));
  const overlap = page.messages.some(({ id }) => known.has(id));
  if (overlap) {
    // What overlaps the newest page reaches the present.
    const given = new Set(page.messages.map(({ id }) => id));
    const from = page.more ? (page.messages[0]?.time ?? Infinity) : -Infinity;
    const gone = ({ id, time }: Message) => asked.has(id) && time > from && !given.has(id);
    const kept = window.messages.filter((message) => !gone(message));
    return { messages: mergeMessages(kept, page.messages), older: window.older, newer: false };
  }
  // No overlap: either we look at the past (keep it), or so much came that there is a gap.
  return window.newer ? window : newest;
}

export function prependPage(window: MessageWindow, page: MessagePage): MessageWindow {
  return {
    ...window,
    messages: mergeMessages(page.messages, window.messages),
    older: page.more,
  };
}

export function appendPage(window: MessageWindow, page: MessagePage): MessageWindow {
  return {
    ...window,
    messages: mergeMessages(window.messages, page.messages),
    newer: page.more,
  };
}

export function changeState(
  window: MessageWindow,
  id: string,
  change: Pick<Message, 'state' | 'held_by' | 'of'>,
): MessageWindow {
  const at = window.messages.findIndex((message) => message.id === id);
  const message = window.messages[at];
  if (message === undefined) return window;
  const messages = window.messages.with(at, {
    ...message,
    state: change.state,
    held_by: change.held_by,
    of: change.of,
  });
  return { ...window, messages };
}

/** Keeps the newest `keep` of a long window; the rest can be loaded again by scrolling up. */
export function trim(window: MessageWindow, keep: number): MessageWindow {
  if (window.newer || window.messages.length <= keep) return window;
  return { ...window, messages: window.messages.slice(-keep), older: true };
}

/** A message typed here that the node has not taken yet. */
export interface Pending {
  nonce: string;
  space: string;
  /** What it is said at. */
  place: string;
  text: string;
  time: number;
  state: 'sending' | 'failed';
  /** The tab that sends it, or sent it last. */
  tab: string;
  /** Why it failed, as a sentence. */
  reason: string;
  /** The name of the file that goes with it. */
  attached: string | null;
  /** The file's id, once it is shared. */
  file: string | null;
  /** The message it answers. */
  reply: Answered | null;
}

/** What is left of a message whose file will not come: its words, to be sent without it. */
export function withoutFile(item: Pending): Pending {
  const reason = item.attached === null ? item.reason : `${item.attached} was not shared.`;
  return { ...item, state: 'failed', reason, attached: null };
}

/** Words, or a file that is shared: without either there is nothing to send. */
export const isSendable = (item: Pending) => item.text !== '' || item.file !== null;

/** What an earlier page left behind was never acknowledged: it waits for the person to retry. */
export function leftBehind(item: Pending): Pending {
  // An older page knew of no topics, no files and no answers.
  const { place = general, attached = null, file = null, reply = null } = item as Partial<Pending>;
  const kept: Pending = { ...item, place, attached, file, reply };
  if (attached !== null && file === null) return withoutFile(kept);
  return { ...kept, state: 'failed', reason: item.reason || 'It was not sent yet.' };
}

/** What is still to be shown of the outbox: a message the node already has is not pending. */
export function stillPending(pending: Pending[], window: MessageWindow, talk: Talk): Pending[] {
  const mine = pending.filter((item) => sameTalk(item, talk));
  if (mine.length === 0) return mine;
  const taken = new Set(window.messages.map(({ nonce }) => nonce));
  return mine.filter(({ nonce }) => !taken.has(nonce));
}

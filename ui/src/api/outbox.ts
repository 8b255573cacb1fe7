/** Messages on their way to the node: shown at once, sent in order, kept until the node has them. */
import { cache, keys } from './cache';
import { request, sentenceOf } from './client';
import { onEvent } from './events';
import { leftBehind, receive, withoutFile, type MessageWindow, type Pending } from './messages';
import { createKeptStore, createStore } from './store';
import type { Talk } from './talk';
import type { Answered, Message, SharedFile } from './types';
import { upload } from './uploads';

/** Kept in the browser, so that a reload or a node that is down loses nothing typed. All its tabs show the same. */
export const outbox = createKeptStore<Pending[]>('compeer.outbox', [], { follow: true });

/** How long what another tab has sent may outlive its place in the outbox, in ms: its message comes by another way. */
const grace = 1000;

/** What is drawn: the outbox, and what just left it in another tab. Without that it would be gone for a blink. */
export const drawn = createStore<Pending[]>(outbox.get());

outbox.subscribe(() => {
  const items = outbox.get();
  const nonces = new Set(items.map(({ nonce }) => nonce));
  const leaving = drawn
    .get()
    .filter(({ nonce, state }) => state === 'sending' && !nonces.has(nonce));
  drawn.set([...leaving, ...items]);
  if (leaving.length > 0) setTimeout(() => undraw(leaving), grace);
});

function undraw(items: Pending[]): void {
  const kept = new Set(outbox.get().map(({ nonce }) => nonce));
  drawn.set((before) => before.filter((item) => !items.includes(item) || kept.has(item.nonce)));
}

/** This tab, for as long as this page lives in it. */
const tab: string = crypto.randomUUID();
const lockOf = (owner: string) => `compeer.outbox.${owner}`;

/** What a tab that is gone left behind was never acknowledged: it waits for the person to retry. */
function takeOver(owner: string): void {
  outbox.set((items) => items.map((item) => (ownerOf(item) === owner ? leftBehind(item) : item)));
}

/** Earlier versions of the page named no tab. */
const ownerOf = (item: Partial<Pick<Pending, 'tab'>>) => item.tab ?? '';

/** Tabs whose end is waited for. */
const watched = new Set<string>([tab]);

/** A tab that sends holds its lock until it closes, so whoever gets it knows that the tab is gone. */
function watchOthers(): void {
  for (const owner of new Set(outbox.get().map(ownerOf))) {
    if (watched.has(owner)) continue;
    watched.add(owner);
    if ('locks' in navigator) {
      void navigator.locks.request(lockOf(owner), () => {
        watched.delete(owner);
        takeOver(owner);
      });
    } else {
      takeOver(owner);
    }
  }
}

if ('locks' in navigator) {
  void navigator.locks.request(lockOf(tab), () => new Promise<never>(() => undefined));
}
watchOthers();
outbox.subscribe(watchOthers);

// What a closed tab had sent after all is there.
onEvent((event) => {
  if (event.event !== 'chat.message') return;
  const { nonce } = event.message;
  if (outbox.get().some((item) => item.nonce === nonce)) discard(nonce ?? '');
});

let queue = Promise.resolve();

/** Sends words, or a file, or both. A file is shared first; what is said meanwhile goes before it. */
export function send(
  { space, place }: Talk,
  text: string,
  attached?: File,
  reply: Answered | null = null,
): void {
  const nonce = crypto.randomUUID();
  const pending: Pending = {
    nonce,
    space,
    place,
    text,
    time: Date.now(),
    state: 'sending',
    reason: '',
    tab,
    attached: attached?.name ?? null,
    file: null,
    reply,
  };
  outbox.set((items) => [...items, pending]);
  if (attached === undefined) {
    enqueue(pending);
    return;
  }
  const message = {
    shared: (file: SharedFile) => {
      change(nonce, { file: file.id });
      enqueue({ ...pending, file: file.id });
    },
    cancelled: () => {
      if (text === '') discard(nonce);
      else change(nonce, withoutFile(pending));
    },
  };
  upload(space, [{ file: attached, name: attached.name, message }]);
}

export function retry(nonce: string): void {
  const pending = outbox.get().find((item) => item.nonce === nonce);
  if (pending === undefined) return;
  change(nonce, { state: 'sending', reason: '', tab });
  enqueue(pending);
}

export function discard(nonce: string): void {
  drawn.set((items) => items.filter((item) => item.nonce !== nonce));
  outbox.set((items) => items.filter((item) => item.nonce !== nonce));
}

function change(nonce: string, to: Partial<Pending>): void {
  outbox.set((items) => items.map((item) => (item.nonce === nonce ? { ...item, ...to } : item)));
}

function enqueue({ nonce, space, place, text, file, reply }: Pending): void {
  queue = queue.then(async () => {
    try {
      const body = {
        text,
        nonce,
        place,
        ...(file === null ? {} : { file }),
        ...(reply === null ? {} : { reply: reply.id }),
      };
      const message = await request<Message>('POST', `/spaces/${space}/messages`, body);
      cache.setQueryData<MessageWindow>(keys.messages({ space, place }), (window) =>
        window === undefined ? undefined : receive(window, { ...message, nonce }),
      );
      discard(nonce);
    } catch (error) {
      change(nonce, { state: 'failed', reason: sentenceOf(error) });
    }
  });
}

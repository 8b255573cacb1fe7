/** Messages on their way to the node: shown at once, sent in order, kept until the node has them. */
import { cache, keys } from './cache';
import { request, sentenceOf } from './client';
import { receive, type MessageWindow, type Pending } from './messages';
import { createKeptStore } from './store';
import type { Message } from './types';

/** Kept in the browser, so that a reload or a node that is down loses nothing typed. */
export const outbox = createKeptStore<Pending[]>('compeer.outbox', []);

/** What an earlier page left behind was never acknowledged: it waits for the person to retry. */
outbox.set((items) =>
  items.map((item) => ({
    ...item,
    state: 'failed',
    reason: item.reason || 'It was not sent yet.',
  })),
);

let queue = Promise.resolve();

export function send(space: string, text: string): void {
  const nonce = crypto.randomUUID();
  const pending: Pending = { nonce, space, text, time: Date.now(), state: 'sending', reason: '' };
  outbox.set((items) => [...items, pending]);
  enqueue(pending);
}

export function retry(nonce: string): void {
  const pending = outbox.get().find((item) => item.nonce === nonce);
  if (pending === undefined) return;
  change(nonce, { state: 'sending', reason: '' });
  enqueue(pending);
}

export function discard(nonce: string): void {
  outbox.set((items) => items.filter((item) => item.nonce !== nonce));
}

function change(nonce: string, to: Partial<Pending>): void {
  outbox.set((items) => items.map((item) => (item.nonce === nonce ? { ...item, ...to } : item)));
}

function enqueue({ nonce, space, text }: Pending): void {
  queue = queue.then(async () => {
    try {
      const message = await request<Message>('POST', `/spaces/${space}/messages`, { text, nonce });
      cache.setQueryData<MessageWindow>(keys.messages(space), (window) =>
        window === undefined ? undefined : receive(window, { ...message, nonce }),
      );
      discard(nonce);
    } catch (error) {
      change(nonce, { state: 'failed', reason: sentenceOf(error) });
    }
  });
}

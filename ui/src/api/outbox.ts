/** Messages on their way to the node: shown at once, sent in order, kept until the node has them. */
import { cache, keys } from './cache';
import { request, sentenceOf } from './client';
import { leftBehind, receive, withoutFile, type MessageWindow, type Pending } from './messages';
import { createKeptStore } from './store';
import type { Message, SharedFile } from './types';
import { upload } from './uploads';

/** Kept in the browser, so that a reload or a node that is down loses nothing typed. */
export const outbox = createKeptStore<Pending[]>('compeer.outbox', []);

outbox.set((items) => items.map(leftBehind));

let queue = Promise.resolve();

/** Sends words, or a file, or both. A file is shared first; what is said meanwhile goes before it. */
export function send(space: string, text: string, attached?: File): void {
  const nonce = crypto.randomUUID();
  const pending: Pending = {
    nonce,
    space,
    text,
    time: Date.now(),
    state: 'sending',
    reason: '',
    attached: attached?.name ?? null,
    file: null,
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
  change(nonce, { state: 'sending', reason: '' });
  enqueue(pending);
}

export function discard(nonce: string): void {
  outbox.set((items) => items.filter((item) => item.nonce !== nonce));
}

function change(nonce: string, to: Partial<Pending>): void {
  outbox.set((items) => items.map((item) => (item.nonce === nonce ? { ...item, ...to } : item)));
}

function enqueue({ nonce, space, text, file }: Pending): void {
  queue = queue.then(async () => {
    try {
      const body = { text, nonce, ...(file === null ? {} : { file }) };
      const message = await request<Message>('POST', `/spaces/${space}/messages`, body);
      cache.setQueryData<MessageWindow>(keys.messages(space), (window) =>
        window === undefined ? undefined : receive(window, { ...message, nonce }),
      );
      discard(nonce);
    } catch (error) {
      change(nonce, { state: 'failed', reason: sentenceOf(error) });
    }
  });
}

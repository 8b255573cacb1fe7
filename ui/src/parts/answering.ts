/** Which message the next one of a talk answers. It is forgotten with the page. */
import { createStore } from '~/api/store';
import { talkKey, type Talk } from '~/api/talk';
import type { Answered, Message } from '~/api/types';
import { quoted } from '~/api/messages';

export const answering = createStore<Record<string, Answered | null>>({});

export function answer(talk: Talk, message: Message | null): void {
  const next = message && {
    id: message.id,
    author_name: message.author_name,
    text: message.text.slice(0, quoted) || (message.file?.name ?? ''),
    deleted: false,
  };
  answering.set((before) => ({ ...before, [talkKey(talk)]: next }));
}

/** What is answered, once: afterwards nothing is. */
export function takeAnswered(talk: Talk): Answered | null {
  const answered = answering.get()[talkKey(talk)] ?? null;
  answer(talk, null);
  return answered;
}

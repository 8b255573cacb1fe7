/** Which message of a space the next one answers. It is forgotten with the page. */
import { createStore } from '~/api/store';
import type { Answered, Message } from '~/api/types';
import { quoted } from '~/api/messages';

export const answering = createStore<Record<string, Answered | null>>({});

export function answer(space: string, message: Message | null): void {
  const next = message && {
    id: message.id,
    author_name: message.author_name,
    text: message.text.slice(0, quoted) || (message.file?.name ?? ''),
  };
  answering.set((before) => ({ ...before, [space]: next }));
}

/** What is answered, once: afterwards nothing is. */
export function takeAnswered(space: string): Answered | null {
  const answered = answering.get()[space] ?? null;
  answer(space, null);
  return answered;
}

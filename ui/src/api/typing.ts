/** Who is writing where, by the last few seconds' events. */
import { onEvent } from './events';
import { createStore } from './store';
import type { Talk } from './talk';

interface Typing extends Talk {
  person: string;
  name: string;
  until: number;
}

export const typing = createStore<Typing[]>([]);

/** A little longer than the pause between two `typing` calls of one writer. */
const lasts = 5000;

export function startTyping(): void {
  onEvent((event) => {
    if (event.event === 'chat.typing') {
      const { space, place, person, name } = event;
      const until = Date.now() + lasts;
      typing.set((before) => [
        ...before.filter((other) => other.space !== space || other.person !== person),
        { space, place, person, name, until },
      ]);
      setTimeout(expire, lasts + 50);
    } else if (event.event === 'chat.message') {
      // Who has said it is no longer writing it.
      const { space, message } = event;
      typing.set((before) => keep(before, (t) => t.space !== space || t.person !== message.author));
    }
  });
}

function expire(): void {
  const now = Date.now();
  typing.set((before) => keep(before, ({ until }) => until > now));
}

function keep(items: Typing[], test: (item: Typing) => boolean): Typing[] {
  const kept = items.filter(test);
  return kept.length === items.length ? items : kept;
}

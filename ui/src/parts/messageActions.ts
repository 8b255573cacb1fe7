/** What can be done with a message from its row. One object for all rows, so that none is drawn again for it. */
import type { Settling } from '~/api/actions';
import type { Message, MessageChange } from '~/api/types';

export interface MessageActions {
  openFile: (id: string) => void;
  copy: (message: Message) => void;
  copyLink: (message: Message) => void;
  settle: (message: Message, how: Settling) => void;
  change: (message: Message, change: MessageChange) => void;
  answer: (message: Message) => void;
  /** Deletes it for everybody, after some seconds to think better of it. */
  remove: (message: Message) => void;
  /** Begins to change its words, or with null stops that. */
  edit: (id: string | null) => void;
  /** Chooses a topic to move it to. */
  move: (message: Message) => void;
  /** Marks it and what comes after it as unread. */
  leaveUnread: (message: Message) => void;
  /** Goes to another message of the space. */
  goTo: (id: string) => void;
}

/** Emoji that are offered at once: what people answer with most, then what offices need. */
export const offered = [
  '👍',
  '❤️',
  '😄',
  '🎉',
  '🙏',
  '👀',
  '✅',
  '🚀',
  '😮',
  '😢',
  '🤔',
  '👎',
  '👏',
  '💯',
  '🔥',
  '💡',
  '☕',
  '🐞',
  '🔧',
  '📌',
  '⏳',
  '❓',
  '❌',
  '👋',
];

/** Where something is said: in the general talk of a space, or at a topic of it. */
import type { Message, Topic } from './types';

/** The id that stands for the general talk, where a topic's can stand. */
export const general = 'general';

export interface Talk {
  space: string;
  place: string;
}

/** One word for a talk, for what is kept by it. */
export const talkKey = ({ space, place }: Talk): string =>
  place === general ? space : `${space}/${place}`;

export const sameTalk = (one: Talk | null, other: Talk): boolean =>
  one?.space === other.space && one.place === other.place;

export const placeOf = (message: Message): string => message.place?.id ?? general;

/** The address of a talk within the page. */
export const talkPath = ({ space, place }: Talk): string =>
  place === general ? `/s/${space}/chat` : `/s/${space}/topic/${place}`;

/** What counts as unread of a topic: of a muted one only what names me. */
export const countOf = ({ attention, unread, mentions }: Topic): number =>
  attention === 'muted' ? mentions : unread;

/** Rooms: spaces of their own in which guests take part, each made for a topic or a board of another space. */
import type { Space } from './types';

/** The space that a room belongs to, if one is in that, too: a guest is not. */
export const parentOf = (spaces: Space[], { room }: Space): Space | undefined =>
  room?.parent == null ? undefined : spaces.find(({ space }) => space === room.parent);

/** The rooms of a space. */
export const roomsOf = (spaces: Space[], parent: string): Space[] =>
  spaces.filter(({ room }) => room?.parent === parent);

/** The room of a topic or board. */
export const roomFor = (spaces: Space[], parent: string, thing: string): Space | undefined =>
  roomsOf(spaces, parent).find(({ room, state }) => room?.thing === thing && state === 'active');

/** Where a space begins: a room for a board is that board. */
export const firstPath = ({ space, room }: Space): string =>
  room?.board == null ? `/s/${space}/chat` : `/s/${space}/boards/${room.board}`;

/** The topic or board that a room was made for, to whoever is in its space. */
export const thingPath = ({ room }: Space): string | null =>
  room?.parent == null || room.thing === null
    ? null
    : `/s/${room.parent}/${room.kind === 'board' ? 'boards' : 'topic'}/${room.thing}`;

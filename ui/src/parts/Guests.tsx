/** Guests and the rooms that they are in: how they are marked, and what can be done about them. */
import { Link } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { useMembers, useSpaces } from '~/api/queries';
import { firstPath, roomFor, thingPath } from '~/api/rooms';
import type { Space } from '~/api/types';
import { plural } from '~/kit/format';
import { Icon } from '~/kit/Icon';
import { MenuItem, MenuLine } from '~/kit/Menu';
import { Pill } from '~/kit/Pill';
import { showDialog } from './dialogs';

const guestMeans = 'Takes part in this room, and sees nothing else of the space it belongs to.';

/** That somebody is a guest, on what they write and wherever people are listed. */
export const GuestMark = () => (
  <Pill meaning="accent" icon="door" title={guestMeans}>
    guest
  </Pill>
);

/** What somebody is called where there is no place for the mark, such as at a caret on a board. */
export function useGuestNames(space: string): (one: { person: string; name: string }) => string {
  const members = useMembers(space).data;
  const guests = useMemo(
    () => new Set(members?.filter(({ guest }) => guest).map(({ person }) => person)),
    [members],
  );
  return useCallback(
    ({ person, name }) => (guests.has(person) ? `${name} (guest)` : name),
    [guests],
  );
}

/** That what is written here is read by people from outside, beside the name of a room. */
export const RoomMark = ({ space }: { space: Space }) =>
  space.room && (
    <Pill meaning="accent" icon="door" title="A room that guests can be in.">
      {guestsWord(space)}
    </Pill>
  );

/** How many guests a room has, in a line about it. */
export const guestsWord = ({ room }: Space): string =>
  room === null ? '' : room.guests === 0 ? 'no guests yet' : plural(room.guests, 'guest');

/**
 * Rooms and their guests, after `its` or `the`; nothing without rooms. Of several it is not said how many guests there are:
 * somebody can be one in each.
 */
export const roomsWords = (rooms: number, guests: number): string => {
  if (rooms === 0) return '';
  if (rooms > 1) return `${rooms} rooms ${guests === 0 ? 'for' : 'with'} guests`;
  return guests === 0 ? 'room for guests' : `room with ${plural(guests, 'guest')}`;
};

/** From a topic or board to its room with guests, if it has one. */
export function RoomLink({ space, thing }: { space: Space; thing: string }) {
  const spaces = useSpaces().data ?? [];
  const room = roomFor(spaces, space.space, thing);
  if (room === undefined) return null;
  return (
    <Link
      to={firstPath(room)}
      className="flex h-8 items-center gap-1.5 rounded-control px-2 text-small text-text-2 hover:bg-soft touch:h-11"
    >
      <Icon name="door" size={16} />
      <span className="phone:sr-only">Room with guests</span>
    </Link>
  );
}

/** What managers can do about guests at a topic or board, among the rest of its menu. */
export function GuestItems({
  space,
  thing,
  noun,
}: {
  space: Space;
  thing: string;
  noun: 'topic' | 'board';
}) {
  if (space.level !== 'manage' || space.direct || space.room !== null) return null;
  return (
    <>
      <MenuItem
        icon="invite"
        onSelect={() => showDialog({ kind: 'invite-guest', space: space.space, thing, noun })}
      >
        Invite a guest…
      </MenuItem>
      <MenuLine />
    </>
  );
}

/** What can be done with a room, which goes by the name of what it is for, among the rest of the menu of what is in it. */
export function RoomItems({ space, go }: { space: Space; go: (path: string) => void }) {
  const { room, space: id } = space;
  if (room === null) return null;
  const thing = thingPath(space);
  const manages = space.level === 'manage';
  if (thing === null && !manages) return null;
  return (
    <>
      {manages && (
        <MenuItem icon="invite" onSelect={() => showDialog({ kind: 'invite', space: id })}>
          Invite a guest…
        </MenuItem>
      )}
      {thing !== null && (
        <MenuItem icon={room.kind === 'board' ? 'board' : 'hash'} onSelect={() => go(thing)}>
          Go to the {room.kind} of the space
        </MenuItem>
      )}
      {manages && (
        <>
          <MenuItem icon="trash" danger onSelect={() => showDialog({ kind: 'delete', space: id })}>
            Delete room…
          </MenuItem>
        </>
      )}
      <MenuLine />
    </>
  );
}

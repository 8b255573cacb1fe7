/** Changing a space's name, and the three questions that are really asked: leaving, deleting, removing. */
import { useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { deleteSpace, leaveSpace, removeMember, renameSpace } from '~/api/actions';
import { sentenceOf } from '~/api/client';
import { useFiles, useMembers, useSpaces } from '~/api/queries';
import { roomsOf } from '~/api/rooms';
import type { Space } from '~/api/types';
import { Button } from '~/kit/Button';
import { Dialog } from '~/kit/Dialog';
import { TextField } from '~/kit/Field';
import { formatSize, plural } from '~/kit/format';
import { useAction } from '~/kit/hooks';
import { plainName } from '~/kit/text';
import { tell } from '~/kit/toast';
import { roomsWords } from '~/parts/Guests';
import { nameNote } from './names';

interface Props {
  space: Space;
  onClose: () => void;
}

export function RenameDialog({ space, onClose }: Props) {
  const [name, setName] = useState(space.name);
  const others = useSpaces().data?.filter((other) => other.space !== space.space) ?? [];
  const ready = name.trim() !== '' && name.trim() !== space.name;
  const { run, busy, error } = useAction(async () => {
    await renameSpace(space.space, name.trim());
    onClose();
  }, sentenceOf);
  return (
    <Dialog
      open
      onClose={onClose}
      title={space.room ? 'Rename room' : 'Rename space'}
      about="Everybody in it sees the new name."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form="rename" kind="primary" busy={busy} disabled={!ready}>
            Rename
          </Button>
        </>
      }
    >
      <form
        id="rename"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) void run();
        }}
      >
        <TextField
          label="Name"
          value={name}
          onChange={setName}
          maxLength={80}
          hint={nameNote(name, others)}
          error={error}
        />
      </form>
    </Dialog>
  );
}

/** A question before something that cannot be taken back. */
export function Question({
  title,
  action,
  onClose,
  act,
  ready = true,
  kind = 'danger',
  children,
}: {
  title: string;
  action: string;
  /** How the button that does it looks. */
  kind?: 'danger' | 'primary';
  onClose: () => void;
  act: () => Promise<void>;
  ready?: boolean;
  children: ReactNode;
}) {
  const { run, busy, error } = useAction(act, sentenceOf);
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind={kind} busy={busy} disabled={!ready} onClick={() => void run()}>
            {action}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3 text-[14px]/[21px] text-text-2">
        {children}
        {error !== undefined && (
          <p role="alert" className="text-need">
            {error}
          </p>
        )}
      </div>
    </Dialog>
  );
}

export function LeaveDialog({ space, onClose }: Props) {
  const navigate = useNavigate();
  const members = useMembers(space.space).data;
  const active = space.state === 'active' || space.state === 'shutout';
  const unheard = space.end?.unheard ?? [];
  const name = plainName(space.name);
  const onlyManager =
    active &&
    space.level === 'manage' &&
    space.members > 1 &&
    members?.filter(({ level }) => level === 'manage').length === 1;
  const rooms = useRooms(space);
  // Without anybody in the space nobody could let its guests go, ever.
  const guestsLeft = active && space.level === 'manage' && space.members === 1 && rooms.guests > 0;
  return (
    <Question
      title={
        active
          ? `Leave ${name}?`
          : space.end
            ? `Take ${name} off the list?`
            : `Remove ${name} from this computer?`
      }
      action={active ? 'Leave' : 'Remove'}
      ready={!onlyManager && !guestsLeft}
      onClose={onClose}
      act={async () => {
        await leaveSpace(space.space);
        onClose();
        await navigate({ to: '/' });
      }}
    >
      {space.end && (
        <p>
          What it held is gone from this computer.
          {unheard.length > 0 &&
            ' This computer goes on telling those who have not heard, for up to 30 days, but you no longer see who they are.'}
        </p>
      )}
      <p className={space.end || guestsLeft ? 'hidden' : ''}>
        {active &&
          'The space goes on without you. You will not get what is said or shared there afterwards; to come back you need a new invitation. '}
        The {formatSize(space.disk_bytes)} that it keeps on this computer are removed; files you
        fetched stay where they are.
      </p>
      {space.waiting > 0 && (
        <p className="text-wait">
          {plural(space.waiting, 'message')} of yours {space.waiting === 1 ? 'is' : 'are'} only on
          this computer and would be lost.
        </p>
      )}
      {guestsLeft && (
        <p className="text-wait">
          You are the last in it, and there are guests in its {rooms.one ? 'room' : 'rooms'}: nobody
          would be left who could let them go. Delete the space for everybody, or remove the guests
          first.
        </p>
      )}
      {onlyManager && (
        <p className="text-wait">
          You are the only one who manages it. Without a manager nobody can invite or remove people:
          make somebody else a manager first.
        </p>
      )}
    </Question>
  );
}

export function DeleteDialog({ space, onClose }: Props) {
  const files = useFiles(space.space).data;
  const [typed, setTyped] = useState('');
  const name = plainName(space.name);
  const others = space.members - 1;
  const rooms = useRooms(space);
  return (
    <Question
      title={`Delete ${name} for everybody?`}
      action="Delete for everybody"
      ready={typed.trim() === name}
      onClose={onClose}
      act={async () => {
        await deleteSpace(space.space);
        onClose();
      }}
    >
      <p>
        Everything in it goes from this computer now, and from every other member’s as soon as that
        hears of it; this cannot be taken back. Lost are the whole conversation
        {others > 0 && <> of {plural(others + 1, 'member')}</>}
        {files && files.length > 0 && (
          <>, {plural(files.length, 'shared file')} as far as Compeer keeps them,</>
        )}{' '}
        and all open invitations.{' '}
        {rooms.words !== '' && `Its ${rooms.words} ${rooms.one ? 'goes' : 'go'} with it. `}
        Files that people have put into folders of their own stay there.
      </p>
      <TextField label={`Type “${name}” to confirm`} value={typed} onChange={setTyped} />
    </Question>
  );
}

/** The rooms of a space that are in use: in how many places there are guests, whether it is one room, and both in words. */
export function useRooms({ space }: Space) {
  const rooms = roomsOf(useSpaces().data ?? [], space).filter(({ state }) => state === 'active');
  const guests = rooms.reduce((sum, { room }) => sum + (room?.guests ?? 0), 0);
  return { guests, one: rooms.length === 1, words: roomsWords(rooms.length, guests) };
}

export function RemoveMemberDialog({ space, person, onClose }: Props & { person: string }) {
  const member = useMembers(space.space).data?.find((other) => other.person === person);
  const rooms = useRooms(space);
  if (member === undefined) return null;
  const name = plainName(member.name);
  return (
    <Question
      title={`Remove ${name} from ${plainName(space.name)}?`}
      action="Remove"
      onClose={onClose}
      act={async () => {
        await removeMember(space.space, person);
        onClose();
        tell(`${name} is no longer in this ${space.room ? 'room' : 'space'}.`);
      }}
    >
      <p>
        From now on {name} reads nothing new: what follows is sealed with a fresh key that their{' '}
        {member.devices.length === 1 ? 'device does' : 'devices do'} not get. What they already have
        stays with them, and what they wrote stays here.
      </p>
      {rooms.words !== '' && <p>That also goes for the {rooms.words} of this space.</p>}
    </Question>
  );
}

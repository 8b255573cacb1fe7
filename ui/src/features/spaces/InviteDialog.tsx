/** Inviting: choose what the newcomer may do, for how long and how often; then hand it over. */
import { useState } from 'react';
import { invite, inviteGuest } from '~/api/actions';
import { sentenceOf } from '~/api/client';
import { useInvitations, useMail, useSpaces } from '~/api/queries';
import { roomFor } from '~/api/rooms';
import type { InviteRequest, Level, NewInvitation, Space } from '~/api/types';
import { Button } from '~/kit/Button';
import { Dialog } from '~/kit/Dialog';
import { Choice, TextField } from '~/kit/Field';
import { useAction, useNow } from '~/kit/hooks';
import { plainName } from '~/kit/text';
import { InvitationBox } from '~/parts/InvitationBox';
import { InvitationList } from '~/parts/InvitationList';
import { useVisible } from '~/parts/undo';
import { levelNotes } from '~/parts/words';

type Expiry = '1h' | '1d' | '7d' | '30d';
type Uses = '1' | '5' | '25';

/** To a space; to a room, as a guest. */
export function InviteDialog({ space, onClose }: { space: Space; onClose: () => void }) {
  const who = space.room ? 'Invite a guest' : 'Invite';
  const shared = { title: `${who} to ${plainName(space.name)}`, onClose };
  const room = space.space;
  return space.room ? (
    <Inviting {...shared} guest={{ noun: space.room.kind, begins: false }} to={room} />
  ) : (
    <Inviting {...shared} to={room} />
  );
}

/** As a guest, to the room of a topic or board, which is made if there is none. */
export function InviteGuestDialog({
  space,
  thing,
  noun,
  onClose,
}: {
  space: Space;
  thing: string;
  noun: 'topic' | 'board';
  onClose: () => void;
}) {
  const room = roomFor(useSpaces().data ?? [], space.space, thing);
  return (
    <Inviting
      title="Invite a guest"
      guest={{ noun, begins: room === undefined }}
      to={room?.space ?? null}
      make={(terms) => inviteGuest(space.space, thing, terms)}
      onClose={onClose}
    />
  );
}

/** What a guest will see and what not, before one is invited. */
function WhatGuestsSee({ noun, begins }: Guest) {
  return (
    <div className="rounded-card border border-line bg-panel px-4 py-3 text-small text-text-2">
      <p>
        {begins
          ? `This ${noun} gets a room for guests, which begins empty. Everybody in the space is in it, too.`
          : `A guest comes into the room of this ${noun}. Everybody in the space is in it, too.`}
      </p>
      <ul className="mt-2 flex list-disc flex-col gap-1 pl-4">
        <li>
          <b className="font-medium text-text">Guests see</b> what is{' '}
          {noun === 'board' ? 'drawn and said' : 'said and shared'} in the room, also before they
          came, and the names of all who are in it.
        </li>
        <li>
          <b className="font-medium text-text">They do not see</b> anything else of the space, nor
          what {noun === 'board' ? 'stands on the board' : 'was said at the topic'} itself.
        </li>
      </ul>
    </div>
  );
}

/** What a guest may do at a board. */
const boardNotes: Record<Level, string> = {
  ...levelNotes,
  read: 'Looks at the board, and reads what is said about it.',
  write: 'Draws, and writes comments.',
};

/** What somebody is a guest at. */
interface Guest {
  noun: 'topic' | 'board';
  /** Whether there is no room yet. */
  begins: boolean;
}

function Inviting({
  title,
  guest,
  to: known,
  make,
  onClose,
}: {
  title: string;
  guest?: Guest;
  /** The space; null while it is to be made along with the first invitation. */
  to: string | null;
  /** Makes an invitation; to `to` when left out. */
  make?: (terms: InviteRequest) => Promise<NewInvitation>;
  onClose: () => void;
}) {
  const now = useNow();
  const [level, setLevel] = useState<Level>('write');
  const [expires, setExpires] = useState<Expiry>('7d');
  const [uses, setUses] = useState<Uses>('1');
  const [mail, setMail] = useState('');
  const [made, setMade] = useState<NewInvitation | null>(null);
  const to = mail.trim();
  const server = useMail().data;
  const invitations = useInvitations(known ?? '', known !== null).data;
  const open = useVisible(invitations)?.filter(
    ({ state, id }) => state === 'open' && id !== made?.id,
  );
  const { run, busy, error } = useAction(async () => {
    const terms = {
      level,
      expires,
      ...(to === '' ? { uses: Number(uses) } : { uses: 1, mail: to }),
    };
    if (known !== null) setMade(await invite(known, terms));
    else if (make) setMade(await make(terms));
  }, sentenceOf);
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={title}
      about={
        made === null
          ? `Any manager’s computer that is on lets ${guest ? 'the guest' : 'them'} in; it need not be yours.`
          : undefined
      }
      footer={
        made === null ? (
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button kind="primary" busy={busy} onClick={() => void run()}>
              {to !== '' && server?.set === true ? 'Send an invitation' : 'Make an invitation'}
            </Button>
          </>
        ) : (
          <>
            <Button onClick={() => setMade(null)}>Make another</Button>
            <Button onClick={onClose}>Done</Button>
          </>
        )
      }
    >
      {made === null ? (
        <div className="flex flex-col gap-4">
          {guest && <WhatGuestsSee {...guest} />}
          <Choice<Level>
            label={guest ? 'The guest may' : 'They may'}
            value={level}
            onChange={setLevel}
            hint={guest?.noun === 'board' ? boardNotes[level] : levelNotes[level]}
            options={[
              { value: 'read', label: 'Read' },
              { value: 'write', label: 'Write' },
              ...(guest ? [] : [{ value: 'manage', label: 'Manage' } as const]),
            ]}
          />
          <Choice<Expiry>
            label="It ends in"
            value={expires}
            onChange={setExpires}
            options={[
              { value: '1h', label: '1 hour' },
              { value: '1d', label: '1 day' },
              { value: '7d', label: '7 days' },
              { value: '30d', label: '30 days' },
            ]}
          />
          <TextField
            label="By mail to"
            type="email"
            inputMode="email"
            value={mail}
            onChange={setMail}
            placeholder="Optional"
            maxLength={254}
            hint={
              server?.set === true
                ? `It is sent by ${server.host}.`
                : 'A mail is made ready for your own mail program. Settings can set a server instead.'
            }
          />
          <Choice<Uses>
            label="It works for"
            disabled={to !== ''}
            value={to === '' ? uses : '1'}
            onChange={setUses}
            options={[
              { value: '1', label: '1 person' },
              { value: '5', label: '5 people' },
              { value: '25', label: '25 people' },
            ]}
          />
          {error !== undefined && (
            <p role="alert" className="text-small text-need">
              {error}
            </p>
          )}
        </div>
      ) : (
        <InvitationBox invitation={made} now={now} />
      )}
      {known !== null && open !== undefined && open.length > 0 && (
        <section className="mt-6 border-t border-line pt-4">
          <h3 className="mb-1 text-small font-semibold">Open invitations</h3>
          <InvitationList space={known} invitations={open} now={now} />
        </section>
      )}
    </Dialog>
  );
}

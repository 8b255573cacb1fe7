/** Inviting: choose what the guest may do, for how long and how often; then hand it over. */
import { useState } from 'react';
import { invite } from '~/api/actions';
import { sentenceOf } from '~/api/client';
import { useInvitations, useMail } from '~/api/queries';
import type { Level, NewInvitation, Space } from '~/api/types';
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

export function InviteDialog({ space, onClose }: { space: Space; onClose: () => void }) {
  const now = useNow();
  const [level, setLevel] = useState<Level>('write');
  const [expires, setExpires] = useState<Expiry>('7d');
  const [uses, setUses] = useState<Uses>('1');
  const [mail, setMail] = useState('');
  const [made, setMade] = useState<NewInvitation | null>(null);
  const to = mail.trim();
  const server = useMail().data;
  const invitations = useInvitations(space.space, true).data;
  const open = useVisible(invitations)?.filter(
    ({ state, id }) => state === 'open' && id !== made?.id,
  );
  const { run, busy, error } = useAction(async () => {
    setMade(
      await invite(space.space, {
        level,
        expires,
        ...(to === '' ? { uses: Number(uses) } : { uses: 1, mail: to }),
      }),
    );
  }, sentenceOf);
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={`Invite to ${plainName(space.name)}`}
      about={
        made === null
          ? 'Any manager’s computer that is on lets the guest in; it need not be yours.'
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
          <Choice<Level>
            label="The guest may"
            value={level}
            onChange={setLevel}
            hint={levelNotes[level]}
            options={[
              { value: 'read', label: 'Read' },
              { value: 'write', label: 'Write' },
              { value: 'manage', label: 'Manage' },
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
      {open !== undefined && open.length > 0 && (
        <section className="mt-6 border-t border-line pt-4">
          <h3 className="mb-1 text-small font-semibold">Open invitations</h3>
          <InvitationList space={space.space} invitations={open} now={now} />
        </section>
      )}
    </Dialog>
  );
}

/** Invitations that still work, each with the way to end it. */
import { revokeInvitation } from '~/api/actions';
import type { Invitation } from '~/api/types';
import { Button } from '~/kit/Button';
import { formatExact, formatUntil, formatWhen } from '~/kit/format';
import { Pill } from '~/kit/Pill';
import { Name } from '~/kit/Text';
import { removeWithUndo } from './undo';
import { levelWords } from './words';

export function InvitationList({
  space,
  invitations,
  now,
}: {
  space: string;
  invitations: Invitation[];
  now: number;
}) {
  return (
    <ul>
      {invitations.map((invitation) => (
        <li
          key={invitation.id}
          className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-soft py-2 last:border-b-0"
        >
          <div className="min-w-0 flex-1">
            <div className="text-[14px]/5">
              {levelWords[invitation.level]},{' '}
              {invitation.uses === 1
                ? 'for one person'
                : `${invitation.used} of ${invitation.uses} used`}
            </div>
            <div className="truncate text-tiny text-text-3" title={formatExact(invitation.created)}>
              by <Name>{invitation.by_name}</Name>, {formatWhen(invitation.created, now)}
            </div>
          </div>
          <Pill meaning="off" icon="clock" title={formatExact(invitation.expires)}>
            ends {formatUntil(invitation.expires, now)}
          </Pill>
          <Button onClick={() => revoke(space, invitation)}>Revoke</Button>
        </li>
      ))}
    </ul>
  );
}

const revoke = (space: string, { id }: Invitation) =>
  removeWithUndo(id, 'The invitation no longer works.', () => revokeInvitation(space, id));

/** Invitations that still work, each with the way to end it. */
import { revokeInvitation } from '~/api/actions';
import type { Invitation } from '~/api/types';
import { Button } from '~/kit/Button';
import { formatExact, formatUntil, formatWhen } from '~/kit/format';
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
          className="flex items-center gap-3 border-b border-soft py-2 last:border-b-0"
        >
          <div className="min-w-0 flex-1">
            <div
              className={`text-[14px]/5 [overflow-wrap:anywhere] ${invitation.mail === null ? 'first-letter:uppercase' : ''}`}
            >
              {invitation.mail !== null && (
                <>
                  <Name>{invitation.mail}</Name>{' '}
                </>
              )}
              {levelWords[invitation.level]},{' '}
              {invitation.uses === 1
                ? 'for one person'
                : `${invitation.used} of ${invitation.uses} used`}
            </div>
            <div className="text-tiny text-text-3">
              <span title={formatExact(invitation.expires)}>
                ends {formatUntil(invitation.expires, now)}
              </span>
              {' · '}
              <span className="inline-block" title={formatExact(invitation.created)}>
                by <Name>{invitation.by_name}</Name>, {formatWhen(invitation.created, now)}
              </span>
            </div>
          </div>
          <Button onClick={() => revoke(space, invitation)}>Revoke</Button>
        </li>
      ))}
    </ul>
  );
}

const revoke = (space: string, { id }: Invitation) =>
  removeWithUndo(id, 'The invitation no longer works.', () => revokeInvitation(space, id));

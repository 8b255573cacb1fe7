/** Everybody in the space, and the invitations that are still open. */
import { Link } from '@tanstack/react-router';
import { sentenceOf, silent } from '~/api/client';
import { useInvitations, useMembers } from '~/api/queries';
import { useStore } from '~/api/store';
import type { Member, Space } from '~/api/types';
import { Button, IconButton } from '~/kit/Button';
import { Failure, Loading } from '~/kit/EmptyState';
import { useNow, usePhone } from '~/kit/hooks';
import { showDialog } from '~/parts/dialogs';
import { InvitationList } from '~/parts/InvitationList';
import { PaneHeader } from '~/parts/PaneHeader';
import { PersonRow } from '~/parts/PersonRow';
import { useVisible } from '~/parts/undo';
import { levelWords } from '~/parts/words';
import { orderMembers } from './order';

export function PeoplePane({ space, detail }: { space: Space; detail: string | undefined }) {
  const id = space.space;
  const members = useMembers(id, 10_000);
  const now = useNow();
  const phone = usePhone();
  const down = useStore(silent);
  const invite = () => showDialog({ kind: 'invite', space: id });
  const inviteWord = space.room ? 'Invite a guest' : 'Invite someone';
  const manages = space.level === 'manage';
  const invitations = useInvitations(id, manages);
  const open = useVisible(invitations.data)?.filter(({ state }) => state === 'open') ?? [];
  return (
    <>
      <PaneHeader
        title="People"
        space={space.name}
        about={
          space.members <= 1
            ? 'just you so far'
            : down
              ? `${space.members} people`
              : `${space.here_now} of ${space.members} connected`
        }
        back={`/s/${id}`}
      >
        {manages &&
          (phone ? (
            <IconButton icon="invite" label={inviteWord} onClick={invite} />
          ) : (
            <Button icon="invite" onClick={invite}>
              {inviteWord}
            </Button>
          ))}
      </PaneHeader>
      {members.error && !members.data ? (
        <Failure retry={<Button onClick={() => void members.refetch()}>Try again</Button>}>
          {sentenceOf(members.error)}
        </Failure>
      ) : !members.data ? (
        <Loading />
      ) : (
        <div className="min-h-0 flex-1 overflow-y-auto">
          <div className="mx-auto w-full max-w-[808px] px-6 py-3 phone:px-4 [--around:var(--raised)]">
            <ul aria-label="Members">
              {orderMembers(members.data).map((member) => (
                <Row
                  key={member.person}
                  {...{ id, member, now }}
                  selected={detail === `person-${member.person}`}
                />
              ))}
            </ul>
            {open.length > 0 && (
              <section className="mt-6">
                <h2 className="mb-1 text-small font-semibold">Open invitations</h2>
                <InvitationList space={id} invitations={open} now={now} />
              </section>
            )}
          </div>
        </div>
      )}
    </>
  );
}

function Row({
  id,
  member,
  now,
  selected,
}: {
  id: string;
  member: Member;
  now: number;
  selected: boolean;
}) {
  return (
    <li
      className={`relative -mx-3 flex items-center gap-3 rounded-card px-3 ${selected ? 'bg-accent-soft' : 'hover:bg-panel'}`}
    >
      <PersonRow member={member} now={now} />
      <span className="w-[84px] flex-none text-right whitespace-nowrap text-small text-text-3 phone:w-auto phone:text-tiny">
        {levelWords[member.level]}
      </span>
      <Link
        to="/s/$space/people"
        params={{ space: id }}
        search={{ detail: `person-${member.person}` }}
        data-nav
        aria-label={`Details of ${member.name}`}
        className="absolute inset-0 rounded-card"
      />
    </li>
  );
}

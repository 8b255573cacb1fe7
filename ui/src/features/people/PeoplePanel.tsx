/** Beside the conversation: who is here, who has everything, and what this space is. */
import { Link } from '@tanstack/react-router';
import { useMembers } from '~/api/queries';
import type { Space } from '~/api/types';
import { Button } from '~/kit/Button';
import { Loading } from '~/kit/EmptyState';
import { formatExact, formatSince, formatSize, listNames } from '~/kit/format';
import { useNow } from '~/kit/hooks';
import { plainName } from '~/kit/text';
import { showDialog } from '~/parts/dialogs';
import { PersonRow } from '~/parts/PersonRow';
import { levelWords } from '~/parts/words';
import { orderMembers } from './order';

export function PeoplePanel({ space }: { space: Space }) {
  const members = useMembers(space.space, 10_000).data;
  const now = useNow();
  if (members === undefined) return <Loading />;
  const managers = members.filter(({ level }) => level === 'manage');
  return (
    <div className="p-4 pt-2.5">
      <ul aria-label="Members">
        {orderMembers(members).map((member) => (
          <li
            key={member.person}
            className="relative -mx-2 flex rounded-control px-2 hover:bg-soft"
          >
            <PersonRow member={member} now={now} />
            <Link
              to="."
              search={{ detail: `person-${member.person}` }}
              aria-label={`Details of ${member.name}`}
              className="absolute inset-0 rounded-control"
            />
          </li>
        ))}
      </ul>
      {space.level === 'manage' && (
        <Button
          className="mt-3 w-full"
          onClick={() => showDialog({ kind: 'invite', space: space.space })}
        >
          {space.room ? 'Invite a guest' : 'Invite someone'}
        </Button>
      )}
      <h3 className="mt-5 mb-2 text-small font-semibold">
        About this {space.room ? 'room' : 'space'}
      </h3>
      <dl className="grid grid-cols-[104px_minmax(0,1fr)] gap-x-3 gap-y-1.5 text-small nums">
        <dt className="text-text-3">Who may join</dt>
        <dd>
          {space.room
            ? 'members of its space; guests by invitation of a manager'
            : 'by invitation of a manager'}
        </dd>
        <dt className="text-text-3">{managers.length === 1 ? 'Manager' : 'Managers'}</dt>
        <dd>
          <bdi>
            {listNames(
              managers.map(({ name }) => plainName(name)),
              4,
            )}
          </bdi>
        </dd>
        <dt className="text-text-3">You</dt>
        <dd>{levelWords[space.level]}</dd>
        <dt className="text-text-3">Encryption</dt>
        <dd title={formatExact(space.epoch.since)}>
          end to end, key {space.epoch.number} since {formatSince(space.epoch.since, now)}
        </dd>
        <dt className="text-text-3">On this disk</dt>
        <dd>{formatSize(space.disk_bytes)}, without files</dd>
        <dt className="text-text-3">Since</dt>
        <dd title={formatExact(space.created)}>{formatSince(space.created, now)}</dd>
      </dl>
    </div>
  );
}

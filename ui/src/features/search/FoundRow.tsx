/** One result in the list. */
import { ownUrl } from '~/api/client';
import type { Found, Member } from '~/api/types';
import { Avatar } from '~/kit/Avatar';
import { formatExact, formatWhen } from '~/kit/format';
import { Icon, type IconName } from '~/kit/Icon';
import { Name } from '~/kit/Text';
import { fileIcon } from '~/parts/FileBits';
import { Marked, wordsOf } from '~/parts/Found';
import { GuestMark } from '~/parts/Guests';
import { hueOf } from '~/parts/MessageHead';

export function FoundRow({
  id,
  index,
  found,
  people,
  now,
  chosen,
  onPoint,
  onOpen,
}: {
  id: string;
  index: number;
  found: Found;
  people: Map<string, Member>;
  now: number;
  chosen: boolean;
  onPoint: () => void;
  onOpen: () => void;
}) {
  return (
    // The keys are the field's: the list is only pointed at from there.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      id={id}
      data-index={index}
      role="option"
      tabIndex={-1}
      aria-selected={chosen}
      onPointerMove={onPoint}
      onClick={onOpen}
      className="flex gap-3 rounded-card px-3 py-2.5 aria-selected:bg-accent-soft touch:min-h-11"
    >
      <Side found={found} people={people} />
      <div className="min-w-0 flex-1">
        <div className="flex items-baseline gap-2">
          <span className="min-w-0 truncate font-semibold">
            {found.kind === 'message' ? (
              <Name>{found.author_name ?? ''}</Name>
            ) : (
              <Marked parts={found.title} />
            )}
          </span>
          {found.guest && found.kind !== 'file' && <GuestMark />}
          <Where found={found} />
          {found.time !== null && (
            <time
              dateTime={new Date(found.time).toISOString()}
              title={formatExact(found.time)}
              className="ml-auto flex-none text-tiny text-text-3 nums"
            >
              {formatWhen(found.time, now)}
            </time>
          )}
        </div>
        {found.text.length > 0 && (
          <div className="line-clamp-3 text-[14px]/5 wrap-anywhere text-text-2">
            <Marked parts={found.text} />
          </div>
        )}
        {found.kind === 'message' && found.title.length > 0 && (
          <div className="mt-0.5 flex min-w-0 items-center gap-1.5 text-small text-text-2">
            <Icon name={fileIcon(wordsOf(found.title), null)} size={15} />
            <span className="min-w-0 truncate">
              <Marked parts={found.title} />
            </span>
          </div>
        )}
      </div>
    </div>
  );
}

const kindIcons: Partial<Record<Found['kind'], IconName>> = {
  topic: 'hash',
  issue: 'issue',
  board: 'board',
  page: 'page',
};

/** Whose face, or what it is. */
function Side({ found, people }: { found: Found; people: Map<string, Member> }) {
  const person =
    found.kind === 'person' ? found.id : found.kind === 'message' ? found.author : null;
  if (person !== null) {
    const member = people.get(person);
    return (
      <Avatar
        size="l"
        name={found.kind === 'person' ? wordsOf(found.title) : (found.author_name ?? '?')}
        hue={member?.hue ?? hueOf(person)}
        picture={ownUrl(member?.picture)}
      />
    );
  }
  const icon =
    found.kind === 'file'
      ? fileIcon(wordsOf(found.title), null)
      : found.kind === 'space' && found.room
        ? 'door'
        : (kindIcons[found.kind] ?? 'chat');
  return (
    <span className="grid size-9 flex-none place-items-center rounded-[10px] bg-soft text-text-2">
      <Icon name={icon} />
    </span>
  );
}

/** In which space and at which topic; of a file, also by whom. */
function Where({ found }: { found: Found }) {
  return (
    <span className="min-w-0 truncate text-small text-text-3">
      {found.kind === 'space' ? (
        found.room ? (
          'room with guests'
        ) : (
          'space'
        )
      ) : (
        <>
          {found.kind === 'file' && (
            <>
              <Name>{found.author_name ?? ''}</Name>
              {found.guest && ' (guest)'} ·{' '}
            </>
          )}
          {found.room && 'room '}
          <Name>{found.space_name}</Name>
          {found.topic_title !== null && (
            <>
              {' › '}
              <Name>{found.topic_title}</Name>
            </>
          )}
        </>
      )}
    </span>
  );
}

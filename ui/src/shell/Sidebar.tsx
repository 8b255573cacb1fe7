/** What is in the current space: its tools, its people, and what can be done with it. */
import { Link, useMatchRoute, useParams } from '@tanstack/react-router';
import { Fragment, useState, type ReactNode } from 'react';
import { archiveSpace, setAttention } from '~/api/actions';
import { sentenceOf, silent } from '~/api/client';
import { useMembers, useSpaces, useTopics, useTransfers } from '~/api/queries';
import { firstPath, roomsOf } from '~/api/rooms';
import { useStore } from '~/api/store';
import { countOf, general } from '~/api/talk';
import type { Space, Topic } from '~/api/types';
import { IconButton } from '~/kit/Button';
import { formatExact, plural } from '~/kit/format';
import { Icon, type IconName } from '~/kit/Icon';
import { Menu, MenuChoice, MenuItem, MenuLine } from '~/kit/Menu';
import { Name } from '~/kit/Text';
import { tellFailure } from '~/kit/toast';
import { Tree } from '~/features/pages/Tree';
import { orderMembers } from '~/features/people/order';
import { attentions } from '~/parts/attentions';
import { attended } from '~/parts/attention';
import { showDialog } from '~/parts/dialogs';
import { GuestMark } from '~/parts/Guests';
import { MemberAvatar } from '~/parts/PersonRow';
import { presenceOf } from '~/parts/words';
import { Key } from './ShortcutSheet';
import { mod } from './shortcuts';

/** More people than this are found in the People view. */
const listed = 30;

/** `top`: it is the whole page, so its name is the page's heading. */
export function Sidebar({ space, top = false }: { space: Space; top?: boolean }) {
  const { state } = space;
  const active = state === 'active';
  const down = useStore(silent);
  return (
    <div className="flex min-h-0 flex-1 flex-col overflow-y-auto px-2 py-3">
      <SpaceMenu space={space} top={top} />
      <p className="mx-2 mb-3 truncate text-small text-text-3 nums">
        {state === 'active'
          ? plural(space.members, 'person').replace('persons', 'people') +
            (space.members > 1 && !down ? ` · ${space.here_now} connected` : '') +
            (space.archived ? ' · archived' : '')
          : stateNotes[state]}
      </p>
      <button
        type="button"
        onClick={() => showDialog({ kind: 'palette' })}
        className="mb-3 flex h-[34px] w-full flex-none items-center gap-2 rounded-control border border-edge bg-raised px-2.5 text-small text-text-3 hover:border-(--line-strong) phone:hidden touch:h-11"
      >
        <Icon name="search" size={15} />
        Jump to anything
        <span className="ml-auto flex gap-0.5">
          <Key>{`${mod} K`}</Key>
        </span>
      </button>
      {(active || state === 'shutout') && <Tools space={space} />}
    </div>
  );
}

/** What stands in place of the numbers of a space that one is not in. */
const stateNotes: Record<Exclude<Space['state'], 'active'>, string> = {
  joining: 'joining',
  shutout: 'you were probably removed',
  removed: 'you are no longer in it',
  ended: 'deleted for everybody',
};

function Tools({ space }: { space: Space }) {
  const id = space.space;
  const seen = useStore(attended);
  const topics = useTopics(id).data;
  const chat = topics?.find((topic) => topic.id === general);
  const isSeen = seen?.space === id && seen.place === general;
  const unread = isSeen ? 0 : chat === undefined ? space.unread : countOf(chat);
  // Neither a direct talk nor a room has the furniture of a space.
  const whole = !space.direct && !space.room;
  const rooms = roomsOf(useSpaces().data ?? [], id);
  const running = (useTransfers().data ?? []).filter(
    (transfer) => transfer.space === id && transfer.state === 'running',
  ).length;
  return (
    <>
      <ul>
        {space.room?.board != null ? (
          <RoomItem room={space} label="Board" icon="board" />
        ) : (
          <Item
            to="/s/$space/chat"
            id={id}
            icon="chat"
            label="Chat"
            unread={unread}
            mentions={chat?.mentions ?? 0}
          />
        )}
        {whole && (
          <>
            <Item
              to="/s/$space/issues"
              id={id}
              icon="issue"
              label="Issues"
              unread={space.unread_issues}
            />
            <Item
              to="/s/$space/boards"
              id={id}
              icon="board"
              label="Boards"
              unread={space.unread_boards}
              below
            />
            {rooms.filter(isBoards).map((room) => (
              <RoomItem key={room.space} room={room} below />
            ))}
          </>
        )}
        <Item
          to="/s/$space/files"
          id={id}
          icon="folder"
          label="Files"
          note={
            running > 0 ? (
              <>
                <span aria-hidden="true">{running} ↓</span>
                <span className="sr-only">, {running} on the way here</span>
              </>
            ) : undefined
          }
        />
        <Item
          to="/s/$space/people"
          id={id}
          icon="people"
          label="People"
          note={space.members > 1 ? String(space.members) : undefined}
        />
      </ul>
      {whole && <Topics space={space} topics={topics ?? []} rooms={rooms} />}
      {whole && <Tree space={space} />}
      <Members space={id} />
    </>
  );
}

const isBoards = ({ room }: Space) => room?.kind === 'board';

function SpaceMenu({ space, top }: { space: Space; top: boolean }) {
  const Heading = top ? 'h1' : 'h2';
  const active = space.state === 'active';
  const manages = active && space.level === 'manage';
  const id = space.space;
  return (
    <Heading className="flex-none">
      <Menu
        align="start"
        trigger={
          <button
            type="button"
            className="flex w-full items-center justify-between gap-2 rounded-control px-2 py-0.5 text-left text-body font-semibold hover:bg-soft touch:min-h-11"
          >
            <span className="min-w-0 truncate">
              {space.name === '' && space.state === 'joining' ? (
                'A new space'
              ) : (
                <Name>{space.name}</Name>
              )}
            </span>
            <Icon name="down" className="text-text-3" />
            <span className="sr-only">: actions for this space</span>
          </button>
        }
      >
        {manages && (
          <>
            <MenuItem icon="invite" onSelect={() => showDialog({ kind: 'invite', space: id })}>
              {space.room ? 'Invite a guest' : 'Invite someone'}
            </MenuItem>
            {!space.direct && !space.room && (
              <MenuItem icon="pen" onSelect={() => showDialog({ kind: 'rename', space: id })}>
                Rename space
              </MenuItem>
            )}
            <MenuLine />
          </>
        )}
        {active && (
          <>
            {attentions.map(([attention, words]) => (
              <MenuChoice
                key={attention}
                chosen={space.attention === attention}
                onSelect={() =>
                  void setAttention(id, null, attention).catch((error: unknown) =>
                    tellFailure(sentenceOf(error)),
                  )
                }
              >
                {words}
              </MenuChoice>
            ))}
            <MenuLine />
          </>
        )}
        <MenuItem icon="download" onSelect={() => showDialog({ kind: 'export', space: id })}>
          {space.direct ? 'Export talk' : space.room ? 'Export room' : 'Export space'}
        </MenuItem>
        <MenuItem icon="leave" onSelect={() => showDialog({ kind: 'leave', space: id })}>
          {space.end
            ? 'Take off the list…'
            : !active
              ? 'Remove from this computer…'
              : space.direct
                ? 'Leave talk…'
                : space.room
                  ? 'Leave room…'
                  : 'Leave space…'}
        </MenuItem>
        {active && space.archived?.may_restore === true && (
          <MenuItem
            icon="retry"
            onSelect={() =>
              void archiveSpace(id, false).catch((error: unknown) => tellFailure(sentenceOf(error)))
            }
          >
            Take it back from the archive
          </MenuItem>
        )}
        {manages && !space.direct && (
          <>
            <MenuItem icon="clock" onSelect={() => showDialog({ kind: 'retention', space: id })}>
              How long messages stay…
            </MenuItem>
            <MenuItem icon="box" onSelect={() => showDialog({ kind: 'archive', space: id })}>
              {space.room ? 'Archive room…' : 'Archive space…'}
            </MenuItem>
          </>
        )}
        {(manages || (active && space.archived?.may_restore === true)) && !space.direct && (
          <MenuItem icon="trash" danger onSelect={() => showDialog({ kind: 'delete', space: id })}>
            {space.room ? 'Delete room…' : 'Delete space…'}
          </MenuItem>
        )}
      </Menu>
    </Heading>
  );
}

const rowLook =
  'flex h-8 w-full items-center gap-2 rounded-control px-2 text-text-2 hover:bg-soft aria-[current=page]:bg-accent-soft aria-[current=page]:font-medium aria-[current=page]:text-accent-text touch:h-11';

function Item({
  to,
  id,
  icon,
  label,
  note,
  unread = 0,
  mentions = 0,
  below = false,
}: {
  to:
    | '/s/$space/chat'
    | '/s/$space/boards'
    | '/s/$space/files'
    | '/s/$space/issues'
    | '/s/$space/people';
  id: string;
  icon: IconName;
  label: string;
  note?: ReactNode;
  unread?: number;
  mentions?: number;
  /** What lies below it is a part of it. */
  below?: boolean;
}) {
  const match = useMatchRoute();
  // One issue is a page of its own, and still among the issues.
  const within =
    to === '/s/$space/issues' && match({ to: '/s/$space/issue/$issue', params: { space: id } });
  const here = Boolean(match({ to, params: { space: id }, fuzzy: below }) || within);
  const news = unread > 0;
  return (
    <li>
      <Link
        to={to}
        params={{ space: id }}
        aria-current={here ? 'page' : undefined}
        className={`${rowLook} ${news ? 'font-semibold text-text!' : ''}`}
      >
        <Icon name={icon} className="mx-0.5" />
        <span className="min-w-0 flex-1 truncate">{label}</span>
        {news ? (
          <Unread count={unread} mentions={mentions} />
        ) : (
          note !== undefined && <span className="text-tiny text-text-3 nums"> {note}</span>
        )}
      </Link>
    </li>
  );
}

/** Topics that are shown before all of them are asked for. */
const topicsShown = 12;

function Topics({ space, topics, rooms }: { space: Space; topics: Topic[]; rooms: Space[] }) {
  const id = space.space;
  const [all, setAll] = useState(false);
  const seen = useStore(attended);
  const open = topics.filter((topic) => topic.id !== general && (!topic.resolved || all));
  const shown = all ? open : open.slice(0, topicsShown);
  const hidden = topics.length - 1 - shown.length;
  const mayWrite = space.level !== 'read';
  const talks = rooms.filter((room) => !isBoards(room));
  if (topics.length <= 1 && talks.length === 0 && !mayWrite) return null;
  return (
    <section aria-label="Topics">
      <div className="mt-3.5 mb-1 flex items-center pl-2">
        <h3 className="flex-1 text-tiny font-medium text-text-3">Topics</h3>
        {mayWrite && (
          <IconButton
            icon="plus"
            size="s"
            side="right"
            label="Start a topic"
            onClick={() => showDialog({ kind: 'topic', space: id })}
          />
        )}
      </div>
      <ul>
        {shown.map((topic) => (
          <Fragment key={topic.id}>
            <TopicItem
              space={id}
              topic={topic}
              seen={seen?.space === id && seen.place === topic.id}
            />
            {talks
              .filter(({ room }) => room?.thing === topic.id)
              .map((room) => (
                <RoomItem key={room.space} room={room} below />
              ))}
          </Fragment>
        ))}
        {/* Those whose topic is not in sight are. */}
        {talks
          .filter(({ room }) => !shown.some((topic) => topic.id === room?.thing))
          .map((room) => (
            <RoomItem key={room.space} room={room} label={room.name} />
          ))}
      </ul>
      {(hidden > 0 || all) && (
        <button
          type="button"
          onClick={() => setAll(!all)}
          className="flex h-8 w-full items-center rounded-control px-2 text-small text-text-3 hover:bg-soft touch:h-11"
        >
          {all ? 'Show fewer' : `Show all (${topics.length - 1})`}
        </button>
      )}
    </section>
  );
}

function TopicItem({ space, topic, seen }: { space: string; topic: Topic; seen: boolean }) {
  const params = { space, topic: topic.id };
  const here = Boolean(useMatchRoute()({ to: '/s/$space/topic/$topic', params }));
  const unread = seen ? 0 : countOf(topic);
  const dim = topic.resolved || topic.attention === 'muted';
  return (
    <li>
      <Link
        to="/s/$space/topic/$topic"
        params={params}
        aria-current={here ? 'page' : undefined}
        className={`${rowLook} ${unread > 0 ? 'font-semibold text-text!' : dim ? 'text-text-3!' : ''}`}
      >
        <Icon name={topic.resolved ? 'check' : 'hash'} size={16} className="mx-[3px] text-text-3" />
        <span className="min-w-0 flex-1 truncate">
          {topic.title === null ? 'A topic' : <Name>{topic.title}</Name>}
        </span>
        {topic.attention === 'muted' && <span className="sr-only">, muted</span>}
        {topic.resolved && <span className="sr-only">, resolved</span>}
        <Unread count={unread} mentions={seen ? 0 : topic.mentions} />
      </Link>
    </li>
  );
}

/** A room with guests, below what it was made for; to a guest, the board that it is. */
function RoomItem({
  room,
  label,
  icon = 'door',
  below = false,
}: {
  room: Space;
  label?: string;
  icon?: IconName;
  below?: boolean;
}) {
  const params = useParams({ strict: false });
  const seen = useStore(attended);
  const unread = seen?.space === room.space ? 0 : room.unread;
  const isBoard = isBoards(room);
  return (
    <li className={below ? 'pl-5' : ''}>
      <Link
        to={firstPath(room)}
        aria-current={params.space === room.space ? 'page' : undefined}
        className={`${rowLook} ${unread > 0 ? 'font-semibold text-text!' : ''}`}
      >
        <Icon name={icon} size={16} className="mx-[3px] text-text-3" />
        <span className="min-w-0 flex-1 truncate">
          {label !== undefined ? (
            <Name>{label}</Name>
          ) : isBoard ? (
            <>
              <Name>{room.name}</Name> with guests
            </>
          ) : (
            'With guests'
          )}
        </span>
        {room.state !== 'active' && (
          <span className="text-tiny text-text-3">{roomStates[room.state]}</span>
        )}
        <Unread count={unread} mentions={seen?.space === room.space ? 0 : room.mentions} />
      </Link>
    </li>
  );
}

const roomStates: Record<Exclude<Space['state'], 'active'>, string> = {
  joining: 'on its way',
  shutout: 'removed',
  removed: 'removed',
  ended: 'deleted',
};

function Unread({ count, mentions }: { count: number; mentions: number }) {
  if (count === 0) return null;
  return (
    <span
      className={`rounded-[9px] px-1.5 text-tiny/[18px] font-medium nums ${mentions > 0 ? 'bg-need text-on-need' : 'bg-accent text-on-accent'}`}
    >
      {count > 999 ? '999+' : count}
      <span className="sr-only"> unread{mentions > 0 ? ', you are named' : ''}</span>
    </span>
  );
}

function Members({ space }: { space: string }) {
  const down = useStore(silent);
  const members = useMembers(space).data ?? [];
  const others = orderMembers(members).filter(({ me }) => !me);
  if (others.length === 0) return null;
  return (
    <section aria-label="Members">
      <h3 className="mx-2 mt-3.5 mb-1 text-tiny font-medium text-text-3">Members</h3>
      <ul>
        {others.slice(0, listed).map((member) => {
          const presence = presenceOf(member, down);
          const seen = Math.max(0, ...member.devices.map(({ last_seen }) => last_seen ?? 0));
          return (
            <li key={member.person}>
              <Link
                to="/s/$space/chat"
                params={{ space }}
                search={{ detail: `person-${member.person}` }}
                activeOptions={{ includeSearch: true }}
                activeProps={{ className: 'bg-soft' }}
                className={rowLook}
              >
                <MemberAvatar member={member} />
                <span className="min-w-0 flex-1 truncate">
                  <Name>{member.name}</Name>
                </span>
                {member.guest && <GuestMark />}
                {presence === 'away' && <span className="sr-only">, away</span>}
                {presence === 'offline' && seen > 0 && (
                  <span className="text-tiny text-text-3" title={formatExact(seen)}>
                    <span className="sr-only">, offline since </span>
                    {shortDay(seen)}
                  </span>
                )}
              </Link>
            </li>
          );
        })}
      </ul>
      {others.length > listed && (
        <Link to="/s/$space/people" params={{ space }} className={rowLook}>
          and {others.length - listed} more
        </Link>
      )}
    </section>
  );
}

/** Since when somebody is offline, in the room that a sidebar has. */
function shortDay(time: number): string {
  const days = (Date.now() - time) / 86_400_000;
  if (days < 1) return new Intl.DateTimeFormat(undefined, { timeStyle: 'short' }).format(time);
  return new Intl.DateTimeFormat(
    undefined,
    days < 7 ? { weekday: 'short' } : { day: 'numeric', month: 'short' },
  ).format(time);
}

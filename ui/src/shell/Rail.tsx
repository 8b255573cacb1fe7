/** The spaces side by side, and the places that belong to none of them. */
import { Link, useMatchRoute } from '@tanstack/react-router';
import { ownUrl, silent } from '~/api/client';
import { useSettings, useSpaces, useStatus } from '~/api/queries';
import { parentOf, roomsOf } from '~/api/rooms';
import { useStore } from '~/api/store';
import type { Problem, Space } from '~/api/types';
import { Avatar } from '~/kit/Avatar';
import { IconButton } from '~/kit/Button';
import { Icon, type IconName } from '~/kit/Icon';
import { Menu, MenuItem } from '~/kit/Menu';
import { Tip } from '~/kit/Tip';
import { plural } from '~/kit/format';
import { initials, plainName } from '~/kit/text';
import { showDialog } from '~/parts/dialogs';
import { problemDot, quietWord } from '~/parts/words';
import { useUnread } from './unread';

export function Rail({ current, flat = false }: { current: string | null; flat?: boolean }) {
  const status = useStatus().data;
  const { data: spaces = [], isPending } = useSpaces();
  const down = useStore(silent);
  const reached = status?.peers.some(({ path }) => path !== 'none') ?? false;
  const line = down
    ? 'not running right now'
    : reached
      ? 'connected to others'
      : 'nobody reached right now';
  if (flat) {
    return (
      <nav
        aria-label="Spaces"
        className="flex flex-none gap-3 overflow-x-auto border-b border-line px-4 py-3"
      >
        <SpaceTiles spaces={spaces} current={current} />
        <AddSpace />
      </nav>
    );
  }
  const problems = status?.problems ?? [];
  return (
    <nav
      aria-label="Spaces and places"
      className="flex w-14 flex-none flex-col items-center gap-2 overflow-y-auto border-r border-line py-3 [scrollbar-width:none] [--around:var(--canvas)]"
    >
      <Tip side="right" label={`${plainName(status?.name ?? '')}, ${line}`}>
        <Link to="/settings" className="block flex-none rounded-full">
          <span className="sr-only">You, {plainName(status?.name ?? '')}: settings</span>
          <Avatar
            name={status?.name ?? '?'}
            hue={status?.hue ?? 0}
            picture={ownUrl(status?.picture)}
            size="l"
            presence={down ? 'unknown' : reached ? 'online' : 'offline'}
          />
        </Link>
      </Tip>
      <hr className="my-1 w-6 flex-none border-line" />
      {/* What stands below the spaces comes with them, and then stays where it is. */}
      {!isPending && (
        <>
          <SpaceTiles spaces={spaces} current={current} />
          <AddSpace />
          <hr className="my-1 w-6 flex-none border-line" />
          <Place to="/search" icon="search" label="Search" problems={[]} />
          <Place to="/network" icon="network" label="Network" problems={problems} />
        </>
      )}
      <span className="flex-1" />
      <Quietly />
      <Place to="/settings" icon="settings" label="Settings" problems={[]} />
    </nav>
  );
}

/** That it is quiet now, and where that is set. */
function Quietly() {
  const settings = useSettings().data;
  if (settings?.quiet_now !== true) return null;
  const label = quietWord(settings);
  return (
    <Tip side="right" label={label}>
      <Link
        to="/settings"
        aria-label={`${label}: settings`}
        className="grid size-9 flex-none place-items-center rounded-[10px] text-text-3 hover:bg-raised hover:text-text"
      >
        <Icon name="moon" size={16} />
      </Link>
    </Tip>
  );
}

function SpaceTiles({ spaces, current }: { spaces: Space[]; current: string | null }) {
  return (
    <ul className="contents">
      {[...spaces]
        // A room stands below what it was made for, and by itself to a guest.
        .filter((space) => parentOf(spaces, space) === undefined)
        .sort((a, b) => place(a) - place(b))
        .map((space) => (
          <li key={space.space} className="flex-none">
            <Tile
              space={space}
              rooms={roomsOf(spaces, space.space)}
              current={space.space === current}
            />
          </li>
        ))}
    </ul>
  );
}

/** Spaces first, then talks, then what is put away. */
function place(space: Space): number {
  return space.archived || space.end ? 2 : Number(space.direct);
}

function Tile({ space, rooms, current }: { space: Space; rooms: Space[]; current: boolean }) {
  const unreadOf = useUnread();
  const all = [space, ...rooms];
  const unread = all.reduce((sum, item) => sum + unreadOf(item), 0);
  const mentions = all.reduce((sum, item) => sum + (unreadOf(item) > 0 ? item.mentions : 0), 0);
  const name = plainName(space.name);
  const news =
    mentions > 0
      ? `, ${plural(mentions, 'mention')}`
      : unread > 0
        ? `, ${plural(unread, 'unread message')}`
        : '';
  return (
    <Tip side="right" label={name}>
      <Link
        to="/s/$space/chat"
        params={{ space: space.space }}
        aria-current={current ? 'page' : undefined}
        style={{ '--hue': hueOf(space.space) } as React.CSSProperties}
        className={`relative grid size-9 place-items-center border border-line bg-raised text-small font-semibold hue-ink transition-colors aria-[current=page]:border-transparent aria-[current=page]:bg-accent aria-[current=page]:text-on-accent touch:size-11 ${space.direct ? 'rounded-full' : 'rounded-[10px]'} ${place(space) === 2 && !current ? 'border-dashed bg-transparent! text-text-3!' : ''}`}
      >
        <span className="sr-only">
          {space.direct ? `Talk with ${name}` : space.room ? `Room ${name}` : name}
          {space.archived ? ', archived' : space.end ? ', deleted' : ''}
          {news}
        </span>
        <span aria-hidden="true">{initials(space.name)}</span>
        {mentions > 0 ? (
          <span
            aria-hidden="true"
            className="absolute -top-[7px] -right-[9px] box-content min-w-2 rounded-[10px] border-2 border-canvas bg-need px-1 text-center text-[10px]/4 font-semibold text-on-need nums"
          >
            {mentions > 99 ? '99+' : mentions}
          </span>
        ) : (
          unread > 0 && (
            <span className="absolute -top-[3px] -right-[3px] size-2.5 rounded-full border-2 border-canvas bg-accent" />
          )
        )}
      </Link>
    </Tip>
  );
}

function hueOf(id: string): number {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.charCodeAt(0)) % 360;
  return sum;
}

const AddSpace = () => (
  <Menu
    align="start"
    trigger={
      <IconButton
        icon="plus"
        label="New space"
        side="right"
        className="size-9! rounded-[10px]! touch:size-11!"
      />
    }
  >
    <MenuItem icon="plus" onSelect={() => showDialog({ kind: 'create' })}>
      Create a space
    </MenuItem>
    <MenuItem icon="invite" onSelect={() => showDialog({ kind: 'join' })}>
      I have an invitation
    </MenuItem>
    <MenuItem icon="upload" onSelect={() => showDialog({ kind: 'import-space' })}>
      Import a space
    </MenuItem>
  </Menu>
);

function Place({
  to,
  icon,
  label,
  problems,
}: {
  to: '/search' | '/network' | '/settings';
  icon: IconName;
  label: string;
  problems: Problem[];
}) {
  const here = Boolean(useMatchRoute()({ to }));
  return (
    <Tip side="right" label={label}>
      <Link
        to={to}
        aria-label={problems.length > 0 ? `${label}, ${plural(problems.length, 'problem')}` : label}
        aria-current={here ? 'page' : undefined}
        className="relative grid size-9 flex-none place-items-center rounded-[10px] text-text-2 hover:bg-raised hover:text-text aria-[current=page]:bg-accent-soft aria-[current=page]:text-accent-text"
      >
        <Icon name={icon} />
        {problems.length > 0 && (
          <span
            className={`absolute top-0.5 right-0.5 size-2.5 rounded-full border-2 border-canvas ${problemDot(problems)}`}
          />
        )}
      </Link>
    </Tip>
  );
}

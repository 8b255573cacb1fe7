/** On a phone the rail lies at the bottom: five places, each 44 pixels and more. */
import { Link, useMatchRoute } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useSettings, useSpaces, useStatus } from '~/api/queries';
import { Icon, type IconName } from '~/kit/Icon';
import { plural } from '~/kit/format';
import { showDialog } from '~/parts/dialogs';
import { problemDot } from '~/parts/words';
import { useUnread } from './unread';

const look =
  'relative flex flex-1 flex-col items-center justify-center gap-0.5 text-[11px]/[14px] text-text-3 aria-[current=page]:text-accent-text';

export function TabBar({ space }: { space: string | null }) {
  const match = useMatchRoute();
  const { data: spaces = [], isPending } = useSpaces();
  const unreadOf = useUnread();
  const unread = spaces.reduce((sum, item) => sum + unreadOf(item), 0);
  const problems = useStatus().data?.problems ?? [];
  const quiet = useSettings().data?.quiet_now === true;
  const onFiles = Boolean(match({ to: '/s/$space/files' }));
  const onSpaces =
    Boolean(match({ to: '/s/$space', fuzzy: true }) || match({ to: '/' })) && !onFiles;
  return (
    <nav
      aria-label="Places"
      className="flex h-[calc(58px+env(safe-area-inset-bottom))] flex-none border-t border-line bg-panel pb-[env(safe-area-inset-bottom)]"
    >
      <Link
        to={space === null ? '/' : '/s/$space'}
        params={{ space: space ?? '' }}
        activeOptions={{ exact: true }}
        aria-current={onSpaces ? 'page' : undefined}
        className={look}
      >
        <Face icon="chat" dot={unread > 0 && 'bg-accent'}>
          Spaces
        </Face>
        {unread > 0 && <span className="sr-only">, {unread} unread</span>}
      </Link>
      {space === null && isPending && <span className="flex-1" />}
      {space !== null && (
        <Link
          to="/s/$space/files"
          params={{ space }}
          aria-current={onFiles ? 'page' : undefined}
          className={look}
        >
          <Face icon="folder">Files</Face>
        </Link>
      )}
      <button type="button" className={look} onClick={() => showDialog({ kind: 'palette' })}>
        <Face icon="search">Find</Face>
      </button>
      <Link
        to="/network"
        aria-current={match({ to: '/network' }) ? 'page' : undefined}
        className={look}
      >
        <Face icon="network" dot={problems.length > 0 && problemDot(problems)}>
          Network
        </Face>
        {problems.length > 0 && (
          <span className="sr-only">, {plural(problems.length, 'problem')}</span>
        )}
      </Link>
      <Link
        to="/settings"
        aria-current={match({ to: '/settings' }) ? 'page' : undefined}
        className={look}
      >
        <Face icon={quiet ? 'moon' : 'person'}>Me</Face>
        {quiet && <span className="sr-only">, it is quiet</span>}
      </Link>
    </nav>
  );
}

function Face({
  icon,
  dot = false,
  children,
}: {
  icon: IconName;
  dot?: string | false;
  children: ReactNode;
}) {
  return (
    <>
      <span className="relative">
        <Icon name={icon} size={20} />
        {dot !== false && (
          <span
            className={`absolute -top-0.5 -right-1 size-2.5 rounded-full border-2 border-panel ${dot}`}
          />
        )}
      </span>
      {children}
    </>
  );
}

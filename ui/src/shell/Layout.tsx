/** The frame: rail, sidebar, main pane, detail; on a phone one of them at a time. */
import { Outlet, useLocation, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useCallback, useEffect } from 'react';
import { useSpaces } from '~/api/queries';
import { useStore } from '~/api/store';
import { DropZone } from '~/features/files/DropZone';
import { usePhone } from '~/kit/hooks';
import { plainName } from '~/kit/text';
import { attended } from '~/parts/attention';
import { Badge } from './Badge';
import { Banner } from './Banner';
import { DetailPanel, parseDetail } from './Detail';
import { Dialogs } from './Dialogs';
import { lastSpace } from './lastSpace';
import { Rail } from './Rail';
import { Resizer, sidebarWidth } from './Resizer';
import { useShortcuts } from './shortcuts';
import { Sidebar } from './Sidebar';
import { TabBar } from './TabBar';
import { nextUnread } from './unread';

export function Layout() {
  const phone = usePhone();
  const navigate = useNavigate();
  const params = useParams({ strict: false });
  const search = useSearch({ strict: false });
  const spaces = useSpaces().data;
  const kept = useStore(lastSpace);
  const width = useStore(sidebarWidth);

  const inSpace = spaces?.find(({ space }) => space === params.space);
  // Places outside of any space keep the last one beside them.
  const space = inSpace ?? spaces?.find((item) => item.space === kept) ?? spaces?.[0];
  const current = space?.space ?? null;
  const entered = inSpace?.space;
  useEffect(() => {
    if (entered !== undefined) lastSpace.set(entered);
  }, [entered]);

  const detail = inSpace === undefined ? null : parseDetail(search.detail);
  const hasDetail = detail !== null;
  const closeDetail = useCallback(() => {
    if (!hasDetail) return false;
    void navigate({
      to: '.',
      search: (before) => ({ ...before, detail: undefined }),
    });
    return true;
  }, [hasDetail, navigate]);
  const toUnread = useCallback(
    (step: 1 | -1) => {
      const next = nextUnread(spaces ?? [], params.space ?? null, step, attended.get());
      if (next) void navigate({ to: '/s/$space/chat', params: { space: next.space } });
    },
    [spaces, params.space, navigate],
  );
  useShortcuts({ nextUnread: toUnread, closeDetail });

  // By the address itself: with or without a slash at its end it is the same place.
  const path = useLocation({ select: ({ pathname }) => pathname });
  const atList = /^\/(s\/[^/]+\/?)?$/.test(path);
  // Until the spaces are known: will there be a sidebar? Its room is kept, so that nothing moves when it comes.
  const awaited = spaces === undefined && (kept !== null || path !== '/');
  const listing = phone && atList ? space : undefined;
  const around = (
    <>
      <Badge place={inSpace?.name ?? ''} />
      <DropZone space={inSpace} chat={/^\/s\/[^/]+\/chat\/?$/.test(path)} />
      <Dialogs current={current} />
    </>
  );
  const panel =
    detail !== null && inSpace !== undefined ? (
      <DetailPanel space={inSpace} detail={detail} onClose={() => void closeDetail()} />
    ) : null;
  if (phone) {
    const covered = listing !== undefined || panel !== null;
    return (
      <div className="flex h-dvh flex-col">
        <Banner />
        {listing ? (
          <main className="flex min-h-0 flex-1 flex-col bg-panel">
            <Rail current={current} flat />
            <nav aria-label={plainName(listing.name)} className="flex min-h-0 flex-1 flex-col">
              <Sidebar space={listing} top />
            </nav>
          </main>
        ) : (
          panel && <main className="flex min-h-0 flex-1 flex-col">{panel}</main>
        )}
        {/* The pane stays alive behind its detail, so that going back is going back to the same place. */}
        <main
          hidden={covered}
          className={`min-h-0 flex-1 flex-col bg-raised ${covered ? 'hidden' : 'flex'}`}
        >
          <Outlet />
        </main>
        <TabBar space={current} />
        {around}
      </div>
    );
  }
  return (
    <div className="flex h-dvh flex-col">
      <Banner />
      <div className="relative flex min-h-0 flex-1">
        <a
          href="#main"
          className="sr-only z-50 rounded-control bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:absolute focus:top-2 focus:left-2"
        >
          Skip to the main part
        </a>
        <Rail current={params.space ?? null} />
        {awaited && <div style={{ width }} className="flex-none border-r border-line bg-panel" />}
        {space && (
          <nav
            aria-label={plainName(space.name)}
            style={{ width }}
            className="relative flex flex-none flex-col border-r border-line bg-panel"
          >
            <Sidebar space={space} />
            <Resizer />
          </nav>
        )}
        <main id="main" tabIndex={-1} className="flex min-w-0 flex-1 flex-col bg-raised">
          <Outlet />
        </main>
        {panel}
      </div>
      {around}
    </div>
  );
}

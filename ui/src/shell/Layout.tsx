/** The frame: rail, sidebar, main pane, detail; on a phone one of them at a time. */
import {
  Outlet,
  useLocation,
  useNavigate,
  useParams,
  useRouter,
  useSearch,
} from '@tanstack/react-router';
import { useCallback, useEffect, useRef } from 'react';
import { useSpaces } from '~/api/queries';
import { parentOf } from '~/api/rooms';
import { useStore } from '~/api/store';
import { general, type Talk } from '~/api/talk';
import { DropZone } from '~/features/files/DropZone';
import { useMedia, usePhone } from '~/kit/hooks';
import { plainName } from '~/kit/text';
import { openDialog } from '~/parts/dialogs';
import { DetailPanel, Dialogs } from './apart';
import { Badge } from './Badge';
import { Banner } from './Banner';
import { detailWidth, parseDetail } from './detail';
import { lastSpace } from './lastSpace';
import { Rail } from './Rail';
import { Resizer, sidebarWidth } from './Resizer';
import { useShortcuts } from './shortcuts';
import { Sidebar } from './Sidebar';
import { TabBar } from './TabBar';
import { useNextUnread } from './useNextUnread';

const railWidth = 56;
/** So much of the main pane stays beside a detail; where there is less, the sidebar makes room for it. */
const leastMain = 380;

/** What was in use before the detail opened gets the focus back when it closes, if nothing else has it by then. */
function useReturnedFocus(open: boolean): void {
  const before = useRef<Element | null>(null);
  // While drawing, before what had the focus may be taken out of sight.
  const was = useRef(open);
  if (open && !was.current) before.current = document.activeElement;
  was.current = open;
  useEffect(() => {
    if (open || before.current === null) return;
    const { activeElement } = document;
    if (activeElement === null || activeElement === document.body) {
      (before.current as HTMLElement).focus({ preventScroll: true });
    }
    before.current = null;
  }, [open]);
}

/** The talk that an address shows. */
function talkAt(path: string): Talk | null {
  const [, space, topic] = /^\/s\/([^/]+)\/(?:chat|topic\/([^/]+))\/?$/.exec(path) ?? [];
  return space === undefined ? null : { space, place: topic ?? general };
}

export function Layout() {
  const phone = usePhone();
  const navigate = useNavigate();
  const params = useParams({ strict: false });
  const search = useSearch({ strict: false });
  const spaces = useSpaces().data;
  const kept = useStore(lastSpace);
  const width = useStore(sidebarWidth);
  const dialog = useStore(openDialog);

  const inSpace = spaces?.find(({ space }) => space === params.space);
  // Places outside of any space keep the last one beside them.
  const shown = inSpace ?? spaces?.find((item) => item.space === kept) ?? spaces?.[0];
  // A room is a part of its space to whoever is in that.
  const space = shown && (parentOf(spaces ?? [], shown) ?? shown);
  const current = space?.space ?? null;
  const entered = inSpace?.space;
  useEffect(() => {
    if (entered !== undefined) lastSpace.set(entered);
  }, [entered]);

  const detail = inSpace === undefined ? null : parseDetail(search.detail);
  const hasDetail = detail !== null;
  const crowded = useMedia(`(width < ${railWidth + width + leastMain + detailWidth}px)`);
  useReturnedFocus(hasDetail);
  const closeDetail = useCallback(() => {
    if (!hasDetail) return false;
    void navigate({
      to: '.',
      search: (before) => ({ ...before, detail: undefined }),
    });
    return true;
  }, [hasDetail, navigate]);
  const { history } = useRouter();
  // A phone's arrow leads to where one came from: the list, the conversation, or everybody.
  const backFromDetail = () => {
    if (history.canGoBack()) history.back();
    else closeDetail();
  };
  const toUnread = useNextUnread(params.space ?? null, params.topic ?? null);
  const toSearch = useCallback(() => void navigate({ to: '/search' }), [navigate]);
  useShortcuts({ nextUnread: toUnread, search: toSearch, closeDetail });

  // By the address itself: with or without a slash at its end it is the same place.
  const path = useLocation({ select: ({ pathname }) => pathname });
  const talk = talkAt(path);
  const atList = /^\/(s\/[^/]+\/?)?$/.test(path);
  // Until the spaces are known: will there be a sidebar? Its room is kept, so that nothing moves when it comes.
  const awaited = spaces === undefined && (kept !== null || path !== '/');
  const listing = phone && atList ? space : undefined;
  const around = (
    <>
      <Badge place={inSpace?.name ?? ''} />
      <DropZone space={inSpace} talk={talk} />
      {dialog !== null && <Dialogs current={current} />}
    </>
  );
  const panel =
    detail !== null && inSpace !== undefined ? (
      <DetailPanel space={inSpace} detail={detail} onClose={phone ? backFromDetail : closeDetail} />
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
        <Rail current={inSpace ? current : (params.space ?? null)} />
        {awaited && <div style={{ width }} className="flex-none border-r border-line bg-panel" />}
        {space && (
          <nav
            aria-label={plainName(space.name)}
            style={{ width }}
            hidden={hasDetail && crowded}
            className={`relative flex-none flex-col border-r border-line bg-panel ${hasDetail && crowded ? 'hidden' : 'flex'}`}
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

/** Every view has an address; back, reload and a copied link bring back the same one. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  Navigate,
  Outlet,
  useParams,
  useRouterState,
  type ErrorComponentProps,
} from '@tanstack/react-router';
import { usePages } from '~/api/pages';
import { useKindOf, useSpace, useSpaces, useStatus, useTopics } from '~/api/queries';
import { parentOf } from '~/api/rooms';
import { firstPath } from '~/api/rooms';
import { useStore } from '~/api/store';
import type { End, Space } from '~/api/types';
import { ChatPane } from '~/features/chat/ChatPane';
import type { FilesSearch } from '~/features/files/FilesPane';
import { isSort } from '~/features/files/sort';
import type { IssuesSearch } from '~/features/issues/IssuesPane';
import { Button } from '~/kit/Button';
import { EmptyState, Loading } from '~/kit/EmptyState';
import { plural } from '~/kit/format';
import { copyText, usePhone } from '~/kit/hooks';
import { Name } from '~/kit/Text';
import { tell } from '~/kit/toast';
import { showDialog } from '~/parts/dialogs';
import {
  BoardPane,
  BoardsPane,
  FilesPane,
  IssuePane,
  IssuesPane,
  NetworkPane,
  PagePane,
  PeoplePane,
  SearchPane,
  SettingsPane,
  Welcome,
} from './apart';
import { lastSpace } from './lastSpace';
import { Layout } from './Layout';

const root = createRootRoute({ component: Layout, notFoundComponent: NotFound });

const home = createRoute({ getParentRoute: () => root, path: '/', component: Home });

interface SpaceSearch {
  detail?: string | undefined;
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

const space = createRoute({
  getParentRoute: () => root,
  path: '/s/$space',
  validateSearch: (search: Record<string, unknown>): SpaceSearch => ({
    detail: text(search['detail']),
  }),
  component: InSpace,
});

const spaceHome = createRoute({ getParentRoute: () => space, path: '/', component: SpaceHome });
const chat = createRoute({ getParentRoute: () => space, path: 'chat', component: Chat });
const topic = createRoute({ getParentRoute: () => space, path: 'topic/$topic', component: Topic });
const files = createRoute({
  getParentRoute: () => space,
  path: 'files',
  validateSearch: (search: Record<string, unknown>): FilesSearch => ({
    q: text(search['q']),
    sort: isSort(search['sort']) ? search['sort'] : undefined,
  }),
  component: Files,
});
const issues = createRoute({
  getParentRoute: () => space,
  path: 'issues',
  validateSearch: (search: Record<string, unknown>): IssuesSearch => ({
    view: search['view'] === 'board' ? 'board' : undefined,
    filter: text(search['filter']),
  }),
  component: Issues,
});
const issue = createRoute({ getParentRoute: () => space, path: 'issue/$issue', component: Issue });
const boards = createRoute({ getParentRoute: () => space, path: 'boards', component: Boards });
const oneBoard = createRoute({
  getParentRoute: () => space,
  path: 'boards/$board',
  component: OneBoard,
});
const page = createRoute({ getParentRoute: () => space, path: 'page/$page', component: OnePage });
const people = createRoute({ getParentRoute: () => space, path: 'people', component: People });

const search = createRoute({
  getParentRoute: () => root,
  path: '/search',
  validateSearch: (search: Record<string, unknown>): { q?: string | undefined } => ({
    q: text(search['q']),
  }),
  component: Search,
});
const network = createRoute({
  getParentRoute: () => root,
  path: '/network',
  component: NetworkPane,
});
const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  component: SettingsPane,
});

const tree = root.addChildren([
  home,
  space.addChildren([spaceHome, chat, topic, boards, oneBoard, files, issues, issue, page, people]),
  search,
  network,
  settings,
]);

export const router = createRouter({
  routeTree: tree,
  defaultErrorComponent: Broken,
  // A link to a message is brought into sight by the conversation, which may have to load it first.
  defaultHashScrollIntoView: false,
  // Words in the address stay words: a search for 42 is not a number.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const parameters = new URLSearchParams();
    for (const [key, value] of Object.entries(search)) {
      if (typeof value === 'string') parameters.set(key, value);
    }
    const line = parameters.toString();
    return line === '' ? '' : `?${line}`;
  },
});

export type Router = typeof router;

declare module '@tanstack/react-router' {
  interface Register {
    router: Router;
  }
}

function Home() {
  const status = useStatus().data;
  const spaces = useSpaces();
  const kept = useStore(lastSpace);
  const phone = usePhone();
  if (spaces.data === undefined || status === undefined) return <Loading />;
  const all = spaces.data;
  const to =
    all.find((item) => item.space === kept) ??
    // A room is a part of a space to whoever is in that.
    all.find((item) => parentOf(all, item) === undefined) ??
    all[0];
  if (to === undefined) return <Welcome status={status} />;
  return (
    <Navigate to={phone ? '/s/$space' : '/s/$space/chat'} params={{ space: to.space }} replace />
  );
}

function InSpace() {
  const id = useParams({ from: space.id }).space;
  const spaces = useSpaces();
  const found = useSpace(id);
  if (spaces.data === undefined) return <Loading />;
  if (found === undefined) return <Gone />;
  if (found.state === 'joining') {
    return (
      <EmptyState top icon="clock" title="Joining">
        Waiting for a member’s computer to hand over what has been said here. It appears as it
        arrives.
      </EmptyState>
    );
  }
  if (found.state !== 'active' && found.state !== 'shutout') return <Gone space={found} />;
  return <Outlet />;
}

function Gone({ space }: { space?: Space }) {
  if (space?.end) return <Ended space={space} end={space.end} />;
  return (
    <EmptyState
      top
      icon="leave"
      title={
        space?.state === 'removed' ? 'You are no longer in this space' : 'This space is not here'
      }
      actions={
        <>
          <Button onClick={() => showDialog({ kind: 'join' })}>I have an invitation</Button>
          {space !== undefined && (
            <Button onClick={() => showDialog({ kind: 'leave', space: space.space })}>
              Remove from this computer…
            </Button>
          )}
        </>
      }
    >
      {space?.state === 'removed'
        ? 'Somebody who manages it has removed you. To come back you need a new invitation.'
        : 'You may have left it, or it was deleted for everybody, or it is on another of your computers.'}
    </EmptyState>
  );
}

/** What is left of a space that was deleted for everybody: who did so, and on whose computers everything still lies. */
function Ended({ space, end }: { space: Space; end: End }) {
  const me = useStatus().data?.person;
  const who = end.by !== null && end.by === me ? 'You' : end.by_name;
  return (
    <EmptyState
      top
      icon="trash"
      title="Deleted for everybody"
      actions={
        <Button onClick={() => showDialog({ kind: 'leave', space: space.space })}>
          Take off the list…
        </Button>
      }
    >
      <p>
        <Name>{who}</Name> deleted <Name>{space.name || 'this space'}</Name>. What was said and
        shared in it is gone from this computer.
      </p>
      {end.unheard.length === 0 ? (
        <p className="mt-2">Everybody has heard of it.</p>
      ) : (
        <section
          aria-label="Not heard of it yet"
          className="mt-5 rounded-card border border-line bg-panel px-4 py-3 text-left text-small"
        >
          <h2 className="font-medium text-text">
            Not heard of it yet: {plural(end.unheard.length, 'person').replace('persons', 'people')}
          </h2>
          <p className="text-text-3">
            Everything is still on these computers until they are online.
          </p>
          <ul className="mt-2 flex flex-col gap-1">
            {end.unheard.map(({ person, name, devices }) => (
              <li key={person} className="min-w-0">
                <span className="font-medium text-text">
                  <Name>{name}</Name>
                </span>{' '}
                <span className="text-text-3">
                  <Name>{devices.join(', ')}</Name>
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </EmptyState>
  );
}

function SpaceHome() {
  const phone = usePhone();
  const id = useParams({ from: space.id }).space;
  return phone ? null : <Navigate to="/s/$space/chat" params={{ space: id }} replace />;
}

function Chat() {
  const { detail } = space.useSearch();
  const found = useSpace(useParams({ from: space.id }).space);
  // A room for a board has that and no talk.
  if (found?.room?.board != null) return <Navigate to={firstPath(found)} replace />;
  return found && <ChatPane space={found} detail={detail} />;
}

function Topic() {
  const { detail } = space.useSearch();
  const { space: id, topic: place } = useParams({ from: topic.id });
  const found = useSpace(id);
  const topics = useTopics(id);
  if (found === undefined) return null;
  if (topics.data === undefined) return <Loading label="Opening the topic" />;
  if (!topics.data.some((item) => item.id === place)) {
    return <Elsewhere space={id} place={place} />;
  }
  return <ChatPane space={found} place={place} detail={detail} />;
}

/** What is said at an issue, a board or a page has its address among the topics, too: whoever links to a message need not know. */
function Elsewhere({
  space: id,
  place,
  missing,
}: {
  space: string;
  place: string;
  /** Instead of the word that a topic is not here. */
  missing?: React.ReactNode;
}) {
  const { data: kind, isPending } = useKindOf(id, place);
  const hash = useRouterState({ select: (state) => state.location.hash });
  if (isPending) return <Loading label="Opening the topic" />;
  if (kind === 'issue') {
    const params = { space: id, issue: place };
    return <Navigate to="/s/$space/issue/$issue" params={params} hash={hash} replace />;
  }
  if (kind === 'board') {
    return <Navigate to="/s/$space/boards/$board" params={{ space: id, board: place }} replace />;
  }
  if (kind === 'page') {
    return <Navigate to="/s/$space/page/$page" params={{ space: id, page: place }} replace />;
  }
  if (missing !== undefined) return missing;
  return (
    <EmptyState top icon="chat" title="This topic is not here">
      It may not have arrived on this computer yet.
    </EmptyState>
  );
}

function Files() {
  const search = files.useSearch();
  const found = useSpace(useParams({ from: space.id }).space);
  return found && <FilesPane space={found} search={search} />;
}

function Issues() {
  const search = issues.useSearch();
  const found = useSpace(useParams({ from: space.id }).space);
  return found && <IssuesPane key={found.space} space={found} search={search} />;
}

function Issue() {
  const { space: id, issue: key } = useParams({ from: issue.id });
  const found = useSpace(id);
  return found && <IssuePane space={found} issue={key} />;
}

function Boards() {
  const found = useSpace(useParams({ from: space.id }).space);
  return found && <BoardsPane space={found} />;
}

function OneBoard() {
  const { space: id, board } = useParams({ from: oneBoard.id });
  const found = useSpace(id);
  return found && <BoardPane key={board} space={found} id={board} />;
}

function OnePage() {
  const { space: id, page: place } = useParams({ from: page.id });
  const found = useSpace(id);
  const pages = usePages(id);
  const topics = useTopics(id);
  if (found === undefined) return null;
  const here = pages.data?.some((one) => one.id === place);
  // A link to something else that says it is a page.
  if (here === false && topics.data !== undefined) {
    return topics.data.some((one) => one.id === place) ? (
      <Navigate to="/s/$space/topic/$topic" params={{ space: id, topic: place }} replace />
    ) : (
      <Elsewhere space={id} place={place} missing={<PagePane space={found} id={place} />} />
    );
  }
  return <PagePane key={place} space={found} id={place} />;
}

function People() {
  const { detail } = space.useSearch();
  const found = useSpace(useParams({ from: space.id }).space);
  return found && <PeoplePane space={found} detail={detail} />;
}

function Search() {
  const { q = '' } = search.useSearch();
  return <SearchPane q={q} />;
}

/** A fault of the page's own. It takes the pane it is in, and nothing around it. */
function Broken({ error, reset }: ErrorComponentProps) {
  const text = error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error);
  const details = () =>
    void copyText(text).then((done) => tell(done ? 'Copied.' : 'Copying did not work here.'));
  return (
    <EmptyState
      top
      icon="alert"
      title="This view cannot be shown"
      actions={
        <>
          <Button kind="primary" onClick={reset}>
            Try again
          </Button>
          <Button icon="copy" onClick={details}>
            Copy details
          </Button>
        </>
      }
    >
      The page made a mistake. Nothing is lost, and the other views still work.
    </EmptyState>
  );
}

function NotFound() {
  return (
    <EmptyState top icon="search" title="There is no such page">
      The address may have been cut off when it was copied.
    </EmptyState>
  );
}

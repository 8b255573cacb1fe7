/** One page: its title and text, who is here, what was said about it, and how it came about. */
import { Link } from '@tanstack/react-router';
import { useCallback, useEffect, useRef, useState } from 'react';
import { sentenceOf } from '~/api/client';
import { changePage, commentPage, usePageComments, usePages } from '~/api/pages';
import { useMembers } from '~/api/queries';
import type { BoardDevice, Comment, Page, Space } from '~/api/types';
import { Button, IconButton } from '~/kit/Button';
import { EmptyState, Failure, Loading } from '~/kit/EmptyState';
import { copyText, useGrowing } from '~/kit/hooks';
import { later } from '~/kit/later';
import { Icon } from '~/kit/Icon';
import { Menu } from '~/kit/Menu';
import { Name } from '~/kit/Text';
import { tell, tellUndoable } from '~/kit/toast';
import { Comments } from '~/parts/Comments';
import { PaneHeader } from '~/parts/PaneHeader';
import { Together } from '~/parts/Together';
import { bringPageBack, failed, titleOf, untitled } from './act';
import type { EditorActions } from './Editor';
import { History } from './History';
import { pathTo, treeOf } from './order';
import { PageMenu } from './PageMenu';
import type { SessionState } from './session';

const Editor = later(
  async () => {
    const [{ Editor }] = await Promise.all([
      import('./Editor'),
      import('./loro').then(({ startLoro }) => startLoro()),
    ]);
    return Editor;
  },
  { fallback: <Loading label="Opening the page" />, ahead: false },
);

const none: Comment[] = [];
const fresh: SessionState = {
  saving: false,
  away: false,
  ready: false,
  mayWrite: false,
  refused: null,
};

export function PagePane({ space, id }: { space: Space; id: string }) {
  const { data, error, refetch } = usePages(space.space);
  const page = data?.find((one) => one.id === id);
  const back = `/s/${space.space}`;
  if (error && !data) {
    return (
      <Failure retry={<Button onClick={() => void refetch()}>Try again</Button>}>
        {sentenceOf(error)}
      </Failure>
    );
  }
  if (!data) return <Loading />;
  if (!page) {
    return (
      <>
        <PaneHeader title="Page" space={space.name} back={back} />
        <EmptyState icon="page" title="This page is not here">
          It may not have arrived yet. It appears here as soon as it has.
        </EmptyState>
      </>
    );
  }
  return <Opened space={space} page={page} pages={data} />;
}

function Opened({ space, page, pages }: { space: Space; page: Page; pages: Page[] }) {
  const { id } = page;
  const [here, setHere] = useState<BoardDevice[]>([]);
  const [state, setState] = useState<SessionState>(fresh);
  const query = usePageComments(space.space, id);
  const comments = query.data ?? none;
  const me = useMembers(space.space).data?.find((member) => member.me)?.person;
  const [panel, setPanel] = useState<'comments' | 'history' | null>(null);
  const [selected, setSelected] = useState<string | null>(null);
  const [lit, setLit] = useState<string | null>(null);
  const [writing, setWriting] = useState(0);
  const [round, setRound] = useState(0);
  const actions = useRef<EditorActions | null>(null);
  const title = useRef<HTMLTextAreaElement>(null);
  // What is typed for the text before the text is here.
  const ahead = useRef<string | null>(null);
  useEffect(() => {
    const typed = ahead.current;
    if (typed === null || !state.ready || !actions.current) return;
    ahead.current = null;
    actions.current.focus('start');
    actions.current.type(typed);
  }, [state]);
  const mayWrite = space.level !== 'read';
  const path = pathTo(treeOf(pages).open, id).slice(0, -1);
  useEffect(() => {
    if (writing > 0) document.querySelector<HTMLElement>('#new-comment')?.focus();
  }, [writing]);
  const comment = useCallback(() => {
    setPanel('comments');
    setWriting((before) => before + 1);
  }, []);
  const typing = state.ready && state.mayWrite && mayWrite && !page.archived;
  return (
    <>
      <PaneHeader
        title={<Name>{titleOf(page)}</Name>}
        space={space.name}
        back={`/s/${space.space}`}
        about={<span role="status">{stateWords(state, page, mayWrite)}</span>}
      >
        <Together people={here} space={space.space} />
        <IconButton
          icon="chat"
          label={comments.length === 0 ? 'Comments' : `Comments (${comments.length})`}
          aria-pressed={panel === 'comments'}
          onClick={() => setPanel(panel === 'comments' ? null : 'comments')}
        />
        <IconButton
          icon="history"
          label="History"
          className="phone:hidden"
          aria-pressed={panel === 'history'}
          onClick={() => setPanel(panel === 'history' ? null : 'history')}
        />
        <Menu trigger={<IconButton icon="more" label="More about this page" />}>
          <PageMenu
            space={space}
            page={page}
            onHistory={() => setPanel('history')}
            onRename={() => {
              title.current?.focus();
              title.current?.select();
            }}
          />
        </Menu>
      </PaneHeader>
      <Notice {...{ space, page, state, mayWrite }} />
      <div className="relative flex min-h-0 flex-1">
        <div
          data-scroller
          className="flex min-w-0 flex-1 flex-col overflow-y-auto overscroll-contain"
        >
          <article className="mx-auto flex w-full max-w-[760px] flex-1 flex-col px-10 pt-9 pb-4 phone:px-4 phone:pt-4">
            {path.length > 0 && (
              <nav aria-label="Where this page stands" className="mb-2 flex flex-wrap text-small">
                {path.map(({ page: above }) => (
                  <span key={above.id} className="flex min-w-0 items-center text-text-3">
                    <Link
                      to="/s/$space/page/$page"
                      params={{ space: space.space, page: above.id }}
                      className="max-w-48 truncate rounded px-1 hover:bg-soft hover:text-text touch:py-3"
                    >
                      <Name>{titleOf(above)}</Name>
                    </Link>
                    <Icon name="right" size={12} />
                  </span>
                ))}
              </nav>
            )}
            <Title
              key={id}
              space={space.space}
              page={page}
              field={title}
              mayWrite={mayWrite && !page.archived}
              ahead={ahead}
              onLeave={() => {
                if (state.ready && actions.current) actions.current.focus('start');
                else ahead.current = '';
              }}
            />
            <Editor
              key={round}
              space={space.space}
              spaceName={space.name}
              page={page}
              mine={me !== undefined && page.created_by.person === me}
              mayWrite={mayWrite && !page.archived}
              comments={comments}
              lit={lit}
              talking={panel === 'comments'}
              onHere={setHere}
              onState={setState}
              onSelect={setSelected}
              onPick={(about) => {
                setLit(about);
                setPanel('comments');
              }}
              onComment={comment}
              onTitle={() => {
                const field = title.current;
                field?.focus();
                field?.setSelectionRange(field.value.length, field.value.length);
              }}
              onAnew={() => {
                setState(fresh);
                setRound((before) => before + 1);
              }}
              actions={actions}
            />
          </article>
        </div>
        {panel === 'comments' && (
          <Comments
            space={space.space}
            place={id}
            noun="page"
            query={{
              ...query,
              data: query.data?.map(({ message, element }) => ({ message, about: element })),
            }}
            mayWrite={mayWrite}
            selected={selected}
            focused={lit}
            quote={(about) => actions.current?.quote(about) ?? null}
            onSay={(text, about) => commentPage(space.space, id, text, about)}
            onFocus={(about) => {
              setLit(about);
              if (about !== null) actions.current?.find(about);
            }}
            onClose={() => {
              setPanel(null);
              setLit(null);
            }}
          />
        )}
        {panel === 'history' && (
          <History
            space={space.space}
            page={id}
            mayWrite={typing}
            onBringBack={(json) => {
              try {
                const undo = actions.current?.bringBack(json);
                if (undo) tellUndoable('The page is as it was then.', null, undo);
              } catch (cause) {
                failed(cause);
              }
            }}
            onClose={() => setPanel(null)}
          />
        )}
      </div>
    </>
  );
}

/** How things stand with what was written. */
function stateWords(state: SessionState, page: Page, mayWrite: boolean): string {
  if (state.refused !== null) return 'not saved';
  if (state.away) return state.saving ? 'waiting: only in this tab' : '';
  if (page.archived) return 'archived';
  if (!mayWrite) return 'you can read it';
  if (!state.ready) return '';
  return state.saving ? 'saving…' : 'saved';
}

/** What must not be overlooked. */
function Notice({
  space,
  page,
  state,
  mayWrite,
}: {
  space: Space;
  page: Page;
  state: SessionState;
  mayWrite: boolean;
}) {
  const line =
    'flex flex-none flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-small desk:px-6';
  if (state.refused !== null) {
    return (
      <div role="alert" className={`${line} bg-need-soft text-need`}>
        <span className="min-w-0 flex-1">
          What you wrote last was not saved: {state.refused} Copy it before you leave.
        </span>
        <Button
          icon="copy"
          onClick={() => {
            const text = document.querySelector<HTMLElement>('.page-text .ProseMirror')?.innerText;
            void copyText(text ?? '').then((done) =>
              tell(done ? 'Copied.' : 'Copying did not work here.'),
            );
          }}
        >
          Copy the text
        </Button>
        <Button onClick={() => location.reload()}>Go on from what is saved</Button>
      </div>
    );
  }
  if (state.away && state.ready) {
    return (
      <p role="status" className={`${line} bg-wait-soft text-wait`}>
        {state.saving
          ? 'Compeer does not answer: what you write waits in this tab. Leave it open.'
          : 'Compeer does not answer. What is shown is from before.'}
      </p>
    );
  }
  if (page.archived) {
    return (
      <p role="status" className={`${line} bg-soft text-text-2`}>
        <span className="min-w-0 flex-1">This page is archived.</span>
        {mayWrite && <Button onClick={() => bringPageBack(space.space, page)}>Bring back</Button>}
      </p>
    );
  }
  return null;
}

/** The title, written where it stands. It is kept a moment after the last key. */
function Title({
  space,
  page,
  field,
  mayWrite,
  ahead,
  onLeave,
}: {
  space: string;
  page: Page;
  field: React.RefObject<HTMLTextAreaElement | null>;
  mayWrite: boolean;
  /** The title was left, but what follows it is not here yet; what was typed for it meanwhile. */
  ahead: React.RefObject<string | null>;
  onLeave: () => void;
}) {
  const [typed, setTyped] = useState<string | null>(null);
  const shown = typed ?? titleOf(page);
  useGrowing(field, shown);
  const save = useRef<() => void>(() => undefined);
  save.current = () => {
    const title = (typed ?? '').replace(/\s+/g, ' ').trim();
    if (typed === null) return;
    if (title === '' || title === page.title) return;
    changePage(space, page.id, { title }).catch(failed);
  };
  useEffect(() => {
    if (typed === null) return;
    const timer = setTimeout(() => save.current(), 600);
    return () => clearTimeout(timer);
  }, [typed]);
  // Also when the page is left at once.
  useEffect(() => () => save.current(), []);
  const isNew = page.title === untitled;
  const born = useRef(isNew);
  useEffect(() => {
    // A new page asks for its title first.
    if (!born.current || !mayWrite) return;
    field.current?.focus();
    field.current?.select();
  }, [field, mayWrite]);
  return (
    <textarea
      ref={field}
      rows={1}
      aria-label="Title"
      dir="auto"
      maxLength={200}
      readOnly={!mayWrite}
      value={shown}
      placeholder={untitled}
      onChange={(event) => setTyped(event.target.value.replaceAll('\n', ' '))}
      onBlur={() => {
        ahead.current = null;
        save.current();
        setTyped(null);
      }}
      onKeyDown={(event) => {
        if (event.nativeEvent.isComposing) return;
        if (ahead.current !== null) {
          const { key, ctrlKey, metaKey, altKey } = event;
          const named = /^[A-Z][A-Za-z0-9]+$/.test(key) && key !== 'Backspace';
          if (ctrlKey || metaKey || altKey || named) return;
          event.preventDefault();
          ahead.current = key === 'Backspace' ? ahead.current.slice(0, -1) : ahead.current + key;
          return;
        }
        const end = event.currentTarget.selectionEnd === event.currentTarget.value.length;
        if (event.key === 'Enter' || (event.key === 'ArrowDown' && end)) {
          event.preventDefault();
          onLeave();
        }
      }}
      className="mb-3 w-full flex-none resize-none overflow-hidden bg-transparent text-[32px]/10 font-bold tracking-[-0.01em] outline-none phone:text-[26px]/8"
    />
  );
}

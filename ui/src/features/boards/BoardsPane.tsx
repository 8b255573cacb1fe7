/** The boards of a space. */
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { changeBoard, createBoard } from '~/api/actions';
import { sentenceOf } from '~/api/client';
import { useBoards } from '~/api/queries';
import type { Board, Space } from '~/api/types';
import { Button } from '~/kit/Button';
import { EmptyState, Failure, Loading } from '~/kit/EmptyState';
import { formatExact, formatWhen, plural } from '~/kit/format';
import { useNow } from '~/kit/hooks';
import { Icon } from '~/kit/Icon';
import { Name } from '~/kit/Text';
import { tellFailure } from '~/kit/toast';
import { PaneHeader } from '~/parts/PaneHeader';
import { Together } from '~/parts/Together';
import { TitleDialog } from '~/parts/TitleDialog';

export function BoardsPane({ space }: { space: Space }) {
  const id = space.space;
  const navigate = useNavigate();
  const { data, error, refetch } = useBoards(id);
  const [making, setMaking] = useState(false);
  const mayWrite = space.level !== 'read';
  const open = data?.filter(({ archived }) => !archived) ?? [];
  const archived = data?.filter((board) => board.archived) ?? [];
  const make = mayWrite && (
    <Button icon="plus" onClick={() => setMaking(true)}>
      New board
    </Button>
  );
  return (
    <>
      <PaneHeader title="Boards" space={space.name} back={`/s/${id}`}>
        {open.length > 0 && make}
      </PaneHeader>
      {error && !data ? (
        <Failure retry={<Button onClick={() => void refetch()}>Try again</Button>}>
          {sentenceOf(error)}
        </Failure>
      ) : !data ? (
        <Loading />
      ) : (
        <div className="flex min-h-0 flex-1 flex-col overflow-y-auto">
          {open.length === 0 && (
            <EmptyState icon="board" title="No boards yet" actions={make}>
              A board is a page to draw and think on together. Everybody in the space sees it while
              it is drawn.
            </EmptyState>
          )}
          {open.length > 0 && <List boards={open} space={id} label="Boards" />}
          {archived.length > 0 && (
            <section aria-label="Archived" className="mx-auto w-full max-w-[808px]">
              <h2 className="mx-6 mt-2 text-small font-medium text-text-3 phone:mx-4">Archived</h2>
              <List boards={archived} space={id} label="Archived boards" />
            </section>
          )}
        </div>
      )}
      {making && (
        <TitleDialog
          title="New board"
          action="Create"
          onClose={() => setMaking(false)}
          onTitle={async (title) => {
            const board = await createBoard(id, title);
            setMaking(false);
            await navigate({
              to: '/s/$space/boards/$board',
              params: { space: id, board: board.id },
            });
          }}
        />
      )}
    </>
  );
}

function List({ boards, space, label }: { boards: Board[]; space: string; label: string }) {
  const now = useNow();
  return (
    <ul aria-label={label} className="mx-auto w-full max-w-[808px] px-6 py-3 phone:px-4">
      {boards.map((board) => (
        <li key={board.id} className="flex items-center gap-2 border-b border-soft last:border-0">
          <Link
            to="/s/$space/boards/$board"
            params={{ space, board: board.id }}
            className="flex min-h-14 min-w-0 flex-1 items-center gap-3 rounded-control px-2 py-2 hover:bg-soft"
          >
            <Icon name="board" className="text-text-3" />
            <span className="min-w-0 flex-1">
              <span className="block truncate font-medium">
                <Name>{board.title ?? 'A board'}</Name>
              </span>
              <span className="block truncate text-small text-text-3 nums">
                {plural(board.elements, 'element')} ·{' '}
                <time dateTime={new Date(board.at).toISOString()} title={formatExact(board.at)}>
                  {formatWhen(board.at, now)}
                </time>
              </span>
            </span>
            <Together people={board.here} space={space} />
            {board.unread > 0 && (
              <span className="rounded-[9px] bg-accent px-1.5 text-tiny/[18px] font-medium text-on-accent nums">
                {board.unread}
                <span className="sr-only"> unread</span>
              </span>
            )}
          </Link>
          {board.archived && (
            <Button
              kind="ghost"
              onClick={() =>
                void changeBoard(space, board.id, { archived: false }).catch((error: unknown) =>
                  tellFailure(sentenceOf(error)),
                )
              }
            >
              Bring back
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

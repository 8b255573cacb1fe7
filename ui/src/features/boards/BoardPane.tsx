/** One board: its name, who is here, what can be done with it, and below the board itself. */
import { useRef, useState } from 'react';
import { changeBoard, commentBoard } from '~/api/actions';
import { sentenceOf } from '~/api/client';
import { useNavigate } from '@tanstack/react-router';
import { useBoards, useComments, useSpaces } from '~/api/queries';
import { parentOf } from '~/api/rooms';
import { useStore } from '~/api/store';
import type { BoardDevice, Comment, Space } from '~/api/types';
import { IconButton } from '~/kit/Button';
import { EmptyState, Failure, Loading } from '~/kit/EmptyState';
import { useMedia } from '~/kit/hooks';
import { later } from '~/kit/later';
import { Menu, MenuItem, MenuLine } from '~/kit/Menu';
import { Name } from '~/kit/Text';
import { tellFailure, tellUndoable } from '~/kit/toast';
import { PaneHeader } from '~/parts/PaneHeader';
import { theme } from '~/features/settings/preferences';
import type { CanvasActions } from './Canvas';
import { Comments } from '~/parts/Comments';
import { GuestItems, RoomItems, RoomLink, RoomMark } from '~/parts/Guests';
import { TitleDialog } from '~/parts/TitleDialog';
import { Together } from '~/parts/Together';

const Canvas = later(async () => (await import('./Canvas')).Canvas, {
  fallback: <Loading label="Opening the board" />,
  ahead: false,
});

const none: Comment[] = [];

const failed = (error: unknown) => tellFailure(sentenceOf(error));

export function BoardPane({ space, id }: { space: Space; id: string }) {
  const { data, error } = useBoards(space.space);
  const chosen = useStore(theme);
  const system = useMedia('(prefers-color-scheme: dark)');
  const dark = chosen === 'dark' || (chosen === 'system' && system);
  const [here, setHere] = useState<BoardDevice[]>([]);
  const [state, setState] = useState({ waiting: false, away: false, hidden: 0 });
  const query = useComments(space.space, id);
  const comments = query.data ?? none;
  const [talking, setTalking] = useState(false);
  const [selected, setSelected] = useState<string | null>(null);
  const [focused, setFocused] = useState<string | null>(null);
  const [renaming, setRenaming] = useState(false);
  const actions = useRef<CanvasActions | null>(null);
  const navigate = useNavigate();
  const picker = useRef<HTMLInputElement>(null);
  const board = data?.find((one) => one.id === id);
  const parent = parentOf(useSpaces().data ?? [], space);
  const back = space.room ? `/s/${space.space}` : `/s/${space.space}/boards`;
  if (error && !data) return <Failure>{sentenceOf(error)}</Failure>;
  if (!data) return <Loading />;
  if (!board) {
    return (
      <>
        <PaneHeader title="Board" space={space.name} back={back} />
        <EmptyState icon="board" title="This board is not here">
          It may not have arrived yet. It appears here as soon as it has.
        </EmptyState>
      </>
    );
  }
  const mayWrite = space.level !== 'read';
  const save = (kind: 'png' | 'svg' | 'excalidraw') =>
    void actions.current?.save(kind).catch(failed);
  const archive = () => {
    changeBoard(space.space, id, { archived: true }).then(
      () =>
        tellUndoable('The board is archived.', null, () => {
          changeBoard(space.space, id, { archived: false }).catch(failed);
        }),
      failed,
    );
  };
  return (
    <>
      <PaneHeader
        title={
          <>
            <Name>{board.title ?? 'A board'}</Name> <RoomMark space={space} />
          </>
        }
        space={parent?.name ?? (space.room ? undefined : space.name)}
        back={back}
        about={
          state.away
            ? 'Compeer is not running: what you draw waits here'
            : board.archived
              ? 'archived'
              : !mayWrite
                ? 'you can look at it'
                : state.waiting
                  ? 'saving…'
                  : ''
        }
      >
        <RoomLink space={space} thing={id} />
        <Together people={here} space={space.space} />
        <IconButton
          icon="chat"
          label={comments.length === 0 ? 'Comments' : `Comments (${comments.length})`}
          aria-pressed={talking}
          onClick={() => setTalking(!talking)}
        />
        <input
          ref={picker}
          type="file"
          accept=".excalidraw,application/json"
          hidden
          aria-label="A drawing to add"
          onChange={(event) => {
            const [file] = event.target.files ?? [];
            event.target.value = '';
            if (file) void actions.current?.load(file).catch(failed);
          }}
        />
        <Menu trigger={<IconButton icon="more" label="More about this board" />}>
          <GuestItems space={space} thing={id} noun="board" />
          <RoomItems space={space} go={(path) => void navigate({ to: path })} />
          {mayWrite && (
            <>
              {space.room === null && (
                <MenuItem icon="pen" onSelect={() => setRenaming(true)}>
                  Rename
                </MenuItem>
              )}
              {board.archived ? (
                <MenuItem
                  icon="retry"
                  onSelect={() =>
                    void changeBoard(space.space, id, { archived: false }).catch(failed)
                  }
                >
                  Bring back
                </MenuItem>
              ) : (
                <>
                  <MenuItem icon="upload" onSelect={() => picker.current?.click()}>
                    Add a drawing from a file…
                  </MenuItem>
                  {space.room === null && (
                    <MenuItem icon="box" onSelect={archive}>
                      Archive
                    </MenuItem>
                  )}
                </>
              )}
              <MenuLine />
            </>
          )}
          <MenuItem icon="image" onSelect={() => save('png')}>
            Save as PNG
          </MenuItem>
          <MenuItem icon="image" onSelect={() => save('svg')}>
            Save as SVG
          </MenuItem>
          <MenuItem icon="file" onSelect={() => save('excalidraw')}>
            Save as Excalidraw file
          </MenuItem>
        </Menu>
      </PaneHeader>
      {state.hidden > 0 && (
        <p role="status" className="flex-none bg-wait-soft px-4 py-2 text-small text-wait">
          This board has more elements than can be shown: {state.hidden} are not. Delete what is no
          longer needed, or go on on another board.
        </p>
      )}
      <div className="relative flex min-h-0 flex-1">
        <Canvas
          key={id}
          space={space.space}
          board={board}
          mayDraw={mayWrite && !board.archived}
          dark={dark}
          onHere={setHere}
          onState={setState}
          onSelect={setSelected}
          comments={comments}
          onPick={(element) => {
            setFocused(element);
            setTalking(true);
          }}
          actions={actions}
        />
        {talking && (
          <Comments
            space={space.space}
            place={id}
            noun="board"
            query={{
              ...query,
              data: query.data?.map(({ message, element }) => ({ message, about: element })),
            }}
            onSay={(text, about) => commentBoard(space.space, id, text, about)}
            mayWrite={mayWrite}
            selected={selected}
            focused={focused}
            onFocus={(element) => {
              setFocused(element);
              if (element !== null) actions.current?.find(element);
            }}
            onClose={() => setTalking(false)}
          />
        )}
      </div>
      {renaming && (
        <TitleDialog
          title="Rename the board"
          action="Rename"
          now={board.title ?? ''}
          onClose={() => setRenaming(false)}
          onTitle={async (title) => {
            await changeBoard(space.space, id, { title });
            setRenaming(false);
          }}
        />
      )}
    </>
  );
}

/** What a page is called, and where in the tree it stands. */
import { useId, useState } from 'react';
import { sentenceOf } from '~/api/client';
import { changePage, usePages } from '~/api/pages';
import type { Space } from '~/api/types';
import { Button } from '~/kit/Button';
import { Dialog } from '~/kit/Dialog';
import { TextField } from '~/kit/Field';
import { useAction } from '~/kit/hooks';
import { plainName } from '~/kit/text';
import { tellUndoable } from '~/kit/toast';
import { TitleDialog } from '~/parts/TitleDialog';
import { failed, titleOf } from './act';
import { flat, orderBefore, pathTo, treeOf, within } from './order';

/** Pages that are offered at once. */
const offered = 12;

export function RenamePageDialog({
  space,
  page,
  onClose,
}: {
  space: Space;
  page: string;
  onClose: () => void;
}) {
  const found = usePages(space.space).data?.find(({ id }) => id === page);
  return (
    found && (
      <TitleDialog
        title="Rename the page"
        action="Rename"
        now={found.title ?? ''}
        onClose={onClose}
        onTitle={async (title) => {
          await changePage(space.space, page, { title });
          onClose();
        }}
      />
    )
  );
}

export function MovePageDialog({
  space,
  page,
  onClose,
}: {
  space: Space;
  page: string;
  onClose: () => void;
}) {
  const id = space.space;
  const name = useId();
  const pages = usePages(id).data ?? [];
  const [query, setQuery] = useState('');
  const { open } = treeOf(pages);
  const path = pathTo(open, page);
  const own = path.at(-1);
  const now = path.at(-2)?.page.id ?? null;
  const [to, setTo] = useState<string | null | undefined>(undefined);
  const wanted = query.trim().toLowerCase();
  const inside = new Set(own === undefined ? [page] : within(own));
  const places = flat(open)
    .filter(({ branch }) => !inside.has(branch.page.id))
    .filter(({ branch }) => titleOf(branch.page).toLowerCase().includes(wanted))
    .slice(0, offered);
  const chosen = to === undefined ? now : to;
  const { run, busy, error } = useAction(async () => {
    const siblings = chosen === null ? open : (pathTo(open, chosen).at(-1)?.children ?? []);
    const before = pages.find((one) => one.id === page);
    await changePage(id, page, { parent: chosen, order: orderBefore(siblings, null, page) });
    onClose();
    tellUndoable('Moved.', null, () => {
      if (before === undefined) return;
      changePage(id, page, { parent: before.parent, order: before.order }).catch(failed);
    });
  }, sentenceOf);
  const row = 'flex min-h-9 items-center gap-2.5 rounded-control px-2 hover:bg-soft touch:min-h-11';
  return (
    <Dialog
      open
      onClose={onClose}
      title="Move the page"
      about="For everybody in the space. Pages inside it move with it."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form="move-page"
            kind="primary"
            busy={busy}
            disabled={chosen === now}
          >
            Move
          </Button>
        </>
      }
    >
      <form
        id="move-page"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (chosen !== now) void run();
        }}
      >
        <TextField label="Find a page" value={query} onChange={setQuery} error={error} />
        <fieldset>
          <legend className="sr-only">Where to</legend>
          <label className={row}>
            <input
              type="radio"
              name={name}
              checked={chosen === null}
              onChange={() => setTo(null)}
              className="accent-accent"
            />
            At the top
          </label>
          {places.map(({ branch, depth }) => (
            <label
              key={branch.page.id}
              className={row}
              style={{ paddingLeft: `${8 + (wanted === '' ? Math.min(depth, 6) * 16 : 0)}px` }}
            >
              <input
                type="radio"
                name={name}
                checked={chosen === branch.page.id}
                onChange={() => setTo(branch.page.id)}
                className="accent-accent"
              />
              <span className="min-w-0 truncate">{plainName(titleOf(branch.page))}</span>
            </label>
          ))}
        </fieldset>
      </form>
    </Dialog>
  );
}

/** The pages of a space as a tree, beside everything else of it. They can be dragged into another order and into each other. */
import { useNavigate, useParams } from '@tanstack/react-router';
import { useDeferredValue, useMemo, useRef, useState } from 'react';
import { changePage, usePages } from '~/api/pages';
import { useStore } from '~/api/store';
import type { Page, Space } from '~/api/types';
import { IconButton } from '~/kit/Button';
import { Menu, MenuItem } from '~/kit/Menu';
import { Name } from '~/kit/Text';
import { failed, importPage, newPage, titleOf } from './act';
import { pathTo, placeAt, treeOf, within, type Branch } from './order';
import { folded } from './folded';
import { PageLink, TreeRow, type Drop, type Dragging } from './TreeRow';

const type = 'application/x-compeer-page';

const none: Page[] = [];
const nothing = () => undefined;
const noHands = { over: nothing, leave: nothing, end: nothing, drop: nothing };

export function Tree({ space }: { space: Space }) {
  const { space: id, level } = space;
  const own = useMemo(() => ({ space: id, level }), [id, level]);
  const navigate = useNavigate();
  // What is said comes before the list of what was written, also in being drawn.
  const pages = useDeferredValue(usePages(id).data, undefined);
  const { open, archived } = useMemo(() => treeOf(pages ?? none), [pages]);
  const closed = useStore(folded);
  const [archive, setArchive] = useState(false);
  const [drop, setDrop] = useState<Drop | null>(null);
  const dragged = useRef<string | null>(null);
  const picker = useRef<HTMLInputElement>(null);
  const { page: current } = useParams({ strict: false });
  const mayWrite = level !== 'read';
  // Whoever follows a link to a page sees where it stands.
  const shown = new Set(
    current === undefined
      ? []
      : pathTo(open, current)
          .slice(0, -1)
          .map(({ page }) => page.id),
  );
  const go = (href: string | null) => {
    if (href !== null) void navigate({ href });
  };

  // Rows know these by one name for good, so that none is drawn anew because of them.
  const hands = useRef<Omit<Dragging, 'begin'>>(noHands);
  hands.current = {
    over: (event, page) => {
      const moving = dragged.current;
      if (moving === null || !event.dataTransfer.types.includes(type)) return;
      // A page cannot be put into itself.
      const moved = pathTo(open, moving).at(-1);
      if (moved !== undefined && within(moved).includes(page)) return;
      event.preventDefault();
      const box = event.currentTarget.getBoundingClientRect();
      const part = (event.clientY - box.top) / box.height;
      const where = part < 0.28 ? 'before' : part > 0.72 ? 'after' : 'inside';
      if (drop?.page !== page || drop.where !== where) setDrop({ page, where });
    },
    leave: (page) => {
      if (drop?.page === page) setDrop(null);
    },
    end: () => {
      dragged.current = null;
      setDrop(null);
    },
    drop: (event) => {
      event.preventDefault();
      const moving = dragged.current;
      dragged.current = null;
      setDrop(null);
      if (moving !== null && drop !== null) {
        changePage(id, moving, placeAt(open, moving, drop)).catch(failed);
      }
    },
  };
  const dragging = useMemo<Dragging>(
    () => ({
      begin: (event, page) => {
        dragged.current = page;
        event.dataTransfer.setData(type, page);
        event.dataTransfer.effectAllowed = 'move';
      },
      over: (event, page) => hands.current.over(event, page),
      leave: (page) => hands.current.leave(page),
      end: () => hands.current.end(),
      drop: (event) => hands.current.drop(event),
    }),
    [],
  );

  const draw = (branches: Branch[], depth: number) => (
    <ul aria-label={depth === 0 ? 'Pages' : undefined}>
      {branches.map(({ page, children }) => {
        const unfolded =
          children.length === 0 ? null : !closed.includes(page.id) || shown.has(page.id);
        return (
          <li key={page.id}>
            <TreeRow
              space={own}
              page={page}
              depth={depth}
              here={page.id === current}
              unfolded={unfolded}
              mark={drop?.page === page.id ? drop.where : null}
              dragging={dragging}
            />
            {unfolded === true && draw(children, depth + 1)}
          </li>
        );
      })}
    </ul>
  );

  if (pages === undefined || (pages.length === 0 && !mayWrite)) return null;
  return (
    <section aria-label="Pages">
      <div className="mt-3.5 mb-1 flex items-center pl-2">
        <h3 className="flex-1 text-tiny font-medium text-text-3">Pages</h3>
        {mayWrite && (
          <>
            <input
              ref={picker}
              type="file"
              accept=".md,.markdown,text/markdown,text/plain"
              hidden
              aria-label="A Markdown file to make a page of"
              onChange={(event) => {
                const [file] = event.target.files ?? [];
                event.target.value = '';
                if (file) void importPage(id, file).then(go);
              }}
            />
            <Menu
              trigger={<IconButton icon="more" size="s" side="right" label="More about pages" />}
            >
              <MenuItem icon="upload" onSelect={() => picker.current?.click()}>
                Make a page of a Markdown file…
              </MenuItem>
            </Menu>
            <IconButton
              icon="plus"
              size="s"
              side="right"
              label="New page"
              onClick={() => void newPage(id, null).then(go)}
            />
          </>
        )}
      </div>
      {open.length === 0 && archived.length === 0 && (
        <p className="px-2 text-small text-text-3">Write something together: it has a page here.</p>
      )}
      {draw(open, 0)}
      {archived.length > 0 && (
        <>
          <button
            type="button"
            aria-expanded={archive}
            onClick={() => setArchive(!archive)}
            className="flex h-8 w-full items-center rounded-control px-2 text-small text-text-3 hover:bg-soft touch:h-11"
          >
            {archive ? 'Hide archived pages' : `Archived (${archived.length})`}
          </button>
          {archive && (
            <ul aria-label="Archived pages">
              {archived.map((page) => (
                <li key={page.id} className="flex items-center rounded-control pl-7 hover:bg-soft">
                  <PageLink space={id} page={page.id} here={page.id === current}>
                    <span className="min-w-0 flex-1 truncate text-text-3">
                      <Name>{titleOf(page)}</Name>
                    </span>
                  </PageLink>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </section>
  );
}

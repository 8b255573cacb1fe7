/** The pages of a space as a tree, beside everything else of it. They can be dragged into another order and into each other. */
import { Link, useMatchRoute, useNavigate, useParams } from '@tanstack/react-router';
import { useRef, useState, type DragEvent } from 'react';
import { changePage, usePages } from '~/api/pages';
import type { Space } from '~/api/types';
import { IconButton } from '~/kit/Button';
import { Icon } from '~/kit/Icon';
import { Menu, MenuItem } from '~/kit/Menu';
import { Name } from '~/kit/Text';
import { failed, importPage, newPage, titleOf } from './act';
import { between, orderBefore, pathTo, treeOf, within, type Branch } from './order';
import { PageMenu } from './PageMenu';
import { folded } from './folded';
import { useStore } from '~/api/store';

/** Where something that is dragged would come to stand. */
interface Drop {
  page: string;
  where: 'before' | 'inside' | 'after';
}

const type = 'application/x-compeer-page';

const rowLook =
  'flex h-8 min-w-0 flex-1 items-center gap-2 rounded-control pr-2 text-text-2 aria-[current=page]:font-medium aria-[current=page]:text-accent-text touch:h-11';

export function Tree({ space }: { space: Space }) {
  const id = space.space;
  const navigate = useNavigate();
  const pages = usePages(id).data;
  const closed = useStore(folded);
  const [archive, setArchive] = useState(false);
  const [drop, setDrop] = useState<Drop | null>(null);
  const dragged = useRef<string | null>(null);
  const picker = useRef<HTMLInputElement>(null);
  const { page: current } = useParams({ strict: false });
  const mayWrite = space.level !== 'read';
  if (pages === undefined || (pages.length === 0 && !mayWrite)) return null;
  const { open, archived } = treeOf(pages);
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

  const over = (event: DragEvent<HTMLElement>, branch: Branch) => {
    const moving = dragged.current;
    if (moving === null || !event.dataTransfer.types.includes(type)) return;
    // A page cannot be put into itself.
    const own = pathTo(open, moving).at(-1);
    if (own !== undefined && within(own).includes(branch.page.id)) return;
    event.preventDefault();
    const box = event.currentTarget.getBoundingClientRect();
    const part = (event.clientY - box.top) / box.height;
    const where = part < 0.28 ? 'before' : part > 0.72 ? 'after' : 'inside';
    if (drop?.page !== branch.page.id || drop.where !== where)
      setDrop({ page: branch.page.id, where });
  };
  const put = (event: DragEvent<HTMLElement>) => {
    event.preventDefault();
    const moving = dragged.current;
    const to = drop;
    dragged.current = null;
    setDrop(null);
    if (moving === null || to === null) return;
    const path = pathTo(open, to.page);
    const target = path.at(-1);
    if (target === undefined) return;
    const change =
      to.where === 'inside'
        ? { parent: to.page, order: orderBefore(target.children, null, moving) }
        : (() => {
            const parent = path.at(-2)?.page.id ?? null;
            const siblings = (path.at(-2)?.children ?? open).filter(
              ({ page }) => page.id !== moving,
            );
            const at =
              siblings.findIndex(({ page }) => page.id === to.page) + Number(to.where === 'after');
            return {
              parent,
              order: between(
                siblings[at - 1]?.page.order ?? null,
                siblings[at]?.page.order ?? null,
              ),
            };
          })();
    changePage(id, moving, change).catch(failed);
  };

  const draw = (branches: Branch[], depth: number) => (
    <ul aria-label={depth === 0 ? 'Pages' : undefined}>
      {branches.map((branch) => {
        const { page, children } = branch;
        const isOpen = children.length > 0 && (!closed.includes(page.id) || shown.has(page.id));
        const mark = drop?.page === page.id ? drop.where : null;
        return (
          <li key={page.id}>
            {/* Moving by keys is in its menu. */}
            {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions */}
            <div
              draggable={mayWrite}
              onDragStart={(event) => {
                dragged.current = page.id;
                event.dataTransfer.setData(type, page.id);
                event.dataTransfer.effectAllowed = 'move';
              }}
              onDragEnd={() => {
                dragged.current = null;
                setDrop(null);
              }}
              onDragOver={(event) => over(event, branch)}
              onDragLeave={() => drop?.page === page.id && setDrop(null)}
              onDrop={put}
              style={{ paddingLeft: `${Math.min(depth, 8) * 14}px` }}
              className={`group relative flex items-center rounded-control hover:bg-soft has-aria-[current=page]:bg-accent-soft ${
                mark === 'inside' ? 'bg-accent-soft' : ''
              } ${
                mark === 'before'
                  ? 'before:absolute before:inset-x-2 before:top-0 before:h-0.5 before:bg-accent'
                  : mark === 'after'
                    ? 'after:absolute after:inset-x-2 after:bottom-0 after:h-0.5 after:bg-accent'
                    : ''
              }`}
            >
              {children.length > 0 ? (
                <button
                  type="button"
                  aria-expanded={isOpen}
                  aria-label={`Pages in ${titleOf(page)}`}
                  onClick={() =>
                    folded.set((before) =>
                      before.includes(page.id)
                        ? before.filter((one) => one !== page.id)
                        : [...before, page.id].slice(-500),
                    )
                  }
                  className="grid h-8 w-7 flex-none place-items-center rounded-control text-text-3 hover:text-text touch:h-11 touch:w-11"
                >
                  <Icon name={isOpen ? 'down' : 'right'} size={14} />
                </button>
              ) : (
                <span className="grid h-8 w-7 flex-none place-items-center text-text-3 touch:w-11">
                  <Icon name="page" size={16} />
                </span>
              )}
              <PageLink space={id} page={page.id}>
                <span className="min-w-0 flex-1 truncate">
                  <Name>{titleOf(page)}</Name>
                </span>
                {page.unread_comments > 0 && (
                  <span className="rounded-[9px] bg-accent px-1.5 text-tiny/[18px] font-medium text-on-accent nums">
                    {page.unread_comments}
                    <span className="sr-only"> unread</span>
                  </span>
                )}
              </PageLink>
              <span className="flex-none mouse:absolute mouse:right-0 mouse:opacity-0 mouse:group-focus-within:opacity-100 mouse:group-hover:opacity-100 mouse:has-data-[state=open]:opacity-100">
                <Menu
                  trigger={
                    <IconButton
                      icon="more"
                      size="s"
                      side="right"
                      label={`More about ${titleOf(page)}`}
                      className="bg-soft!"
                    />
                  }
                >
                  <PageMenu space={space} page={page} />
                </Menu>
              </span>
            </div>
            {isOpen && draw(children, depth + 1)}
          </li>
        );
      })}
    </ul>
  );

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
                  <PageLink space={id} page={page.id}>
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

function PageLink({
  space,
  page,
  children,
}: {
  space: string;
  page: string;
  children: React.ReactNode;
}) {
  const params = { space, page };
  const here = Boolean(useMatchRoute()({ to: '/s/$space/page/$page', params }));
  return (
    <Link
      to="/s/$space/page/$page"
      params={params}
      draggable={false}
      aria-current={here ? 'page' : undefined}
      className={rowLook}
    >
      {children}
    </Link>
  );
}

/** One page in the tree. A space has hundreds of them, so a row is drawn anew only when something about it is different. */
import { memo, type DragEvent } from 'react';
import type { Page, Space } from '~/api/types';
import { IconButton } from '~/kit/Button';
import { Icon } from '~/kit/Icon';
import { Menu } from '~/kit/Menu';
import { Name } from '~/kit/Text';
import { RowLink } from '~/parts/RowLink';
import { titleOf } from './act';
import { folded } from './folded';
import { PageMenu } from './PageMenu';

const rowLook =
  'flex h-8 min-w-0 flex-1 items-center gap-2 rounded-control pr-2 text-text-2 aria-[current=page]:font-medium aria-[current=page]:text-accent-text touch:h-11';

/** Where something that is dragged would come to stand. */
export interface Drop {
  page: string;
  where: 'before' | 'inside' | 'after';
}

/** What dragging a page does. Always the same functions. */
export interface Dragging {
  begin: (event: DragEvent, page: string) => void;
  over: (event: DragEvent<HTMLElement>, page: string) => void;
  leave: (page: string) => void;
  drop: (event: DragEvent<HTMLElement>) => void;
  end: () => void;
}

const marks = {
  inside: 'bg-accent-soft',
  before: 'before:absolute before:inset-x-2 before:top-0 before:h-0.5 before:bg-accent',
  after: 'after:absolute after:inset-x-2 after:bottom-0 after:h-0.5 after:bg-accent',
};

export const TreeRow = memo(function TreeRow({
  space,
  page,
  depth,
  here,
  unfolded,
  mark,
  dragging,
}: {
  /** No more than its rows need: it changes with each message otherwise. */
  space: Pick<Space, 'space' | 'level'>;
  page: Page;
  depth: number;
  /** It is the one that is open in the main pane. */
  here: boolean;
  /** Whether the pages in it are shown; null if there are none. */
  unfolded: boolean | null;
  mark: Drop['where'] | null;
  dragging: Dragging;
}) {
  return (
    // Moving by keys is in its menu.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div
      draggable={space.level !== 'read'}
      onDragStart={(event) => dragging.begin(event, page.id)}
      onDragEnd={dragging.end}
      onDragOver={(event) => dragging.over(event, page.id)}
      onDragLeave={() => dragging.leave(page.id)}
      onDrop={dragging.drop}
      style={{ paddingLeft: `${Math.min(depth, 8) * 14}px` }}
      className={`group relative flex items-center rounded-control hover:bg-soft has-aria-[current=page]:bg-accent-soft ${mark === null ? '' : marks[mark]}`}
    >
      {unfolded === null ? (
        <span className="grid h-8 w-7 flex-none place-items-center text-text-3 touch:w-11">
          <Icon name="page" size={16} />
        </span>
      ) : (
        <button
          type="button"
          aria-expanded={unfolded}
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
          <Icon name={unfolded ? 'down' : 'right'} size={14} />
        </button>
      )}
      <PageLink space={space.space} page={page.id} here={here}>
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
  );
});

export function PageLink({
  space,
  page,
  here,
  children,
}: {
  space: string;
  page: string;
  here: boolean;
  children: React.ReactNode;
}) {
  return (
    <RowLink
      href={`/s/${space}/page/${page}`}
      draggable={false}
      aria-current={here ? 'page' : undefined}
      className={rowLook}
    >
      {children}
    </RowLink>
  );
}

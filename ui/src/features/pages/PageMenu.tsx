/** What can be done with a page, in its own menu and in the tree's. */
import { useNavigate } from '@tanstack/react-router';
import { changePage, usePages } from '~/api/pages';
import type { Page, Space } from '~/api/types';
import { copyText } from '~/kit/hooks';
import { MenuItem, MenuLine } from '~/kit/Menu';
import { tell } from '~/kit/toast';
import { showDialog } from '~/parts/dialogs';
import { archivePage, bringPageBack, copyPage, exportPage, failed, newPage } from './act';
import { between, pathTo, treeOf } from './order';

export function PageMenu({
  space,
  page,
  onRename,
  onHistory,
}: {
  space: Pick<Space, 'space' | 'level'>;
  page: Page;
  /** Instead of asking for the title in a dialog. */
  onRename?: () => void;
  onHistory?: () => void;
}) {
  const id = space.space;
  const navigate = useNavigate();
  const pages = usePages(id).data ?? [];
  const mayWrite = space.level !== 'read';
  const { open } = treeOf(pages);
  const path = pathTo(open, page.id);
  const siblings = path.at(-2)?.children ?? open;
  const at = siblings.findIndex((branch) => branch.page.id === page.id);
  const step = (by: 1 | -1) => {
    const [low, high] = by < 0 ? [at - 2, at - 1] : [at + 1, at + 2];
    const order = between(siblings[low]?.page.order ?? null, siblings[high]?.page.order ?? null);
    changePage(id, page.id, { order }).catch(failed);
  };
  return (
    <>
      {mayWrite && !page.archived && (
        <>
          <MenuItem
            icon="plus"
            onSelect={() =>
              void newPage(id, page.id).then((href) => {
                if (href !== null) void navigate({ href });
              })
            }
          >
            New page inside
          </MenuItem>
          <MenuItem
            icon="pen"
            onSelect={
              onRename ?? (() => showDialog({ kind: 'rename-page', space: id, page: page.id }))
            }
          >
            Rename
          </MenuItem>
          <MenuItem
            icon="folder"
            onSelect={() => showDialog({ kind: 'move-page', space: id, page: page.id })}
          >
            Move…
          </MenuItem>
          {at > 0 && (
            <MenuItem icon="up" onSelect={() => step(-1)}>
              Move up
            </MenuItem>
          )}
          {at >= 0 && at < siblings.length - 1 && (
            <MenuItem icon="down" onSelect={() => step(1)}>
              Move down
            </MenuItem>
          )}
          <MenuLine />
        </>
      )}
      {onHistory && (
        <MenuItem icon="history" onSelect={onHistory}>
          History
        </MenuItem>
      )}
      <MenuItem
        icon="link"
        onSelect={() =>
          void copyText(`${location.origin}/s/${id}/page/${page.id}`).then((done) =>
            tell(done ? 'Copied.' : 'Copying did not work here.'),
          )
        }
      >
        Copy link
      </MenuItem>
      <MenuItem icon="copy" onSelect={() => copyPage(id, page)}>
        Copy as Markdown
      </MenuItem>
      <MenuItem icon="download" onSelect={() => exportPage(id, page)}>
        Save as Markdown
      </MenuItem>
      {mayWrite && (
        <>
          <MenuLine />
          {page.archived ? (
            <MenuItem icon="retry" onSelect={() => bringPageBack(id, page)}>
              Bring back
            </MenuItem>
          ) : (
            <MenuItem icon="box" onSelect={() => archivePage(id, page)}>
              Archive
            </MenuItem>
          )}
        </>
      )}
    </>
  );
}

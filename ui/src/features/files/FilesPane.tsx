/** The files of a space: where they are, who has them, and how to get them here. */
import { Link, useNavigate } from '@tanstack/react-router';
import { useMemo, useRef, type ReactNode } from 'react';
import { sentenceOf } from '~/api/client';
import { useFiles, useStatus } from '~/api/queries';
import type { SharedFile, Space } from '~/api/types';
import { upload } from '~/api/uploads';
import { Button, IconButton } from '~/kit/Button';
import { EmptyState, Failure, Loading } from '~/kit/EmptyState';
import { formatExact, formatSize, formatWhen, plural } from '~/kit/format';
import { useNow, usePhone } from '~/kit/hooks';
import { Icon } from '~/kit/Icon';
import { Name } from '~/kit/Text';
import { plainName } from '~/kit/text';
import { useRows } from '~/kit/useRows';
import { FileButtons, fileIcon, FileState, TransferLine } from '~/parts/FileBits';
import { PaneHeader } from '~/parts/PaneHeader';
import { useVisible } from '~/parts/undo';
import { UploadRows } from '~/parts/UploadRows';
import { holdersWord, splitPath } from '~/parts/words';
import { findFiles, type Column, type Sort } from './sort';

export interface FilesSearch {
  detail?: string | undefined;
  q?: string | undefined;
  sort?: Sort | undefined;
}

export function FilesPane({ space, search }: { space: Space; search: FilesSearch }) {
  const id = space.space;
  const files = useFiles(id);
  const navigate = useNavigate();
  const phone = usePhone();
  const picker = useRef<HTMLInputElement>(null);
  const { q = '', sort = '-time' } = search;
  const list = useVisible(files.data);
  const found = useMemo(() => findFiles(list ?? [], q, sort), [list, q, sort]);
  const total = list?.length ?? 0;
  const size = useMemo(() => (list ?? []).reduce((sum, file) => sum + file.size, 0), [list]);
  const writable = space.level !== 'read';
  const find = (text: string) =>
    void navigate({
      to: '/s/$space/files',
      params: { space: id },
      search: { ...search, q: text === '' ? undefined : text },
      replace: true,
    });
  return (
    <>
      <PaneHeader
        title="Files"
        space={space.name}
        about={total > 0 && `${plural(total, 'file')}, ${formatSize(size)}`}
        back={`/s/${id}`}
      >
        {writable && (
          <>
            <input
              ref={picker}
              type="file"
              multiple
              hidden
              onChange={(event) => {
                const list = [...(event.target.files ?? [])];
                upload(
                  id,
                  list.map((file) => ({ file, name: file.name })),
                );
                event.target.value = '';
              }}
            />
            {phone ? (
              <IconButton icon="plus" label="Share files" onClick={() => picker.current?.click()} />
            ) : (
              <Button icon="plus" onClick={() => picker.current?.click()}>
                Share files
              </Button>
            )}
          </>
        )}
      </PaneHeader>
      {total > 0 && (
        <div className="flex-none border-b border-line px-4 py-3">
          <label className="flex h-10 items-center gap-2.5 rounded-control border border-(--line-strong) bg-raised px-3 focus-within:border-accent focus-within:outline-1 focus-within:outline-accent touch:h-11">
            <Icon name="search" className="text-text-3" />
            <span className="sr-only">Find in files</span>
            <input
              type="search"
              data-find
              value={q}
              onChange={(event) => find(event.target.value)}
              placeholder="Find by name, folder or person"
              className="min-w-0 flex-1 bg-transparent outline-none [&::-webkit-search-cancel-button]:hidden"
            />
            <span role="status" className="text-tiny whitespace-nowrap text-text-3 nums">
              {q !== '' && `${found.length} of ${total}`}
            </span>
          </label>
        </div>
      )}
      <div className="px-4 pt-2 empty:hidden">
        <UploadRows space={id} />
      </div>
      {files.error && !files.data ? (
        <Failure retry={<Button onClick={() => void files.refetch()}>Try again</Button>}>
          {sentenceOf(files.error)}
        </Failure>
      ) : !files.data ? (
        <Loading label="Looking through the files" />
      ) : total === 0 ? (
        <EmptyState
          icon="folder"
          title="No files yet"
          actions={
            writable && (
              <Button kind="primary" big icon="plus" onClick={() => picker.current?.click()}>
                Share files
              </Button>
            )
          }
        >
          {writable
            ? `${phone ? '' : 'Drop files or a folder anywhere on this page. '}This computer keeps a copy of what you share here, and each member fetches what they need. To share large files where they lie, use compeer file put.`
            : 'What members share here can be fetched from their computers.'}
        </EmptyState>
      ) : found.length === 0 ? (
        <EmptyState
          icon="search"
          title="Nothing found"
          actions={<Button onClick={() => find('')}>Show all files</Button>}
        >
          No file here matches “{plainName(q)}”.
        </EmptyState>
      ) : (
        <FileList space={id} files={found} search={search} sort={sort} />
      )}
    </>
  );
}

const rowHeight = 61;
const cardHeight = 93;

function FileList({
  space,
  files,
  search,
  sort,
}: {
  space: string;
  files: SharedFile[];
  search: FilesSearch;
  sort: Sort;
}) {
  const phone = usePhone();
  const now = useNow();
  const me = useStatus().data?.person ?? null;
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useRows(scroller, files.length, phone ? cardHeight : rowHeight);
  const shown = files.slice(rows.first, rows.end);
  const head = (column: Column, label: string, right = false) => (
    <SortHead {...{ space, search, sort, column, label, right }} />
  );
  return (
    <div
      ref={scroller}
      role="region"
      aria-label="Files"
      tabIndex={-1}
      className="@container min-h-0 flex-1 overflow-y-auto"
    >
      {phone ? (
        <ul style={{ paddingTop: rows.above, paddingBottom: rows.below }}>
          {shown.map((file) => (
            <Card key={file.id} {...{ space, file, search, now }} />
          ))}
        </ul>
      ) : (
        <table
          className="w-full table-fixed border-collapse text-[14px]"
          aria-rowcount={files.length + 1}
        >
          <thead>
            <tr>
              {head('name', 'Name')}
              <th
                scope="col"
                className="sticky top-0 z-10 w-[17%] bg-raised @max-3xl:hidden px-3 text-left text-tiny font-medium text-text-3 shadow-[inset_0_-1px_var(--line)]"
              >
                Who has it
              </th>
              {head('size', 'Size', true)}
              {head('time', 'Shared')}
              <th
                scope="col"
                className="sticky top-0 z-10 w-[176px] bg-raised px-3 text-left text-tiny font-medium text-text-3 shadow-[inset_0_-1px_var(--line)]"
              >
                State
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.above > 0 && (
              <tr aria-hidden="true" style={{ height: rows.above }}>
                <td />
              </tr>
            )}
            {shown.map((file, index) => (
              <TableRow
                key={file.id}
                {...{ space, file, search, now, me }}
                index={rows.first + index + 2}
              />
            ))}
            {rows.below > 0 && (
              <tr aria-hidden="true" style={{ height: rows.below }}>
                <td />
              </tr>
            )}
          </tbody>
        </table>
      )}
    </div>
  );
}

function SortHead({
  space,
  search,
  sort,
  column,
  label,
  right,
}: {
  space: string;
  search: FilesSearch;
  sort: Sort;
  column: Column;
  label: string;
  right: boolean;
}) {
  const up = sort === column;
  const down = sort === `-${column}`;
  // Names start at A, figures and times with the most.
  const next: Sort = up ? `-${column}` : down ? column : column === 'name' ? column : `-${column}`;
  // In a narrow pane the name keeps its room, and what can be read in the detail gives way.
  const width = {
    name: '',
    size: 'w-[96px] @max-md:hidden',
    time: 'w-[148px] @max-xl:hidden',
  }[column];
  return (
    <th
      scope="col"
      aria-sort={up ? 'ascending' : down ? 'descending' : 'none'}
      className={`sticky top-0 z-10 bg-raised px-3 py-2 text-tiny font-medium text-text-3 shadow-[inset_0_-1px_var(--line)] ${width} ${right ? 'text-right' : 'text-left'}`}
    >
      <Link
        to="/s/$space/files"
        params={{ space }}
        search={{ ...search, sort: next }}
        replace
        className="inline-flex items-center gap-0.5 rounded hover:text-text"
      >
        {label}
        {(up || down) && <Icon name={up ? 'up' : 'down'} size={12} weight={2} />}
      </Link>
    </th>
  );
}

function DetailLink({
  space,
  file,
  search,
  children,
  className = '',
}: {
  space: string;
  file: SharedFile;
  search: FilesSearch;
  children: ReactNode;
  className?: string;
}) {
  return (
    <Link
      to="/s/$space/files"
      params={{ space }}
      search={{ ...search, detail: `file-${file.id}` }}
      data-nav
      className={`block truncate rounded font-medium after:absolute after:inset-0 ${className}`}
    >
      {children}
    </Link>
  );
}

/** Who shared it, and in which folder it is. */
function Origin({ file }: { file: SharedFile }) {
  const { folder } = splitPath(file.name);
  return (
    <div className="truncate text-tiny text-text-3">
      <Name>{plainName(file.author_name)}</Name>
      {folder !== '' && (
        <>
          {' › '}
          <Name>{folder}</Name>
        </>
      )}
    </div>
  );
}

function TableRow({
  space,
  file,
  search,
  now,
  me,
  index,
}: {
  space: string;
  file: SharedFile;
  search: FilesSearch;
  now: number;
  me: string | null;
  index: number;
}) {
  const { name } = splitPath(file.name);
  const selected = search.detail === `file-${file.id}`;
  const cell = `border-b border-soft px-3 ${selected ? 'bg-accent-soft [--pill:var(--raised)]' : 'group-hover:bg-panel'}`;
  return (
    <tr aria-rowindex={index} className="group relative h-[61px]">
      <td className={cell}>
        <div className="flex items-center gap-2.5">
          <Icon name={fileIcon(name, file.media)} className="text-text-2" />
          <div className="min-w-0 flex-1">
            <DetailLink {...{ space, file, search }}>
              <Name>{name}</Name>
            </DetailLink>
            {file.transfer ? <TransferLine file={file} /> : <Origin file={file} />}
          </div>
        </div>
      </td>
      <td className={`${cell} @max-3xl:hidden`}>
        <div className="truncate">
          <bdi>{holdersWord(file, me)}</bdi>
        </div>
      </td>
      <td className={`text-right whitespace-nowrap nums ${cell} @max-md:hidden`}>
        {formatSize(file.size)}
      </td>
      <td className={`truncate nums ${cell} @max-xl:hidden`} title={formatExact(file.time)}>
        {formatWhen(file.time, now)}
      </td>
      <td className={cell}>
        <div className="flex items-center justify-between gap-1">
          <FileState file={file} />
          <span className="relative z-[1] flex">
            <FileButtons space={space} file={file} />
          </span>
        </div>
      </td>
    </tr>
  );
}

function Card({
  space,
  file,
  search,
  now,
}: {
  space: string;
  file: SharedFile;
  search: FilesSearch;
  now: number;
}) {
  const { name } = splitPath(file.name);
  return (
    <li className="relative flex h-[93px] items-center gap-3 border-b border-soft pr-1 pl-4">
      <span className="grid size-10 flex-none place-items-center rounded-control bg-soft text-text-2">
        <Icon name={fileIcon(name, file.media)} />
      </span>
      <div className="min-w-0 flex-1">
        <DetailLink {...{ space, file, search }}>
          <Name>{name}</Name>
        </DetailLink>
        <Origin file={file} />
        {file.transfer ? (
          <TransferLine file={file} />
        ) : (
          <div className="mt-1 flex items-center gap-2">
            <FileState file={file} />
            <span className="truncate text-tiny text-text-3 nums">
              {formatSize(file.size)} · {formatWhen(file.time, now)}
            </span>
          </div>
        )}
      </div>
      <span className="relative z-[1] flex">
        <FileButtons space={space} file={file} />
      </span>
    </li>
  );
}

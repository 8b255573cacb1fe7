/** The issues of a space: a list by status, or a board. */
import { useNavigate } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';
import { sentenceOf } from '~/api/client';
import { exportUrl, mostIssues, useIssues, useIssueSetup } from '~/api/issues';
import type { Issue, Space } from '~/api/types';
import { Button, IconButton } from '~/kit/Button';
import { EmptyState, Failure, Loading } from '~/kit/EmptyState';
import { formatCount, plural } from '~/kit/format';
import { usePhone } from '~/kit/hooks';
import { Menu, MenuItem, MenuLine } from '~/kit/Menu';
import { showDialog, type PickField } from '~/parts/dialogs';
import { PaneHeader } from '~/parts/PaneHeader';
import { act } from './act';
import { Board } from './Board';
import { askFor, filterText, isEmpty, parseFilter, type Filter } from './filter';
import { FilterBar } from './FilterBar';
import { IssueList } from './IssueList';
import { focusedIssue, useIssueKeys } from './keys';

export interface IssuesSearch {
  detail?: string | undefined;
  view?: 'board' | undefined;
  /** The filter, as `filterText` writes it. */
  filter?: string | undefined;
}

const none: Issue[] = [];

export function IssuesPane({ space, search }: { space: Space; search: IssuesSearch }) {
  const id = space.space;
  const navigate = useNavigate();
  const phone = usePhone();
  const board = search.view === 'board';
  const filter = useMemo(() => parseFilter(search.filter), [search.filter]);
  const found = useIssues(id, askFor(filter, board));
  const setup = useIssueSetup(id).data;
  const issues = found.data?.issues ?? none;
  const total = found.data?.total ?? 0;
  const writable = space.level !== 'read';
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const show = (next: IssuesSearch) =>
    void navigate({
      to: '/s/$space/issues',
      params: { space: id },
      search: { ...search, ...next },
      replace: true,
    });
  const setFilter = (next: Filter) => show({ filter: filterText(next) || undefined });

  // What is chosen and no longer in sight is no longer chosen.
  const chosen = useMemo(
    () => issues.filter((issue) => selected.has(issue.id)),
    [issues, selected],
  );
  const toggle = useCallback(
    (issue: string) =>
      setSelected((before) => {
        const next = new Set(before);
        if (!next.delete(issue)) next.add(issue);
        return next;
      }),
    [],
  );
  const targets = useCallback(() => {
    if (!writable) return none;
    if (chosen.length > 0) return chosen;
    const focused = focusedIssue();
    return issues.filter((issue) => issue.id === focused);
  }, [chosen, issues, writable]);
  const more = useCallback(
    (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return false;
      const focused = focusedIssue();
      if (event.key === 'x' && focused !== undefined && writable) toggle(focused);
      else if (event.key === 'Escape' && selected.size > 0) setSelected(new Set());
      else return false;
      return true;
    },
    [selected, toggle, writable],
  );
  useIssueKeys(id, targets, more);

  const newIssue = () => showDialog({ kind: 'new-issue', space: id });
  return (
    <>
      <PaneHeader
        title="Issues"
        space={space.name}
        about={found.data && plural(total, 'issue')}
        back={`/s/${id}`}
      >
        <IconButton
          icon={board ? 'list' : 'columns'}
          label={board ? 'Show as a list' : 'Show as a board'}
          onClick={() => show({ view: board ? undefined : 'board' })}
        />
        <Menu trigger={<IconButton icon="more" label="More about issues" />}>
          {writable && (
            <>
              <MenuItem
                icon="save"
                disabled={isEmpty(filter)}
                onSelect={() =>
                  showDialog({ kind: 'save-view', space: id, query: filterText(filter) })
                }
              >
                Save this view…
              </MenuItem>
              <MenuItem
                icon="upload"
                onSelect={() => showDialog({ kind: 'import-issues', space: id })}
              >
                Import a table…
              </MenuItem>
            </>
          )}
          <MenuItem icon="download" onSelect={() => window.location.assign(exportUrl(id))}>
            Export all as CSV
          </MenuItem>
          {space.level === 'manage' && (
            <>
              <MenuLine />
              <MenuItem icon="key" onSelect={() => showDialog({ kind: 'prefix', space: id })}>
                Change how keys begin…
              </MenuItem>
            </>
          )}
        </Menu>
        {writable &&
          (phone ? (
            <IconButton icon="plus" label="New issue" onClick={newIssue} />
          ) : (
            <Button icon="plus" onClick={newIssue}>
              New issue
            </Button>
          ))}
      </PaneHeader>
      <FilterBar space={id} setup={setup} filter={filter} onFilter={setFilter} />
      {found.data === undefined ? (
        found.error ? (
          <Failure retry={<Button onClick={() => void found.refetch()}>Try again</Button>}>
            {sentenceOf(found.error)}
          </Failure>
        ) : (
          <Loading label="Looking for issues" />
        )
      ) : issues.length === 0 && !board ? (
        <Nothing
          filtered={!isEmpty(filter)}
          writable={writable}
          onNew={newIssue}
          onAll={() => setFilter({ all: true })}
        />
      ) : board ? (
        <Board space={id} issues={issues} setup={setup} filter={filter} writable={writable} />
      ) : (
        <IssueList
          space={id}
          issues={issues}
          setup={setup}
          selected={selected}
          writable={writable}
          onToggle={toggle}
        />
      )}
      {total > mostIssues && (
        <p className="flex-none border-t border-line px-4 py-2 text-small text-text-3">
          The first {formatCount(mostIssues)} of {formatCount(total)}. Filter to see others.
        </p>
      )}
      {chosen.length > 0 && (
        <SelectionBar space={id} chosen={chosen} onClear={() => setSelected(new Set())} />
      )}
    </>
  );
}

function Nothing({
  filtered,
  writable,
  onNew,
  onAll,
}: {
  filtered: boolean;
  writable: boolean;
  onNew: () => void;
  onAll: () => void;
}) {
  return (
    <EmptyState
      icon="issue"
      title={filtered ? 'Nothing fits' : 'Nothing to do'}
      actions={
        filtered ? (
          <Button onClick={onAll}>Show all issues</Button>
        ) : (
          writable && (
            <Button kind="primary" big onClick={onNew}>
              New issue
            </Button>
          )
        )
      }
    >
      {filtered
        ? 'No issue is as this view asks for.'
        : 'An issue is something to be done. A title is enough; press C anywhere to write one down.'}
    </EmptyState>
  );
}

const bulk: [PickField, string][] = [
  ['status', 'Status'],
  ['priority', 'Priority'],
  ['assignee', 'Assignee'],
  ['label', 'Labels'],
  ['due', 'Due'],
  ['project', 'Project'],
];

/** What can be done with all that are chosen. */
function SelectionBar({
  space,
  chosen,
  onClear,
}: {
  space: string;
  chosen: Issue[];
  onClear: () => void;
}) {
  return (
    <div
      role="toolbar"
      aria-label="With the chosen issues"
      className="flex flex-none animate-rise flex-wrap items-center gap-1.5 border-t border-line bg-panel px-4 py-2"
    >
      <span role="status" className="mr-2 text-small font-medium nums">
        {chosen.length} chosen
      </span>
      {bulk.map(([field, words]) => (
        <Button
          key={field}
          className="h-[30px]! px-2.5! text-small!"
          onClick={() => showDialog({ kind: 'pick', space, issues: chosen, field })}
        >
          {words}
        </Button>
      ))}
      <Button
        className="h-[30px]! px-2.5! text-small!"
        onClick={() => {
          act(space, chosen, { archived: true });
          onClear();
        }}
      >
        Put away
      </Button>
      <IconButton
        icon="close"
        size="s"
        side="top"
        label="Choose nothing"
        className="ml-auto"
        onClick={onClear}
      />
    </div>
  );
}

/** Which issues are shown: ready-made and saved views, words, and what is filtered by. */
import { useState, type ReactNode } from 'react';
import { sentenceOf } from '~/api/client';
import { changeThing } from '~/api/issues';
import { useMembers } from '~/api/queries';
import type { IssueSetup, IssueStatus, IssuePriority } from '~/api/types';
import { Button, IconButton } from '~/kit/Button';
import { useNow } from '~/kit/hooks';
import { Icon } from '~/kit/Icon';
import { Popover } from '~/kit/Menu';
import { Name } from '~/kit/Text';
import { plainName } from '~/kit/text';
import { tellFailure, tellUndoable } from '~/kit/toast';
import {
  facets,
  facetWords,
  filterText,
  inDays,
  dayWords,
  parseFilter,
  priorities,
  priorityWords,
  statuses,
  statusWords,
  toggled,
  without,
  type Facet,
  type Filter,
} from './filter';

const ready: [string, Filter][] = [
  ['Open', {}],
  ['Mine', { assignee: ['me'] }],
  ['All', { all: true }],
];

export function FilterBar({
  space,
  setup,
  filter,
  onFilter,
}: {
  space: string;
  setup: IssueSetup | undefined;
  filter: Filter;
  onFilter: (filter: Filter) => void;
}) {
  const now = useNow();
  const words = useWords(space, setup);
  const shown = filterText({ ...filter, text: '' });
  const tab = (label: ReactNode, key: string, to: Filter, after?: ReactNode) => {
    const here = filterText(to) === shown;
    return (
      <span key={key} className="flex flex-none items-center">
        <button
          type="button"
          aria-pressed={here}
          onClick={() => onFilter(filter.text ? { ...to, text: filter.text } : to)}
          className="h-[30px] rounded-control px-2.5 text-small text-text-2 hover:bg-soft aria-pressed:bg-accent-soft aria-pressed:font-medium aria-pressed:text-accent-text touch:h-11"
        >
          {label}
        </button>
        {here && after}
      </span>
    );
  };
  const views = (setup?.views ?? []).filter(({ archived }) => !archived);
  const chips = facets.flatMap((facet) => (filter[facet] ?? []).map((value) => ({ facet, value })));
  return (
    <div className="flex flex-none flex-wrap items-center gap-x-3 gap-y-2 border-b border-line px-4 py-2 phone:px-3">
      {/* Views that do not fit are scrolled to; a ring around the focus has room. */}
      <div className="-m-1 flex min-w-0 flex-1 items-center gap-1 overflow-x-auto p-1 phone:flex-none phone:basis-full">
        {ready.map(([label, to]) => tab(label, label, to))}
        {views.map((view) =>
          tab(
            <Name>{view.title}</Name>,
            view.id,
            parseFilter(view.query),
            <IconButton
              icon="close"
              size="s"
              label={`Put the view ${plainName(view.title)} away`}
              onClick={() => {
                const put = (archived: boolean) =>
                  changeThing(space, view.id, { archived }).catch((error: unknown) =>
                    tellFailure(sentenceOf(error)),
                  );
                void put(true);
                tellUndoable('The view is put away, for everybody.', null, () => void put(false));
              }}
            />,
          ),
        )}
      </div>
      <AddFilter space={space} setup={setup} filter={filter} onFilter={onFilter} />
      <label className="flex h-[30px] w-52 flex-none items-center gap-2 rounded-control border border-edge bg-raised px-2 focus-within:border-accent touch:h-11 phone:w-auto phone:flex-1">
        <Icon name="search" size={15} className="text-text-3" />
        <span className="sr-only">Find in issues</span>
        <input
          type="search"
          data-find
          value={filter.text ?? ''}
          onChange={(event) => onFilter({ ...filter, text: event.target.value })}
          placeholder="Find"
          className="w-full min-w-0 bg-transparent text-small outline-none touch:text-[16px] [&::-webkit-search-cancel-button]:hidden"
        />
      </label>
      <div className="flex basis-full flex-wrap items-center gap-1.5 empty:hidden">
        {chips.map(({ facet, value }) => (
          <Chip
            key={`${facet}-${value}`}
            facet={facetWords[facet]}
            value={words(facet, value)}
            onRemove={() => onFilter(toggled(filter, facet, value))}
          />
        ))}
        {filter.due_by !== undefined && (
          <Chip
            facet="Due by"
            value={dayWords(filter.due_by, now)}
            onRemove={() => onFilter(without(filter, 'due_by'))}
          />
        )}
        {filter.archived === true && (
          <Chip
            facet="Only"
            value="put away"
            onRemove={() => onFilter({ ...filter, archived: false })}
          />
        )}
      </div>
    </div>
  );
}

function Chip({ facet, value, onRemove }: { facet: string; value: string; onRemove: () => void }) {
  return (
    <span className="flex h-7 max-w-60 items-center gap-1 rounded-full border border-line bg-panel pl-2.5 text-small touch:h-11">
      <span className="flex-none text-text-3">{facet}:</span>
      <span className="truncate">
        <Name>{value}</Name>
      </span>
      <button
        type="button"
        aria-label={`No longer filter by ${facet} ${plainName(value)}`}
        onClick={onRemove}
        className="grid size-7 flex-none place-items-center rounded-full text-text-3 hover:text-text touch:size-11"
      >
        <Icon name="close" size={13} />
      </button>
    </span>
  );
}

/** What a value of a facet is called. */
function useWords(space: string, setup: IssueSetup | undefined) {
  const members = useMembers(space).data ?? [];
  return (facet: Facet, value: string): string => {
    const thing = (all: { id: string; title: string }[] | undefined) =>
      all?.find(({ id }) => id === value)?.title ?? 'one that is not here';
    switch (facet) {
      case 'status':
        return value in statusWords ? statusWords[value as IssueStatus] : value;
      case 'priority':
        return value in priorityWords ? priorityWords[value as IssuePriority] : value;
      case 'assignee':
        return value === 'me'
          ? 'me'
          : value === 'none'
            ? 'nobody'
            : (members.find(({ person }) => person === value)?.name ?? 'somebody');
      case 'label':
        return thing(setup?.labels);
      case 'project':
        return value === 'none' ? 'none' : thing(setup?.projects);
      case 'cycle':
        return value === 'none' ? 'none' : thing(setup?.cycles);
    }
  };
}

function AddFilter({
  space,
  setup,
  filter,
  onFilter,
}: {
  space: string;
  setup: IssueSetup | undefined;
  filter: Filter;
  onFilter: (filter: Filter) => void;
}) {
  const now = useNow();
  const [facet, setFacet] = useState<Facet>('status');
  const words = useWords(space, setup);
  const members = useMembers(space).data ?? [];
  const things = (all: { id: string; archived: boolean }[] | undefined) =>
    (all ?? []).filter(({ archived }) => !archived).map(({ id }) => id);
  const values: Record<Facet, string[]> = {
    status: statuses,
    priority: priorities,
    assignee: ['me', 'none', ...members.filter(({ me }) => !me).map(({ person }) => person)],
    label: things(setup?.labels),
    project: ['none', ...things(setup?.projects)],
    cycle: ['none', ...things(setup?.cycles)],
  };
  const days: [string, number][] = [
    ['Overdue or today', 0],
    ['Within a week', 7],
  ];
  return (
    <Popover
      align="start"
      label="Filter"
      trigger={
        <Button icon="filter" className="h-[30px]! px-2.5! text-small!">
          Filter
        </Button>
      }
    >
      <div className="flex flex-col gap-2 p-2">
        <label className="flex items-center gap-2 text-small text-text-2">
          By
          <select
            aria-label="Filter by"
            value={facet}
            onChange={(event) => setFacet(event.target.value as Facet)}
            className="h-8 flex-1 rounded-control border border-(--line-strong) bg-raised px-2 text-[14px] touch:h-11"
          >
            {facets.map((one) => (
              <option key={one} value={one}>
                {facetWords[one]}
              </option>
            ))}
          </select>
        </label>
        <fieldset className="max-h-64 overflow-y-auto">
          <legend className="sr-only">{facetWords[facet]}</legend>
          {values[facet].map((value) => (
            <label
              key={value}
              className="flex min-h-8 items-center gap-2.5 rounded-md px-1 hover:bg-soft touch:min-h-11"
            >
              <input
                type="checkbox"
                aria-label={plainName(words(facet, value))}
                checked={filter[facet]?.includes(value) ?? false}
                onChange={() => onFilter(toggled(filter, facet, value))}
                className="accent-accent"
              />
              <span className="min-w-0 truncate text-[14px]">
                <Name>{words(facet, value)}</Name>
              </span>
            </label>
          ))}
          {values[facet].length === 0 && (
            <p className="px-1 py-2 text-small text-text-3">There are none yet.</p>
          )}
        </fieldset>
        <div className="flex flex-wrap gap-1.5 border-t border-line pt-2">
          {days.map(([label, ahead]) => (
            <Button
              key={label}
              className="h-7! px-2! text-small!"
              onClick={() => onFilter({ ...filter, due_by: inDays(ahead, now) })}
            >
              {label}
            </Button>
          ))}
          <Button
            className="h-7! px-2! text-small!"
            onClick={() => onFilter({ ...filter, archived: true })}
          >
            Put away
          </Button>
        </div>
      </div>
    </Popover>
  );
}

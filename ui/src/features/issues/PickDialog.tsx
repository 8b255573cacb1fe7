/** Choosing a value for one or many issues: type a few letters, arrows, Enter. */
import { useId, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { sentenceOf } from '~/api/client';
import { createThing, predictIssue, useFoundIssues, useIssueSetup } from '~/api/issues';
import { useMembers } from '~/api/queries';
import type { Issue, IssueChange, IssueThing, IssueThingKind } from '~/api/types';
import { matchScore } from '~/features/palette/commands';
import { Dialog } from '~/kit/Dialog';
import { inputLook } from '~/kit/Field';
import { plural } from '~/kit/format';
import { useNow } from '~/kit/hooks';
import { Icon } from '~/kit/Icon';
import { Name } from '~/kit/Text';
import { tellFailure } from '~/kit/toast';
import type { PickField } from '~/parts/dialogs';
import { MemberAvatar } from '~/parts/PersonRow';
import { act } from './act';
import { dayWords, inDays, priorities, priorityWords, statuses, statusWords } from './filter';
import { Dot, hueOf, PriorityMark, StatusMark } from './marks';

interface Option {
  key: string;
  label: string;
  mark: ReactNode;
  note?: string;
  chosen: boolean;
  run: () => void;
}

const titles: Record<PickField, string> = {
  status: 'Status',
  priority: 'Priority',
  assignee: 'Assignee',
  label: 'Labels',
  due: 'Due day',
  estimate: 'Estimate',
  project: 'Project',
  cycle: 'Cycle',
  parent: 'Part of',
  blocks: 'Blocks',
  blocked_by: 'Blocked by',
  part: 'Parts',
};

/** Whether what is chosen is another issue: those are looked for by the node. */
const ofIssues = (field: PickField) => ['parent', 'blocks', 'blocked_by', 'part'].includes(field);

const points = [0, 1, 2, 3, 5, 8, 13, 21];

export function PickDialog({
  space,
  issues,
  field,
  onClose,
}: {
  space: string;
  issues: Issue[];
  field: PickField;
  onClose: () => void;
}) {
  const id = useId();
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const asked = query.trim().toLowerCase();
  const { options, stays } = useOptions(space, issues, field, query.trim(), onClose);
  // What a word of it begins with comes before what only has it inside: “Bo” is Bo before it is nobody.
  const rank = ({ key, label }: Option) =>
    asked === '' || key.startsWith('make-') ? 1 : matchScore(label, asked);
  const shown = options
    .map((option) => ({ option, score: rank(option) }))
    .filter(({ score }) => score >= (ofIssues(field) ? 0 : 1))
    .sort((one, other) => other.score - one.score)
    .map(({ option }) => option);
  const chosen = Math.min(at, shown.length - 1);
  const go = (next: number) => {
    setAt(next);
    list.current?.querySelector(`[data-index="${next}"]`)?.scrollIntoView({ block: 'nearest' });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const count = Math.max(1, shown.length);
    if (event.key === 'ArrowDown') go((chosen + 1) % count);
    else if (event.key === 'ArrowUp') go((chosen - 1 + count) % count);
    else if (event.key === 'Enter') shown[chosen]?.run();
    else return;
    event.preventDefault();
  };
  const first = issues[0];
  return (
    <Dialog
      open
      onClose={onClose}
      title={titles[field]}
      about={issues.length === 1 ? `${first?.key} ${first?.title}` : plural(issues.length, 'issue')}
    >
      <input
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={chosen >= 0 ? `${id}-${chosen}` : undefined}
        aria-label={`Find: ${titles[field]}`}
        placeholder={placeholderOf(field)}
        autoComplete="off"
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
        className={`h-10 touch:h-11 ${inputLook}`}
      />
      <div
        ref={list}
        id={`${id}-list`}
        role="listbox"
        aria-label={titles[field]}
        aria-multiselectable={stays || undefined}
        className="-mx-2 mt-2 max-h-[46vh] min-h-24 overflow-y-auto"
      >
        {shown.map((option, index) => (
          // The keys are the input's: the list is only pointed at from there.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events
          <div
            key={option.key}
            id={`${id}-${index}`}
            data-index={index}
            role="option"
            tabIndex={-1}
            aria-selected={option.chosen}
            onPointerMove={() => setAt(index)}
            onClick={option.run}
            className={`flex min-h-9 items-center gap-2.5 rounded-control px-2 touch:min-h-11 ${index === chosen ? 'bg-accent-soft' : ''}`}
          >
            {option.mark}
            <span className="min-w-0 flex-1 truncate">
              <Name>{option.label}</Name>
            </span>
            {option.note !== undefined && (
              <span className="flex-none text-small text-text-3">{option.note}</span>
            )}
            <Icon name="check" size={16} className={option.chosen ? 'text-text-2' : 'opacity-0'} />
          </div>
        ))}
      </div>
      {shown.length === 0 && (
        <p role="status" className="py-2 text-center text-small text-text-3">
          {emptyWords(field)}
        </p>
      )}
    </Dialog>
  );
}

const emptyWords = (field: PickField) =>
  field === 'due'
    ? 'Write a day as 2026-12-24.'
    : field === 'estimate'
      ? 'Write a number from 0 to 1,000.'
      : 'Nothing is called that here.';

const placeholderOf = (field: PickField) =>
  field === 'due'
    ? 'A day, such as 2026-12-24'
    : field === 'estimate'
      ? 'Points'
      : ofIssues(field)
        ? 'Find an issue by its key or title'
        : field === 'label'
          ? 'Find a label, or name a new one'
          : 'Find';

function useOptions(
  space: string,
  given: Issue[],
  field: PickField,
  query: string,
  onClose: () => void,
): { options: Option[]; stays: boolean } {
  const now = useNow();
  const [issues, setIssues] = useState(given);
  const setup = useIssueSetup(space).data;
  const members = useMembers(space).data;
  const found = useFoundIssues(space, query, ofIssues(field));
  const options = useMemo(() => {
    const all = (test: (issue: Issue) => boolean) => issues.every(test);
    const change = (what: IssueChange) => () => {
      onClose();
      act(space, issues, what);
    };
    /** One that is named but is not there yet. */
    const make = (
      kind: IssueThingKind,
      word: string,
      then: (thing: IssueThing) => void,
    ): Option[] =>
      query === '' ||
      setup === undefined ||
      thingsOf(setup, kind).some(({ title }) => title.toLowerCase() === query.toLowerCase())
        ? []
        : [
            {
              key: `make-${kind}`,
              label: `New ${word} “${query}”`,
              mark: <Icon name="plus" size={16} className="text-text-3" />,
              chosen: false,
              run: () =>
                void createThing(space, kind, { title: query }).then(then, (error: unknown) =>
                  tellFailure(sentenceOf(error)),
                ),
            },
          ];
    const none = (label: string, chosen: boolean, what: IssueChange): Option => ({
      key: 'none',
      label,
      mark: <Icon name="close" size={16} className="text-text-3" />,
      chosen,
      run: change(what),
    });
    switch (field) {
      case 'status':
        return statuses.map((status) => ({
          key: status,
          label: statusWords[status],
          mark: <StatusMark status={status} quiet />,
          chosen: all((issue) => issue.status === status),
          run: change({ status }),
        }));
      case 'priority':
        return priorities.map((priority) => ({
          key: priority,
          label: priorityWords[priority],
          mark: <PriorityMark priority={priority} quiet />,
          chosen: all((issue) => issue.priority === priority),
          run: change({ priority }),
        }));
      case 'assignee':
        return [
          none(
            'Nobody',
            all(({ assignee }) => assignee === null),
            { assignee: null },
          ),
          ...[...(members ?? [])]
            .sort((a, b) => Number(b.me) - Number(a.me))
            .map((member) => ({
              key: member.person,
              label: member.name,
              mark: <MemberAvatar member={member} size="s" quiet />,
              ...(member.me ? { note: 'you' } : {}),
              chosen: all(({ assignee }) => assignee?.person === member.person),
              run: change({ assignee: member.person }),
            })),
        ];
      case 'label': {
        const toggle = (label: string) => {
          const on = !all(({ labels }) => labels.includes(label));
          const what = on ? { add_labels: [label] } : { remove_labels: [label] };
          act(space, issues, what);
          setIssues(issues.map((issue) => predictIssue(issue, what, [])));
        };
        return [
          ...(setup?.labels ?? [])
            .filter(({ archived }) => !archived)
            .map((label) => ({
              key: label.id,
              label: label.title,
              mark: <Dot hue={hueOf(label)} />,
              chosen: all(({ labels }) => labels.includes(label.id)),
              run: () => toggle(label.id),
            })),
          ...make('label', 'label', (label) => toggle(label.id)),
        ];
      }
      case 'project':
      case 'cycle':
        return [
          none(
            `No ${field}`,
            all((issue) => issue[field] === null),
            { [field]: null },
          ),
          ...(setup === undefined ? [] : thingsOf(setup, field))
            .filter(({ archived }) => !archived)
            .map((thing) => ({
              key: thing.id,
              label: thing.title,
              mark: (
                <Icon
                  name={field === 'project' ? 'box' : 'retry'}
                  size={16}
                  className="text-text-3"
                />
              ),
              note: `${thing.over} of ${thing.issues}`,
              chosen: all((issue) => issue[field] === thing.id),
              run: change({ [field]: thing.id }),
            })),
          ...make(field, field, (thing) => change({ [field]: thing.id })()),
        ];
      case 'due': {
        const day = (due: string, label: string): Option => ({
          key: due,
          label,
          note: label === due ? dayWords(due, now) : due,
          mark: <Icon name="clock" size={16} className="text-text-3" />,
          chosen: all((issue) => issue.due === due),
          run: change({ due }),
        });
        const written = /^\d{4}-\d{2}-\d{2}$/.test(query);
        return [
          ...(written ? [day(query, query)] : []),
          day(inDays(0, now), 'Today'),
          day(inDays(1, now), 'Tomorrow'),
          day(inDays(7, now), 'In a week'),
          day(inDays(14, now), 'In two weeks'),
          none(
            'No due day',
            all(({ due }) => due === null),
            { due: null },
          ),
        ];
      }
      case 'estimate': {
        const number = /^\d{1,4}$/.test(query) ? Number(query) : null;
        const offered = number === null || points.includes(number) ? points : [number, ...points];
        return [
          ...offered.map((estimate) => ({
            key: `p${estimate}`,
            label: plural(estimate, 'point'),
            mark: <Icon name="hash" size={16} className="text-text-3" />,
            chosen: all((issue) => issue.estimate === estimate),
            run: change({ estimate }),
          })),
          none(
            'No estimate',
            all(({ estimate }) => estimate === null),
            { estimate: null },
          ),
        ];
      }
      case 'parent':
      case 'part':
      case 'blocks':
      case 'blocked_by': {
        const mine = new Set(issues.map((issue) => issue.id));
        const one = issues[0];
        return [
          ...(field === 'parent'
            ? [
                none(
                  'Part of nothing',
                  all(({ parent }) => parent === null),
                  { parent: null },
                ),
              ]
            : []),
          ...found
            .filter((other) => !mine.has(other.id))
            .map((other) => ({
              key: other.id,
              label: `${other.key} ${other.title}`,
              mark: <StatusMark status={other.status} quiet />,
              chosen: field === 'parent' && all(({ parent }) => parent === other.id),
              run: () => {
                onClose();
                if (one === undefined) return;
                if (field === 'parent') act(space, issues, { parent: other.id });
                else if (field === 'part') act(space, [other], { parent: one.id });
                else if (field === 'blocks') act(space, issues, { add_blocks: [other.id] });
                else act(space, [other], { add_blocks: issues.map((issue) => issue.id) });
              },
            })),
        ];
      }
    }
  }, [space, issues, field, query, setup, members, found, now, onClose]);
  return { options, stays: field === 'label' };
}

function thingsOf(
  setup: {
    labels: IssueThing[];
    projects: IssueThing[];
    cycles: IssueThing[];
    views: IssueThing[];
  },
  kind: IssueThingKind,
): IssueThing[] {
  switch (kind) {
    case 'label':
      return setup.labels;
    case 'project':
      return setup.projects;
    case 'cycle':
      return setup.cycles;
    case 'view':
      return setup.views;
  }
}

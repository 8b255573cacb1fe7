/** Issues under the names of their statuses, however many there are. */
import { Link } from '@tanstack/react-router';
import { useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { useMembers } from '~/api/queries';
import type { Issue, IssueSetup, IssueStatus, Member } from '~/api/types';
import { useNow, usePhone } from '~/kit/hooks';
import { Icon } from '~/kit/Icon';
import { Name } from '~/kit/Text';
import { plainName } from '~/kit/text';
import { useRows } from '~/kit/useRows';
import { showDialog, type PickField } from '~/parts/dialogs';
import { MemberAvatar } from '~/parts/PersonRow';
import { dayWords, groupByStatus, inDays, statusWords } from './filter';
import { LabelChip, PriorityMark, StatusMark } from './marks';

type Row =
  | { kind: 'group'; status: IssueStatus; count: number; folded: boolean }
  | { kind: 'issue'; issue: Issue };

export function IssueList({
  space,
  issues,
  setup,
  selected,
  writable,
  onToggle,
}: {
  space: string;
  issues: Issue[];
  setup: IssueSetup | undefined;
  selected: ReadonlySet<string>;
  writable: boolean;
  onToggle: (issue: string) => void;
}) {
  const phone = usePhone();
  const now = useNow();
  const members = useMembers(space).data;
  const byPerson = useMemo(
    () => new Map((members ?? []).map((member) => [member.person, member])),
    [members],
  );
  const [folded, setFolded] = useState<ReadonlySet<IssueStatus>>(new Set());
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useMemo<Row[]>(
    () =>
      groupByStatus(issues)
        .filter((group) => group.issues.length > 0)
        .flatMap(({ status, issues: inGroup }): Row[] => {
          const isFolded = folded.has(status);
          const head: Row = { kind: 'group', status, count: inGroup.length, folded: isFolded };
          return isFolded
            ? [head]
            : [head, ...inGroup.map((issue): Row => ({ kind: 'issue', issue }))];
        }),
    [issues, folded],
  );
  const height = phone ? 52 : 40;
  const { first, end, above, below } = useRows(scroller, rows.length, height);
  const fold = (status: IssueStatus) =>
    setFolded((before) => {
      const next = new Set(before);
      if (!next.delete(status)) next.add(status);
      return next;
    });
  return (
    // The arrows lead from link to link inside.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      ref={scroller}
      role="region"
      aria-label="List of issues"
      // A region that scrolls must be reachable by keyboard.
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      onKeyDown={moveFocus}
      className="min-h-0 flex-1 overflow-y-auto pb-4 focus-visible:outline-offset-[-2px]"
    >
      <div style={{ height: above }} />
      <ul aria-label="Issues">
        {rows.slice(first, end).map((row) =>
          row.kind === 'group' ? (
            <li key={row.status} style={{ height }} className="flex items-center bg-panel">
              <h2 className="min-w-0 flex-1">
                <button
                  type="button"
                  aria-expanded={!row.folded}
                  onClick={() => fold(row.status)}
                  style={{ height }}
                  className="flex w-full items-center gap-2.5 px-4 text-left text-small font-medium hover:bg-soft phone:px-3"
                >
                  <StatusMark status={row.status} quiet />
                  {statusWords[row.status]}
                  <span className="font-normal text-text-3 nums">{row.count}</span>
                  <Icon
                    name="down"
                    size={14}
                    className={`text-text-3 ${row.folded ? '-rotate-90' : ''}`}
                  />
                </button>
              </h2>
            </li>
          ) : (
            <IssueRow
              key={row.issue.id}
              space={space}
              issue={row.issue}
              setup={setup}
              assignee={byPerson.get(row.issue.assignee?.person ?? '')}
              height={height}
              now={now}
              selected={selected.has(row.issue.id)}
              choosing={selected.size > 0}
              writable={writable}
              onToggle={onToggle}
            />
          ),
        )}
      </ul>
      <div style={{ height: below }} />
    </div>
  );
}

/** The arrows lead from issue to issue, as J and K do. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (step === undefined || !(event.target as HTMLElement).hasAttribute('data-nav')) return;
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-nav]')];
  const next = items[items.indexOf(event.target as HTMLElement) + step];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
  next.scrollIntoView({ block: 'nearest' });
}

function IssueRow({
  space,
  issue,
  setup,
  assignee,
  height,
  now,
  selected,
  choosing,
  writable,
  onToggle,
}: {
  space: string;
  issue: Issue;
  setup: IssueSetup | undefined;
  assignee: Member | undefined;
  height: number;
  now: number;
  selected: boolean;
  choosing: boolean;
  writable: boolean;
  onToggle: (issue: string) => void;
}) {
  const pick = (field: PickField) => () =>
    showDialog({ kind: 'pick', space, issues: [issue], field });
  const labels = issue.labels.flatMap((id) => setup?.labels.find((label) => label.id === id) ?? []);
  const name = plainName(issue.title);
  const tool =
    'relative z-10 grid size-7 flex-none place-items-center rounded-md enabled:hover:bg-soft touch:size-11';
  return (
    <li
      style={{ height }}
      data-selected={selected || undefined}
      className="group relative flex items-center gap-1 border-b border-soft pr-4 pl-2 data-selected:bg-accent-soft mouse:hover:bg-panel mouse:data-selected:hover:bg-accent-soft phone:pr-2 phone:pl-1"
    >
      {writable && (
        <input
          type="checkbox"
          aria-label={`Choose ${issue.key}`}
          checked={selected}
          onChange={() => onToggle(issue.id)}
          tabIndex={-1}
          className={`relative z-10 mr-0.5 size-4 flex-none accent-accent touch:hidden ${choosing ? '' : 'opacity-0 group-hover:opacity-100 focus-visible:opacity-100'}`}
        />
      )}
      <Link
        to="/s/$space/issue/$issue"
        params={{ space, issue: issue.key }}
        data-nav
        data-issue={issue.id}
        aria-label={`${issue.key} ${name}${issue.blocked ? ', blocked' : ''}${issue.unread > 0 ? `, ${issue.unread} unread` : ''}`}
        className="absolute inset-0 outline-offset-[-2px]!"
      />
      <button
        type="button"
        tabIndex={-1}
        disabled={!writable}
        aria-label={`Priority of ${issue.key}`}
        onClick={pick('priority')}
        className={`${tool} phone:hidden`}
      >
        <PriorityMark priority={issue.priority} />
      </button>
      <span className="w-22 flex-none truncate text-tiny text-text-3 nums phone:hidden">
        {issue.key}
      </span>
      <button
        type="button"
        tabIndex={-1}
        disabled={!writable}
        aria-label={`Status of ${issue.key}`}
        onClick={pick('status')}
        className={tool}
      >
        <StatusMark status={issue.status} />
      </button>
      <span className="flex min-w-0 flex-1 flex-col">
        <span className="truncate text-[14px]/5 phone:text-[15px]">
          <Name>{issue.title}</Name>
          {issue.parts > 0 && (
            <span className="ml-2 text-tiny text-text-3 nums">
              {issue.parts_over}/{issue.parts}
              <span className="sr-only"> parts done</span>
            </span>
          )}
        </span>
        <span className="truncate text-tiny text-text-3 desk:hidden nums">
          {issue.key}
          {issue.due !== null && ` · ${dayWords(issue.due, now)}`}
          {issue.priority === 'urgent' && ' · Urgent'}
        </span>
      </span>
      {issue.blocked && (
        <span className="flex flex-none items-center gap-1 text-tiny text-need">
          <Icon name="lock" size={14} />
          blocked
        </span>
      )}
      <span className="flex flex-none gap-1 phone:hidden">
        {labels.slice(0, 2).map((label) => (
          <LabelChip key={label.id} thing={label} />
        ))}
        {labels.length > 2 && <span className="text-tiny text-text-3">+{labels.length - 2}</span>}
      </span>
      {issue.due !== null && (
        <span
          className={`flex-none px-1 text-tiny nums phone:hidden ${isLate(issue, now) ? 'text-need' : 'text-text-3'}`}
        >
          {dayWords(issue.due, now)}
          {isLate(issue, now) && <span className="sr-only">, overdue</span>}
        </span>
      )}
      {issue.comments > 0 && (
        <span
          className={`flex flex-none items-center gap-1 px-1 text-tiny nums phone:hidden ${issue.unread > 0 ? 'font-semibold text-accent-text' : 'text-text-3'}`}
        >
          <Icon name="chat" size={14} />
          {issue.comments}
          <span className="sr-only"> comments</span>
        </span>
      )}
      {issue.unread > 0 && (
        <span className="size-2 flex-none rounded-full bg-accent desk:hidden" aria-hidden="true" />
      )}
      <button
        type="button"
        tabIndex={-1}
        disabled={!writable}
        onClick={pick('assignee')}
        className={tool}
      >
        <span className="sr-only">
          Assignee of {issue.key}: {issue.assignee ? plainName(issue.assignee.name) : 'nobody'}
        </span>
        {assignee ? (
          <MemberAvatar member={assignee} size="s" quiet />
        ) : (
          <Icon name="person" className="text-text-3" />
        )}
      </button>
    </li>
  );
}

export const isLate = (issue: Issue, now: number): boolean =>
  issue.due !== null &&
  issue.due < inDays(0, now) &&
  issue.status !== 'done' &&
  issue.status !== 'cancelled';

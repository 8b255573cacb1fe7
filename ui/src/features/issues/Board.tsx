/** A column for each status. Cards are dragged with the pointer, after a long press by touch, or moved by keyboard. */
import { Link } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { useMembers } from '~/api/queries';
import type { Issue, IssueSetup, IssueStatus, Member } from '~/api/types';
import { Button, IconButton } from '~/kit/Button';
import { useNow } from '~/kit/hooks';
import { Icon } from '~/kit/Icon';
import { Name } from '~/kit/Text';
import { plainName } from '~/kit/text';
import { showDialog } from '~/parts/dialogs';
import { MemberAvatar } from '~/parts/PersonRow';
import { act } from './act';
import { dayWords, groupByStatus, statuses, statusWords, type Filter } from './filter';
import { isLate } from './IssueList';
import { LabelChip, PriorityMark, StatusMark } from './marks';

/** Cards of a column that are drawn before more are asked for. */
const drawn = 100;
/** Pixels that a pointer moves before it drags. */
const slack = 5;
/** How long a finger rests before it drags, in ms: before that it scrolls. */
const rest = 320;

interface Drag {
  issue: Issue;
  over: IssueStatus | null;
  x: number;
  y: number;
}

export function Board({
  space,
  issues,
  setup,
  filter,
  writable,
}: {
  space: string;
  issues: Issue[];
  setup: IssueSetup | undefined;
  filter: Filter;
  writable: boolean;
}) {
  const now = useNow();
  const members = useMembers(space).data;
  const byPerson = useMemo(
    () => new Map((members ?? []).map((member) => [member.person, member])),
    [members],
  );
  const [drag, setDrag] = useState<Drag | null>(null);
  const [told, setTold] = useState('');
  const [more, setMore] = useState<ReadonlySet<IssueStatus>>(new Set());
  const groups = groupByStatus(issues, statuses).filter(({ status, issues: inGroup }) =>
    filter.status === undefined
      ? inGroup.length > 0 || (status !== 'triage' && status !== 'cancelled')
      : filter.status.includes(status),
  );
  const columns = groups.map(({ status }) => status);
  /** The focus stays on a card that moves to another column. */
  const following = useRef<string | null>(null);
  useEffect(() => {
    const id = following.current;
    if (id === null) return;
    following.current = null;
    const card = document.querySelector<HTMLElement>(`[data-issue="${id}"]`);
    card?.focus();
    card?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [issues]);
  const move = (issue: Issue, status: IssueStatus) => {
    if (issue.status === status) return;
    setTold(`${issue.key} is ${statusWords[status]} now`);
    act(space, [issue], { status });
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const card = (event.target as HTMLElement).closest<HTMLElement>('[data-issue]');
    const issue = issues.find(({ id }) => id === card?.dataset['issue']);
    if (card === null || issue === undefined) return;
    const aside = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (aside !== undefined && event.shiftKey && writable) {
      const status = columns[columns.indexOf(issue.status) + aside];
      if (status !== undefined) {
        following.current = issue.id;
        move(issue, status);
      }
      event.preventDefault();
      return;
    }
    const column = card.closest('[data-column]');
    const cards = (of: Element | null) => [
      ...(of?.querySelectorAll<HTMLElement>('[data-issue]') ?? []),
    ];
    const within = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    let next: HTMLElement | undefined;
    if (within !== undefined) next = cards(column)[cards(column).indexOf(card) + within];
    else if (aside !== undefined) {
      const all = [...event.currentTarget.querySelectorAll('[data-column]')];
      const at = all.indexOf(column ?? all[0] ?? card);
      const others = aside < 0 ? all.slice(0, at).reverse() : all.slice(at + 1);
      next = cards(others.find((other) => cards(other).length > 0) ?? null)[0];
    } else return;
    event.preventDefault();
    next?.focus();
    next?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  };
  return (
    // The board only delegates: the arrows lead from card to card.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div
      onKeyDown={onKeyDown}
      data-board
      className="flex min-h-0 flex-1 gap-3 overflow-x-auto bg-canvas p-3 phone:snap-x phone:snap-mandatory"
    >
      {groups.map(({ status, issues: inGroup }) => (
        <section
          key={status}
          aria-label={statusWords[status]}
          data-column={status}
          className={`flex w-[276px] flex-none flex-col rounded-card border bg-panel phone:w-[84vw] phone:snap-center ${drag?.over === status ? 'border-accent bg-accent-soft' : 'border-line'}`}
        >
          <header className="flex h-11 flex-none items-center gap-2 pr-1 pl-3">
            <StatusMark status={status} quiet />
            <h2 className="text-small font-medium">{statusWords[status]}</h2>
            <span className="text-small text-text-3 nums">{inGroup.length}</span>
            {writable && (
              <IconButton
                icon="plus"
                size="s"
                label={`New issue: ${statusWords[status]}`}
                className="ml-auto"
                onClick={() => showDialog({ kind: 'new-issue', space, fields: { status } })}
              />
            )}
          </header>
          <ul
            aria-label={`Issues: ${statusWords[status]}`}
            className="flex min-h-0 flex-1 flex-col gap-2 overflow-y-auto px-2 pb-2"
          >
            {inGroup.slice(0, more.has(status) ? undefined : drawn).map((issue) => (
              <Card
                key={issue.id}
                space={space}
                issue={issue}
                setup={setup}
                assignee={byPerson.get(issue.assignee?.person ?? '')}
                now={now}
                writable={writable}
                dragged={drag?.issue.id === issue.id}
                onDrag={setDrag}
                onDrop={move}
              />
            ))}
            {inGroup.length > drawn && !more.has(status) && (
              <li>
                <Button onClick={() => setMore((before) => new Set([...before, status]))}>
                  Show {inGroup.length - drawn} more
                </Button>
              </li>
            )}
          </ul>
        </section>
      ))}
      {drag && (
        <div
          aria-hidden="true"
          style={{ transform: `translate(${drag.x}px, ${drag.y}px) rotate(2deg)` }}
          className="pointer-events-none fixed top-0 left-0 z-50 -mt-5 -ml-8 w-60 rounded-control border border-accent bg-raised px-3 py-2 text-[14px]/5 shadow-float"
        >
          <span className="text-tiny text-text-3">{drag.issue.key}</span>
          <div className="truncate">
            <Name>{drag.issue.title}</Name>
          </div>
        </div>
      )}
      <div role="status" className="sr-only">
        {told}
      </div>
    </div>
  );
}

const columnAt = (x: number, y: number): IssueStatus | null =>
  (document.elementFromPoint(x, y)?.closest<HTMLElement>('[data-column]')?.dataset['column'] as
    IssueStatus | undefined) ?? null;

function Card({
  space,
  issue,
  setup,
  assignee,
  now,
  writable,
  dragged,
  onDrag,
  onDrop,
}: {
  space: string;
  issue: Issue;
  setup: IssueSetup | undefined;
  assignee: Member | undefined;
  now: number;
  writable: boolean;
  dragged: boolean;
  onDrag: (drag: Drag | null) => void;
  onDrop: (issue: Issue, status: IssueStatus) => void;
}) {
  const item = useRef<HTMLLIElement>(null);
  const start = useRef<{ x: number; y: number; timer: number | null } | null>(null);
  const dragging = useRef(false);
  /** A drag ends with a click on what is under it, which means nothing. */
  const dropped = useRef(false);

  // A finger that drags does not scroll. React's own listeners could not say so.
  useEffect(() => {
    const element = item.current;
    const hold = (event: TouchEvent) => {
      if (dragging.current) event.preventDefault();
    };
    element?.addEventListener('touchmove', hold, { passive: false });
    return () => element?.removeEventListener('touchmove', hold);
  }, []);

  const stop = () => {
    if (start.current?.timer != null) clearTimeout(start.current.timer);
    start.current = null;
    dragging.current = false;
    onDrag(null);
  };
  const begin = (x: number, y: number, pointer: number) => {
    dragging.current = true;
    item.current?.setPointerCapture(pointer);
    onDrag({ issue, over: columnAt(x, y), x, y });
  };
  const onPointerDown = (event: PointerEvent) => {
    if (!writable || event.button !== 0) return;
    dropped.current = false;
    const { clientX: x, clientY: y, pointerId } = event;
    const timer =
      event.pointerType === 'touch' ? window.setTimeout(() => begin(x, y, pointerId), rest) : null;
    start.current = { x, y, timer };
  };
  const onPointerMove = (event: PointerEvent) => {
    const from = start.current;
    if (from === null) return;
    const { clientX: x, clientY: y } = event;
    if (dragging.current) {
      onDrag({ issue, over: columnAt(x, y), x, y });
      return;
    }
    if (Math.hypot(x - from.x, y - from.y) < slack) return;
    // A finger that moves before it has rested scrolls.
    if (event.pointerType === 'touch') stop();
    else begin(x, y, event.pointerId);
  };
  const onPointerUp = (event: PointerEvent) => {
    const over = dragging.current ? columnAt(event.clientX, event.clientY) : null;
    dropped.current = dragging.current;
    stop();
    if (over !== null) onDrop(issue, over);
  };
  const labels = issue.labels.flatMap((id) => setup?.labels.find((label) => label.id === id) ?? []);
  return (
    // What the pointer drags, the keyboard moves from the link inside.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <li
      ref={item}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={stop}
      onContextMenu={(event) => dragging.current && event.preventDefault()}
      className={`relative flex flex-none touch-manipulation flex-col gap-1.5 rounded-control border border-line bg-raised px-3 py-2 select-none mouse:hover:border-(--line-strong) ${dragged ? 'opacity-40' : ''}`}
    >
      <Link
        to="/s/$space/issue/$issue"
        params={{ space, issue: issue.key }}
        data-nav
        data-issue={issue.id}
        draggable={false}
        aria-label={`${issue.key} ${plainName(issue.title)}${issue.blocked ? ', blocked' : ''}`}
        aria-keyshortcuts="Shift+ArrowLeft Shift+ArrowRight"
        onClick={(event) => {
          if (!dropped.current) return;
          dropped.current = false;
          event.preventDefault();
        }}
        className="absolute inset-0 rounded-control"
      />
      <span className="flex items-center gap-2 text-tiny text-text-3 nums">
        {issue.key}
        {issue.blocked && (
          <span className="flex items-center gap-1 text-need">
            <Icon name="lock" size={13} />
            blocked
          </span>
        )}
        {assignee && (
          <span className="ml-auto">
            <MemberAvatar member={assignee} size="xs" quiet />
            <span className="sr-only">
              <Name>{assignee.name}</Name>
            </span>
          </span>
        )}
      </span>
      <span className="line-clamp-3 text-[14px]/5">
        <Name>{issue.title}</Name>
      </span>
      <span className="flex flex-wrap items-center gap-1.5">
        {issue.priority !== 'none' && <PriorityMark priority={issue.priority} />}
        {labels.slice(0, 3).map((label) => (
          <LabelChip key={label.id} thing={label} />
        ))}
        {issue.due !== null && (
          <span className={`text-tiny nums ${isLate(issue, now) ? 'text-need' : 'text-text-3'}`}>
            {dayWords(issue.due, now)}
          </span>
        )}
        {issue.comments > 0 && (
          <span
            className={`flex items-center gap-1 text-tiny nums ${issue.unread > 0 ? 'font-semibold text-accent-text' : 'text-text-3'}`}
          >
            <Icon name="chat" size={13} />
            {issue.comments}
          </span>
        )}
      </span>
    </li>
  );
}

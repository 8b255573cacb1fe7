/** One issue: what it is about, how far it is, what it has to do with others, and what was said and done. */
import { Link, useNavigate, useRouter } from '@tanstack/react-router';
import { useCallback, useRef, useState, type ReactNode } from 'react';
import { ApiError, sentenceOf } from '~/api/client';
import { changeIssueById, useDescriptions, useIssue, useIssueSetup } from '~/api/issues';
import { useMembers } from '~/api/queries';
import type { Issue, IssueDetail, IssueRef, IssueSetup, Member, Space } from '~/api/types';
import { Button, IconButton } from '~/kit/Button';
import { EmptyState, Failure, Loading } from '~/kit/EmptyState';
import { inputLook } from '~/kit/Field';
import { formatWhen } from '~/kit/format';
import { copyText, useGrowing, useNow } from '~/kit/hooks';
import { Icon } from '~/kit/Icon';
import { Menu, MenuItem, Popover } from '~/kit/Menu';
import { MessageText } from '~/kit/MessageText';
import { Name } from '~/kit/Text';
import { plainName } from '~/kit/text';
import { tell, tellFailure } from '~/kit/toast';
import { showDialog, type PickField } from '~/parts/dialogs';
import { PaneHeader } from '~/parts/PaneHeader';
import { MemberAvatar } from '~/parts/PersonRow';
import { act } from './act';
import { dayWords, isOver, priorityWords, statusWords } from './filter';
import { isLate } from './IssueList';
import { IssueTalk } from './IssueTalk';
import { useIssueKeys } from './keys';
import { LabelChip, PriorityMark, StatusMark } from './marks';

/** Keys with a suffix, in what the node says about several that have one number. */
const wholeKey = /[A-Z]{2,5}-\d+-[a-z2-7]+/g;

export function IssuePane({ space, issue }: { space: Space; issue: string }) {
  const id = space.space;
  const found = useIssue(id, issue);
  const error = found.error;
  if (found.data !== undefined) {
    return <OpenIssue key={found.data.issue.id} space={space} detail={found.data} />;
  }
  const several =
    error instanceof ApiError && error.code === 'ambiguous'
      ? (error.message.match(wholeKey) ?? [])
      : [];
  return (
    <>
      <PaneHeader title={plainName(issue)} space={space.name} back={`/s/${id}/issues`} />
      {error === null ? (
        <Loading label="Opening the issue" />
      ) : several.length > 0 ? (
        <EmptyState
          top
          icon="issue"
          title={`Several issues are ${plainName(issue)}`}
          actions={several.map((key) => (
            <Link
              key={key}
              to="/s/$space/issue/$issue"
              params={{ space: id, issue: key }}
              className="flex h-10 items-center rounded-control border border-edge px-4 font-medium hover:bg-soft touch:h-11"
            >
              {key}
            </Link>
          ))}
        >
          People who were offline took the same number. Each has letters behind it now that tell it
          from the others.
        </EmptyState>
      ) : error instanceof ApiError && error.code === 'issue-not-found' ? (
        <EmptyState top icon="issue" title="This issue is not here">
          It may not have arrived on this computer yet.
        </EmptyState>
      ) : (
        <Failure retry={<Button onClick={() => void found.refetch()}>Try again</Button>}>
          {sentenceOf(error)}
        </Failure>
      )}
    </>
  );
}

function OpenIssue({ space, detail }: { space: Space; detail: IssueDetail }) {
  const id = space.space;
  const { issue } = detail;
  const navigate = useNavigate();
  const { history } = useRouter();
  const setup = useIssueSetup(id).data;
  const members = useMembers(id).data;
  const writable = space.level !== 'read';
  const scroller = useRef<HTMLDivElement>(null);
  const back = useCallback(() => {
    if (history.canGoBack()) history.back();
    else void navigate({ to: '/s/$space/issues', params: { space: id } });
  }, [history, navigate, id]);
  const targets = useCallback(() => (writable ? [issue] : []), [issue, writable]);
  const more = useCallback(
    (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.ctrlKey || event.metaKey || event.altKey) return false;
      back();
      return true;
    },
    [back],
  );
  useIssueKeys(id, targets, more);
  const copy = (text: string, what: string) =>
    void copyText(text).then((done) => tell(done ? what : 'Copying did not work here.'));
  return (
    <>
      <PaneHeader title={issue.key} space={space.name} back={back}>
        <Menu trigger={<IconButton icon="more" label="More about this issue" />}>
          <MenuItem icon="copy" onSelect={() => copy(issue.key, 'Key copied.')}>
            Copy the key
          </MenuItem>
          <MenuItem
            icon="link"
            onSelect={() =>
              copy(
                `${location.origin}/s/${id}/issue/${issue.id}`,
                'Link copied, for browsers on this computer.',
              )
            }
          >
            Copy a link
          </MenuItem>
          {writable && (
            <MenuItem icon="box" onSelect={() => act(id, [issue], { archived: !issue.archived })}>
              {issue.archived ? 'Take out again' : 'Put away'}
            </MenuItem>
          )}
        </Menu>
      </PaneHeader>
      <div
        ref={scroller}
        role="region"
        aria-label={`Issue ${issue.key}`}
        // A region that scrolls must be reachable by keyboard.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        className="min-h-0 flex-1 overflow-x-hidden overflow-y-auto focus-visible:outline-offset-[-2px]"
      >
        <div className="mx-auto flex w-full max-w-[1080px] gap-8 px-6 pt-5 pb-6 phone:flex-col phone:gap-4 phone:px-4 phone:pt-3">
          <div className="flex min-w-0 flex-1 flex-col gap-4">
            <Above refs={detail.above} space={id} />
            <Title space={id} issue={issue} writable={writable} />
            <div className="desk:hidden">
              <Fields
                space={id}
                issue={issue}
                setup={setup}
                members={members}
                writable={writable}
              />
            </div>
            <Description
              space={id}
              issue={issue}
              description={detail.description}
              writable={writable}
            />
            <Related space={id} detail={detail} writable={writable} />
            <IssueTalk space={space} issue={issue} scroller={scroller} />
          </div>
          <aside aria-label="Fields" className="w-[236px] flex-none phone:hidden">
            <div className="sticky top-0">
              <Fields
                space={id}
                issue={issue}
                setup={setup}
                members={members}
                writable={writable}
              />
            </div>
          </aside>
        </div>
      </div>
    </>
  );
}

/** What the issue is part of, the farthest first. */
function Above({ refs, space }: { refs: IssueRef[]; space: string }) {
  if (refs.length === 0) return null;
  return (
    <nav aria-label="Part of" className="flex flex-wrap items-center gap-1 text-small text-text-3">
      Part of
      {[...refs].reverse().map((ref) => (
        <span key={ref.id} className="flex min-w-0 items-center gap-1">
          <Link
            to="/s/$space/issue/$issue"
            params={{ space, issue: ref.key }}
            className="truncate text-text-2 underline-offset-2 hover:underline touch:leading-11"
          >
            {ref.key} <Name>{ref.title}</Name>
          </Link>
          <span aria-hidden="true">›</span>
        </span>
      ))}
    </nav>
  );
}

function Title({ space, issue, writable }: { space: string; issue: Issue; writable: boolean }) {
  const [text, setText] = useState<string | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  useGrowing(field, text ?? issue.title);
  const save = () => {
    const title = (text ?? '').trim().replace(/\s+/g, ' ');
    setText(null);
    if (text !== null && title !== '' && title !== issue.title) act(space, [issue], { title });
  };
  if (!writable) {
    return (
      <h2 className="text-[22px]/8 font-semibold break-words">
        <Name>{issue.title}</Name>
      </h2>
    );
  }
  return (
    <textarea
      ref={field}
      rows={1}
      dir="auto"
      aria-label="Title"
      maxLength={200}
      value={text ?? issue.title}
      onChange={(event) => setText(event.target.value)}
      onBlur={save}
      onKeyDown={(event) => {
        if (event.nativeEvent.isComposing) return;
        if (event.key === 'Enter') {
          event.preventDefault();
          event.currentTarget.blur();
        } else if (event.key === 'Escape') {
          event.stopPropagation();
          setText(null);
          // What was typed is given up before the field loses the focus and would save it.
          requestAnimationFrame(() => field.current?.blur());
        }
      }}
      className="-mx-2 block resize-none overflow-hidden rounded-control bg-transparent px-2 py-1 text-[22px]/8 font-semibold outline-offset-0! hover:bg-panel focus:bg-panel"
    />
  );
}

function Description({
  space,
  issue,
  description,
  writable,
}: {
  space: string;
  issue: Issue;
  description: string;
  writable: boolean;
}) {
  const [text, setText] = useState<string | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  useGrowing(field, text ?? '');
  const save = () => {
    if (text !== null && text.trim() !== description)
      act(space, [issue], { description: text.trim() });
    setText(null);
  };
  if (text !== null) {
    return (
      <form
        className="flex flex-col gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <textarea
          ref={field}
          // Somebody has just asked to write here.
          // eslint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          rows={5}
          dir="auto"
          aria-label="Description"
          placeholder="Markdown"
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.nativeEvent.isComposing) return;
            if (event.key === 'Escape') {
              event.stopPropagation();
              setText(null);
            } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
              event.preventDefault();
              save();
            }
          }}
          className={`block max-h-[60vh] resize-none py-2 ${inputLook}`}
        />
        <div className="flex gap-2">
          <Button type="submit" kind="primary">
            Save
          </Button>
          <Button onClick={() => setText(null)}>Cancel</Button>
        </div>
      </form>
    );
  }
  return (
    <section aria-label="Description" className="group flex flex-col items-start gap-1">
      {description !== '' && (
        <div className="w-full">
          <MessageText text={description} />
        </div>
      )}
      <div className="flex items-center gap-1">
        {writable && (
          <Button
            icon="pen"
            kind="ghost"
            className="-ml-3 text-small!"
            onClick={() => setText(description)}
          >
            {description === '' ? 'Add a description' : 'Edit the description'}
          </Button>
        )}
        {description !== '' && <Earlier space={space} issue={issue} />}
      </div>
    </section>
  );
}

/** The texts that the description has had. */
function Earlier({ space, issue }: { space: string; issue: Issue }) {
  const [open, setOpen] = useState(false);
  const now = useNow();
  const texts = useDescriptions(space, issue.id, open).data ?? [];
  return (
    <Popover
      label="Earlier descriptions"
      align="start"
      open={open}
      onOpenChange={setOpen}
      trigger={
        <Button kind="ghost" className="text-small!">
          History
        </Button>
      }
    >
      <ol className="flex max-h-80 flex-col gap-3 overflow-y-auto p-2">
        {[...texts].reverse().map(({ text, time, author_name }) => (
          <li key={time} className="border-b border-soft pb-2 last:border-b-0">
            <div className="text-tiny text-text-3">
              <Name>{author_name}</Name>, {formatWhen(time, now)}
            </div>
            <div className="text-small break-words whitespace-pre-wrap">
              {text === '' ? 'Nothing' : text}
            </div>
          </li>
        ))}
      </ol>
    </Popover>
  );
}

function Related({
  space,
  detail,
  writable,
}: {
  space: string;
  detail: IssueDetail;
  writable: boolean;
}) {
  const { issue, parts, blocks, blocked_by } = detail;
  const pick = (field: PickField) => () =>
    showDialog({ kind: 'pick', space, issues: [issue], field });
  return (
    <div className="flex flex-col gap-3">
      <Refs
        title="Parts"
        note={parts.length > 0 ? `${issue.parts_over} of ${issue.parts} done` : undefined}
        space={space}
        refs={parts}
        tools={
          writable && (
            <>
              <Button
                icon="plus"
                kind="ghost"
                className="h-[30px]! text-small!"
                onClick={() =>
                  showDialog({
                    kind: 'new-issue',
                    space,
                    fields: {
                      parent: issue.id,
                      ...(issue.project === null ? {} : { project: issue.project }),
                    },
                  })
                }
              >
                New part
              </Button>
              <Button kind="ghost" className="h-[30px]! text-small!" onClick={pick('part')}>
                Add an issue
              </Button>
            </>
          )
        }
      />
      <Refs
        title="Blocked by"
        space={space}
        refs={blocked_by}
        onRemove={
          writable
            ? (other) =>
                void changeIssueById(space, other.id, { remove_blocks: [issue.id] }).catch(
                  (error: unknown) => tellFailure(sentenceOf(error)),
                )
            : undefined
        }
        tools={
          writable && (
            <Button kind="ghost" className="h-[30px]! text-small!" onClick={pick('blocked_by')}>
              Add
            </Button>
          )
        }
      />
      <Refs
        title="Blocks"
        space={space}
        refs={blocks}
        onRemove={
          writable ? (other) => act(space, [issue], { remove_blocks: [other.id] }) : undefined
        }
        tools={
          writable && (
            <Button kind="ghost" className="h-[30px]! text-small!" onClick={pick('blocks')}>
              Add
            </Button>
          )
        }
      />
    </div>
  );
}

function Refs({
  title,
  note,
  space,
  refs,
  tools,
  onRemove,
}: {
  title: string;
  note?: string | undefined;
  space: string;
  refs: IssueRef[];
  tools: ReactNode;
  onRemove?: ((ref: IssueRef) => void) | undefined;
}) {
  return (
    <section aria-label={title}>
      <div className="flex min-h-[30px] items-center gap-2">
        <h3 className="text-small font-medium text-text-2">{title}</h3>
        {note !== undefined && <span className="text-small text-text-3 nums">{note}</span>}
        {tools}
      </div>
      {refs.length > 0 && (
        <ul className="rounded-control border border-line">
          {refs.map((ref) => (
            <li
              key={ref.id}
              className="flex items-center border-b border-soft last:border-b-0 mouse:hover:bg-panel"
            >
              <Link
                to="/s/$space/issue/$issue"
                params={{ space, issue: ref.key }}
                className="flex h-9 min-w-0 flex-1 items-center gap-2.5 px-3 touch:h-11"
              >
                <StatusMark status={ref.status} />
                <span className="flex-none text-tiny text-text-3 nums">{ref.key}</span>
                <span className={`truncate text-[14px] ${isOver(ref.status) ? 'text-text-3' : ''}`}>
                  <Name>{ref.title}</Name>
                </span>
              </Link>
              {onRemove && (
                <IconButton
                  icon="close"
                  size="s"
                  side="left"
                  label={`${title}: no longer ${ref.key}`}
                  onClick={() => onRemove(ref)}
                />
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Fields({
  space,
  issue,
  setup,
  members,
  writable,
}: {
  space: string;
  issue: Issue;
  setup: IssueSetup | undefined;
  members: Member[] | undefined;
  writable: boolean;
}) {
  const now = useNow();
  const assignee = members?.find(({ person }) => person === issue.assignee?.person);
  const titled = (things: { id: string; title: string }[] | undefined, id: string | null) =>
    id === null ? null : (things?.find((thing) => thing.id === id)?.title ?? '…');
  const project = titled(setup?.projects, issue.project);
  const cycle = titled(setup?.cycles, issue.cycle);
  const labels = issue.labels.flatMap((id) => setup?.labels.find((label) => label.id === id) ?? []);
  const row = (field: PickField, title: string, value: ReactNode, key?: string) => (
    <div key={field} className="flex items-start gap-2 phone:contents">
      <dt className="w-20 flex-none pt-[7px] text-small text-text-3 phone:sr-only">{title}</dt>
      <dd className="min-w-0 flex-1 phone:max-w-full phone:flex-none">
        <button
          type="button"
          disabled={!writable}
          aria-keyshortcuts={key}
          onClick={() => showDialog({ kind: 'pick', space, issues: [issue], field })}
          className="flex min-h-8 w-full flex-wrap items-center gap-2 rounded-control px-2 py-1 text-left text-[14px]/5 enabled:hover:bg-soft touch:min-h-11 phone:border phone:border-line"
        >
          {value || <span className="text-text-3">{emptyWords[field]}</span>}
        </button>
      </dd>
    </div>
  );
  return (
    <dl className="flex flex-col gap-1 phone:flex-row phone:flex-wrap phone:gap-1.5">
      {row(
        'status',
        'Status',
        <>
          <StatusMark status={issue.status} quiet />
          {statusWords[issue.status]}
        </>,
        'S',
      )}
      {row(
        'priority',
        'Priority',
        <>
          <PriorityMark priority={issue.priority} quiet />
          {priorityWords[issue.priority]}
        </>,
        'P',
      )}
      {row(
        'assignee',
        'Assignee',
        issue.assignee && (
          <>
            {assignee ? (
              <MemberAvatar member={assignee} size="s" quiet />
            ) : (
              <Icon name="person" size={16} />
            )}
            <span className="min-w-0 truncate">
              <Name>{issue.assignee.name}</Name>
            </span>
          </>
        ),
        'A',
      )}
      {row(
        'label',
        'Labels',
        labels.length > 0 && labels.map((label) => <LabelChip key={label.id} thing={label} />),
        'L',
      )}
      {row(
        'due',
        'Due day',
        issue.due !== null && (
          <span className={isLate(issue, now) ? 'text-need' : ''}>
            {dayWords(issue.due, now)}
            {isLate(issue, now) && <span className="sr-only">, overdue</span>}
          </span>
        ),
        'D',
      )}
      {row('estimate', 'Estimate', issue.estimate !== null && `${issue.estimate}`)}
      {row('project', 'Project', project !== null && <Name>{project}</Name>)}
      {row('cycle', 'Cycle', cycle !== null && <Name>{cycle}</Name>)}
      {row('parent', 'Parent', issue.parent !== null && 'Part of another')}
    </dl>
  );
}

/** What stands where a field has nothing. */
const emptyWords: Partial<Record<PickField, string>> = {
  assignee: 'Nobody',
  label: 'No labels',
  due: 'No due day',
  estimate: 'No estimate',
  project: 'No project',
  cycle: 'No cycle',
  parent: 'Part of nothing',
};

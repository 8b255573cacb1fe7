/** Making an issue: a title and Enter are enough. What was begun is still there when it is opened again. */
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { sentenceOf } from '~/api/client';
import { createIssue, useIssueSetup } from '~/api/issues';
import { useMembers } from '~/api/queries';
import { createStore, useStore } from '~/api/store';
import type { IssueChange, IssuePriority, IssueStatus, Space } from '~/api/types';
import { Button } from '~/kit/Button';
import { Dialog } from '~/kit/Dialog';
import { Field, inputLook, TextField } from '~/kit/Field';
import { useAction } from '~/kit/hooks';
import { plainName } from '~/kit/text';
import { tellWith } from '~/kit/toast';
import { priorities, priorityWords, statuses, statusWords } from './filter';

/** What was begun, for as long as the page lives. */
const begun = createStore({ title: '', description: '' });

export function NewIssueDialog({
  spaces,
  space,
  fields = {},
  onClose,
}: {
  /** Those in which one may be made. */
  spaces: Space[];
  /** The one that is meant unless another is chosen. */
  space: string;
  /** What is set to begin with. */
  fields?: IssueChange | undefined;
  onClose: () => void;
}) {
  const navigate = useNavigate();
  const draft = useStore(begun);
  const [where, setWhere] = useState(space);
  const [chosen, setChosen] = useState<IssueChange>({ status: 'backlog', ...fields });
  const members = useMembers(where).data ?? [];
  const setup = useIssueSetup(where).data;
  const set = (change: IssueChange) => setChosen((before) => ({ ...before, ...change }));
  const title = draft.title.trim();
  const { run, busy, error } = useAction(async () => {
    const description = draft.description.trim();
    const made = await createIssue(where, {
      ...chosen,
      title,
      ...(description === '' ? {} : { description }),
    });
    begun.set({ title: '', description: '' });
    onClose();
    const { key } = made.issue;
    tellWith(
      `${key} is made.`,
      'Open',
      () => void navigate({ to: '/s/$space/issue/$issue', params: { space: where, issue: key } }),
    );
  }, sentenceOf);
  const submit = () => {
    if (title !== '' && !busy) void run();
  };
  const select = `h-9 touch:h-11 px-2! text-[14px]! ${inputLook}`;
  const open = (things: { id: string; title: string; archived: boolean }[] | undefined) =>
    (things ?? []).filter(({ archived }) => !archived);
  return (
    <Dialog
      open
      onClose={onClose}
      wide
      title={fields.parent === undefined ? 'New issue' : 'New part'}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form="new-issue" kind="primary" busy={busy} disabled={title === ''}>
            Create
          </Button>
        </>
      }
    >
      {/* Ctrl+Enter sends it from any of its fields. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <form
        id="new-issue"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          submit();
        }}
      >
        <TextField
          label="Title"
          value={draft.title}
          onChange={(next) => begun.set((before) => ({ ...before, title: next }))}
          maxLength={200}
          error={error}
        />
        <Field label="Description">
          {(tied) => (
            <textarea
              {...tied}
              rows={4}
              dir="auto"
              placeholder="Markdown"
              value={draft.description}
              onChange={(event) => {
                const description = event.target.value;
                begun.set((before) => ({ ...before, description }));
              }}
              className={`block resize-y py-2 ${inputLook}`}
            />
          )}
        </Field>
        <div className="grid grid-cols-3 gap-3 phone:grid-cols-2">
          {spaces.length > 1 && (
            <Field label="Space">
              {(tied) => (
                <select
                  {...tied}
                  value={where}
                  onChange={(event) => {
                    setWhere(event.target.value);
                    // What belongs to the other space does not exist in this one.
                    const { status, priority, due } = chosen;
                    setChosen({
                      ...(status ? { status } : {}),
                      ...(priority ? { priority } : {}),
                      ...(due ? { due } : {}),
                    });
                  }}
                  className={select}
                >
                  {spaces.map((item) => (
                    <option key={item.space} value={item.space}>
                      {plainName(item.name)}
                    </option>
                  ))}
                </select>
              )}
            </Field>
          )}
          <Field label="Status">
            {(tied) => (
              <select
                {...tied}
                value={chosen.status ?? 'backlog'}
                onChange={(event) => set({ status: event.target.value as IssueStatus })}
                className={select}
              >
                {statuses.map((status) => (
                  <option key={status} value={status}>
                    {statusWords[status]}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label="Priority">
            {(tied) => (
              <select
                {...tied}
                value={chosen.priority ?? 'none'}
                onChange={(event) => set({ priority: event.target.value as IssuePriority })}
                className={select}
              >
                {priorities.map((priority) => (
                  <option key={priority} value={priority}>
                    {priorityWords[priority]}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label="Assignee">
            {(tied) => (
              <select
                {...tied}
                value={chosen.assignee ?? ''}
                onChange={(event) => set({ assignee: event.target.value || null })}
                className={select}
              >
                <option value="">Nobody</option>
                {members.map((member) => (
                  <option key={member.person} value={member.person}>
                    {plainName(member.name)}
                    {member.me ? ' (you)' : ''}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label="Label">
            {(tied) => (
              <select
                {...tied}
                value={chosen.add_labels?.[0] ?? ''}
                onChange={(event) =>
                  set({ add_labels: event.target.value === '' ? [] : [event.target.value] })
                }
                className={select}
              >
                <option value="">None</option>
                {open(setup?.labels).map((label) => (
                  <option key={label.id} value={label.id}>
                    {plainName(label.title)}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label="Project">
            {(tied) => (
              <select
                {...tied}
                value={chosen.project ?? ''}
                onChange={(event) => set({ project: event.target.value || null })}
                className={select}
              >
                <option value="">None</option>
                {open(setup?.projects).map((project) => (
                  <option key={project.id} value={project.id}>
                    {plainName(project.title)}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label="Due">
            {(tied) => (
              <input
                {...tied}
                type="date"
                value={chosen.due ?? ''}
                onChange={(event) => set({ due: event.target.value || null })}
                className={select}
              />
            )}
          </Field>
        </div>
      </form>
    </Dialog>
  );
}

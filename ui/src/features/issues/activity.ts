/** What became of an issue, and what was said at it, as one list in the order of time. */
import type { Message, Activity, IssuePriority, IssueStatus } from '~/api/types';
import type { Pending } from '~/api/messages';
import { plainName } from '~/kit/text';
import { priorityWords, statusWords } from './filter';

export type Entry =
  | { kind: 'change'; key: string; time: number; changes: Activity[] }
  | { kind: 'message'; key: string; time: number; message: Message }
  | { kind: 'pending'; key: string; time: number; pending: Pending };

/** Changes of one person within this many milliseconds are one line. */
const together = 2 * 60_000;

export function toEntries(activity: Activity[], messages: Message[], pending: Pending[]): Entry[] {
  const entries: Entry[] = [
    ...activity.map((change, index): Entry => ({
      kind: 'change',
      key: `change-${index}`,
      time: change.time,
      changes: [change],
    })),
    ...messages.map((message): Entry => ({
      kind: 'message',
      key: message.nonce ?? message.id,
      time: message.time,
      message,
    })),
  ].sort((a, b) => a.time - b.time);
  const joined: Entry[] = [];
  for (const entry of entries) {
    const last = joined.at(-1);
    const first = last?.kind === 'change' ? last.changes[0] : undefined;
    if (
      entry.kind === 'change' &&
      last?.kind === 'change' &&
      first?.person.person === entry.changes[0]?.person.person &&
      entry.time - last.time < together
    ) {
      last.changes.push(...entry.changes);
    } else {
      joined.push(entry);
    }
  }
  return [
    ...joined,
    ...pending.map((one): Entry => ({
      kind: 'pending',
      key: one.nonce,
      time: one.time,
      pending: one,
    })),
  ];
}

const fieldWords: Record<string, string> = {
  title: 'the title',
  status: 'the status',
  priority: 'the priority',
  assignee: 'the assignee',
  estimate: 'the estimate',
  due: 'the due day',
  parent: 'what it is part of',
  project: 'the project',
  cycle: 'the cycle',
};

/** A change in words that follow the person's name. */
export function changeWords({ field, from, to }: Activity): string {
  const word = (value: string) =>
    field === 'status'
      ? value in statusWords
        ? statusWords[value as IssueStatus]
        : value
      : field === 'priority'
        ? value in priorityWords
          ? priorityWords[value as IssuePriority]
          : value
        : plainName(value);
  switch (field) {
    case null:
      return 'made the issue';
    case 'description':
      return 'changed the description';
    case 'archived':
      return to === null ? 'took it out again' : 'put it away';
    case 'label':
      return to === null ? `took the label ${word(from ?? '')} off` : `added the label ${word(to)}`;
    case 'blocks':
      return to === null
        ? `said that it no longer blocks ${word(from ?? '')}`
        : `said that it blocks ${word(to)}`;
    default: {
      const what = fieldWords[field] ?? plainName(field);
      return to === null ? `took ${what} away` : `set ${what} to ${word(to)}`;
    }
  }
}

/** Which issues a list shows: as it stands in the address and in saved views, and as the node is asked. */
import type { Issue, IssuePriority, IssueStatus } from '~/api/types';

export const statuses: IssueStatus[] = [
  'triage',
  'backlog',
  'todo',
  'doing',
  'review',
  'done',
  'cancelled',
];
export const priorities: IssuePriority[] = ['urgent', 'high', 'medium', 'low', 'none'];

/** The order in which a list shows them: what is under way comes first. */
export const listOrder: IssueStatus[] = [
  'triage',
  'review',
  'doing',
  'todo',
  'backlog',
  'done',
  'cancelled',
];

export const statusWords: Record<IssueStatus, string> = {
  triage: 'Triage',
  backlog: 'Backlog',
  todo: 'Todo',
  doing: 'In progress',
  review: 'In review',
  done: 'Done',
  cancelled: 'Cancelled',
};

export const priorityWords: Record<IssuePriority, string> = {
  urgent: 'Urgent',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
  none: 'No priority',
};

export const isOver = (status: IssueStatus) => status === 'done' || status === 'cancelled';

/** What can be filtered by, with several values each. */
export const facets = ['status', 'priority', 'assignee', 'label', 'project', 'cycle'] as const;
export type Facet = (typeof facets)[number];

export const facetWords: Record<Facet, string> = {
  status: 'Status',
  priority: 'Priority',
  assignee: 'Assignee',
  label: 'Label',
  project: 'Project',
  cycle: 'Cycle',
};

export type Filter = Partial<Record<Facet, string[]>> & {
  text?: string;
  due_by?: string;
  archived?: boolean;
  /** Also those in which there is nothing more to do. */
  all?: boolean;
};

const isFacet = (name: string): name is Facet => (facets as readonly string[]).includes(name);

/** Reads a filter from an address or a saved view; what it does not know is left out. */
export function parseFilter(text: string | undefined): Filter {
  const filter: Filter = {};
  for (const [name, value] of new URLSearchParams(text ?? '')) {
    if (value === '') continue;
    if (isFacet(name)) filter[name] = value.split(',').filter((one) => one !== '');
    else if (name === 'text' || name === 'due_by') filter[name] = value;
    else if (name === 'archived' || name === 'all') filter[name] = value === 'true';
  }
  return filter;
}

/** The same filter is always the same text. */
export function filterText(filter: Filter): string {
  const query = new URLSearchParams();
  for (const facet of facets) {
    const values = filter[facet];
    if (values !== undefined && values.length > 0) query.set(facet, values.join(','));
  }
  if (filter.text) query.set('text', filter.text);
  if (filter.due_by) query.set('due_by', filter.due_by);
  if (filter.archived === true) query.set('archived', 'true');
  if (filter.all === true) query.set('all', 'true');
  return query.toString();
}

/** What the node is asked. Without a word about the status it is what there is something to do about. */
export function askFor(filter: Filter, board: boolean): string {
  const { all, ...rest } = filter;
  const query = new URLSearchParams(filterText(rest));
  const open = all !== true && rest.archived !== true && !board;
  if (rest.status === undefined && open) query.set('status', 'open');
  return query.toString();
}

export const isEmpty = (filter: Filter) => filterText(filter) === '';

/** A filter without some of what it says. */
export const without = (filter: Filter, ...names: (keyof Filter)[]): Filter =>
  Object.fromEntries(
    Object.entries(filter).filter(([name]) => !(names as string[]).includes(name)),
  );

/** With one value more or less. */
export function toggled(filter: Filter, facet: Facet, value: string): Filter {
  const values = filter[facet] ?? [];
  const next = values.includes(value) ? values.filter((one) => one !== value) : [...values, value];
  return without({ ...filter, [facet]: next }, ...(next.length === 0 ? [facet] : []));
}

export interface Group {
  status: IssueStatus;
  issues: Issue[];
}

export function groupByStatus(issues: Issue[], order: IssueStatus[] = listOrder): Group[] {
  const groups = new Map<IssueStatus, Issue[]>(order.map((status) => [status, []]));
  for (const issue of issues) groups.get(issue.status)?.push(issue);
  return order.map((status) => ({ status, issues: groups.get(status) ?? [] }));
}

/** A day of the calendar here, as the node writes it. */
export function dayText(date: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function inDays(days: number, now: number): string {
  const date = new Date(now);
  date.setDate(date.getDate() + days);
  return dayText(date);
}

/** A day in the person's own words: today, tomorrow, or a date. */
export function dayWords(day: string, now: number, locale?: string): string {
  if (day === inDays(0, now)) return 'Today';
  if (day === inDays(1, now)) return 'Tomorrow';
  if (day === inDays(-1, now)) return 'Yesterday';
  const date = new Date(`${day}T12:00:00`);
  const sameYear = day.slice(0, 4) === dayText(new Date(now)).slice(0, 4);
  return new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'short',
    ...(sameYear ? {} : { year: 'numeric' }),
  }).format(date);
}

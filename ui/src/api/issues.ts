/** Issues: what can be asked about them, and what can be done with them. What is done shows at once. */
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { base, request } from './client';
import { cache, keys } from './cache';
import type {
  Activity,
  Description,
  ImportReport,
  Issue,
  IssueChange,
  IssueDetail,
  IssuePage,
  IssueSetup,
  IssueThing,
  IssueThingChange,
  IssueThingKind,
  Member,
} from './types';

/** Issues that one list holds, at most. */
export const mostIssues = 5000;

const path = (space: string) => `/spaces/${space}/issues`;
const key = (space: string, ...rest: string[]) => [...keys.issues(space), ...rest] as const;

/** `query`: as in the API. */
export function useIssues(space: string, query: string, enabled = true): UseQueryResult<IssuePage> {
  return useQuery({
    queryKey: key(space, 'list', query),
    queryFn: ({ signal }) =>
      request<IssuePage>('GET', `${path(space)}?${query}&limit=${mostIssues}`, undefined, signal),
    enabled,
    // Another filter keeps what was there until its own is here, so nothing blinks.
    placeholderData: (before) => before,
  });
}

/** The first few that have a text in their title or key. */
export function useFoundIssues(space: string, text: string, enabled: boolean): Issue[] {
  const query = new URLSearchParams({ text, sort: 'updated', limit: '20' });
  const found = useQuery({
    queryKey: key(space, 'found', text),
    queryFn: ({ signal }) =>
      request<IssuePage>('GET', `${path(space)}?${query}`, undefined, signal),
    enabled,
    placeholderData: (before) => before,
  });
  return found.data?.issues ?? [];
}

/** `issue`: an id or a key. */
export function useIssue(space: string, issue: string): UseQueryResult<IssueDetail> {
  return useQuery({
    queryKey: key(space, 'one', issue),
    queryFn: ({ signal }) =>
      request<IssueDetail>('GET', `${path(space)}/${encodeURIComponent(issue)}`, undefined, signal),
    enabled: issue !== '',
  });
}

export function useActivity(space: string, issue: string): UseQueryResult<Activity[]> {
  return useQuery({
    queryKey: key(space, 'activity', issue),
    queryFn: ({ signal }) =>
      request<Activity[]>('GET', `${path(space)}/${issue}/activity`, undefined, signal),
  });
}

export function useDescriptions(
  space: string,
  issue: string,
  enabled: boolean,
): UseQueryResult<Description[]> {
  return useQuery({
    queryKey: key(space, 'descriptions', issue),
    queryFn: ({ signal }) =>
      request<Description[]>('GET', `${path(space)}/${issue}/descriptions`, undefined, signal),
    enabled,
  });
}

export function useIssueSetup(space: string): UseQueryResult<IssueSetup> {
  return useQuery({
    queryKey: key(space, 'setup'),
    queryFn: ({ signal }) => request<IssueSetup>('GET', `${path(space)}/setup`, undefined, signal),
    enabled: space !== '',
  });
}

const again = (space: string) => cache.invalidateQueries({ queryKey: keys.issues(space) });

/** What an issue is after a change, as far as the page can tell. */
export function predictIssue(issue: Issue, change: IssueChange, members: Member[]): Issue {
  const { title, status, priority, estimate, due, parent, project, cycle, archived } = change;
  const given = { title, status, priority, estimate, due, parent, project, cycle, archived };
  const plain = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as Partial<Issue>;
  const { add_labels, remove_labels, assignee } = change;
  const gone = new Set(remove_labels);
  const labels = issue.labels.filter((label) => !gone.has(label));
  for (const label of add_labels ?? []) if (!labels.includes(label)) labels.push(label);
  const member = members.find(({ person }) => person === assignee);
  return {
    ...issue,
    ...plain,
    labels,
    ...(assignee === undefined
      ? {}
      : {
          assignee: member === undefined ? null : { person: member.person, name: member.name },
        }),
  };
}

/** The change that takes a change back. */
export function inverse(issue: Issue, change: IssueChange): IssueChange {
  const back: IssueChange = {};
  if (change.title !== undefined) back.title = issue.title;
  if (change.status !== undefined) back.status = issue.status;
  if (change.priority !== undefined) back.priority = issue.priority;
  if (change.assignee !== undefined) back.assignee = issue.assignee?.person ?? null;
  if (change.estimate !== undefined) back.estimate = issue.estimate;
  if (change.due !== undefined) back.due = issue.due;
  if (change.parent !== undefined) back.parent = issue.parent;
  if (change.project !== undefined) back.project = issue.project;
  if (change.cycle !== undefined) back.cycle = issue.cycle;
  if (change.archived !== undefined) back.archived = issue.archived;
  const had = new Set(issue.labels);
  const added = (change.add_labels ?? []).filter((label) => !had.has(label));
  const removed = (change.remove_labels ?? []).filter((label) => had.has(label));
  if (added.length > 0) back.remove_labels = added;
  if (removed.length > 0) back.add_labels = removed;
  if (change.add_blocks !== undefined) back.remove_blocks = change.add_blocks;
  if (change.remove_blocks !== undefined) back.add_blocks = change.remove_blocks;
  return back;
}

/** Shows issues as they are from now on, wherever they are shown. */
function show(space: string, issues: Map<string, Issue>, description?: string): void {
  cache.setQueriesData<IssuePage>(
    { queryKey: key(space, 'list') },
    (page) =>
      page && { ...page, issues: page.issues.map((issue) => issues.get(issue.id) ?? issue) },
  );
  cache.setQueriesData<IssueDetail>({ queryKey: key(space, 'one') }, (detail) => {
    const issue = detail && issues.get(detail.issue.id);
    return issue && { ...detail, issue, ...(description === undefined ? {} : { description }) };
  });
}

/** Makes one change of issues, which shows at once and is taken back when the node says no. */
export async function changeIssues(
  space: string,
  issues: Issue[],
  change: IssueChange,
): Promise<void> {
  const members = cache.getQueryData<Member[]>(keys.members(space)) ?? [];
  const byId = (all: Issue[]) => new Map(all.map((issue) => [issue.id, issue]));
  await cache.cancelQueries({ queryKey: key(space, 'list') });
  show(
    space,
    byId(issues.map((issue) => predictIssue(issue, change, members))),
    change.description,
  );
  try {
    const body = { issues: issues.map(({ id }) => id), change };
    const answer = await request<{ issues: Issue[] }>('POST', `${path(space)}/change`, body);
    show(space, byId(answer.issues));
  } catch (error) {
    show(space, byId(issues));
    void again(space);
    throw error;
  }
}

/** A change of an issue of which only its id is known here. */
export async function changeIssueById(
  space: string,
  id: string,
  change: IssueChange,
): Promise<void> {
  await request<IssueDetail>('PATCH', `${path(space)}/${id}`, change);
  await again(space);
}

export async function createIssue(space: string, fields: IssueChange): Promise<IssueDetail> {
  const made = await request<IssueDetail>('POST', path(space), fields);
  void again(space);
  return made;
}

export async function createThing(
  space: string,
  kind: IssueThingKind,
  fields: IssueThingChange,
): Promise<IssueThing> {
  const thing = await request<IssueThing>('POST', `${path(space)}/things`, { kind, fields });
  await cache.invalidateQueries({ queryKey: key(space, 'setup') });
  return thing;
}

export async function changeThing(
  space: string,
  id: string,
  fields: IssueThingChange,
): Promise<void> {
  await request<IssueThing>('PATCH', `${path(space)}/things/${id}`, fields);
  await cache.invalidateQueries({ queryKey: key(space, 'setup') });
}

export async function setPrefix(space: string, prefix: string): Promise<void> {
  await request<IssueSetup>('PATCH', `${path(space)}/setup`, { prefix });
  await again(space);
}

export async function importIssues(
  space: string,
  table: string,
  how: { look: boolean; skip: boolean },
): Promise<ImportReport> {
  const report = await request<ImportReport>('POST', `${path(space)}/import`, { table, ...how });
  if (!how.look) void again(space);
  return report;
}

export const exportUrl = (space: string) => `${base}${path(space)}/export`;

import { describe, expect, it } from 'vitest';
import { inverse, predictIssue } from '~/api/issues';
import type { Issue, IssueChange, Member } from '~/api/types';
import {
  askFor,
  dayWords,
  filterText,
  groupByStatus,
  inDays,
  parseFilter,
  toggled,
} from './filter';

const issue = (over: Partial<Issue> = {}): Issue => ({
  id: 'i',
  key: 'WEB-1',
  title: 'Crane',
  status: 'todo',
  priority: 'none',
  assignee: null,
  estimate: null,
  due: null,
  parent: null,
  labels: ['a'],
  project: null,
  cycle: null,
  blocked: false,
  parts: 0,
  parts_over: 0,
  comments: 0,
  unread: 0,
  mentions: 0,
  created: 1,
  updated: 1,
  author: { person: 'p', name: 'Ann' },
  archived: false,
  ...over,
});

describe('filters', () => {
  it('come back from the address as they went', () => {
    const text = 'status=doing%2Ctodo&assignee=me%2Cnone&label=x&text=cr%C3%A4ne&due_by=2026-11-27';
    expect(filterText(parseFilter(text))).toBe(text);
    expect(filterText(parseFilter('?evil=1&status=&archived=true&limit=9'))).toBe('archived=true');
    expect(parseFilter(undefined)).toEqual({});
  });

  it('ask for what is open, unless something else is said', () => {
    expect(askFor({}, false)).toBe('status=open');
    expect(askFor({}, true)).toBe('');
    expect(askFor({ all: true }, false)).toBe('');
    expect(askFor({ status: ['done'] }, false)).toBe('status=done');
    expect(askFor({ archived: true }, false)).toBe('archived=true');
  });

  it('take one value more or less', () => {
    const one = toggled({}, 'label', 'a');
    expect(toggled(one, 'label', 'b')).toEqual({ label: ['a', 'b'] });
    expect(toggled(one, 'label', 'a')).toEqual({});
  });
});

describe('issues', () => {
  const ann = { person: 'ann', name: 'Ann' } as Member;
  const changes: IssueChange[] = [
    { status: 'done' },
    { assignee: 'ann', due: '2026-11-27', estimate: 3 },
    { add_labels: ['b'], remove_labels: ['a'] },
    { add_labels: ['a'], remove_labels: ['never'] },
    { title: 'Other', archived: true, project: 'p', cycle: 'c', parent: 'x', priority: 'high' },
  ];
  it.each(changes)('are as they were once a change is taken back: %o', (change) => {
    const before = issue();
    const after = predictIssue(before, change, [ann]);
    expect(predictIssue(after, inverse(before, change), [ann])).toEqual(before);
  });

  it('stand in the group of their status', () => {
    const groups = groupByStatus([issue(), issue({ id: 'j', status: 'done' })]);
    expect(groups.filter(({ issues }) => issues.length > 0).map(({ status }) => status)).toEqual([
      'todo',
      'done',
    ]);
  });
});

describe('days', () => {
  const now = new Date('2026-11-30T15:00:00').getTime();
  it('are counted over the end of a month', () => {
    expect(inDays(1, now)).toBe('2026-12-01');
    expect([0, 1, -1].map((days) => dayWords(inDays(days, now), now, 'en-GB'))).toEqual([
      'Today',
      'Tomorrow',
      'Yesterday',
    ]);
    expect(dayWords('2026-12-24', now, 'en-GB')).toBe('24 Dec');
    expect(dayWords('2027-01-02', now, 'en-GB')).toBe('2 Jan 2027');
  });
});

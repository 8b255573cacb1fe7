/** Changes of issues as people make them: shown at once, told when they are large, and taken back on request. */
import { cache, keys } from '~/api/cache';
import { sentenceOf } from '~/api/client';
import { changeIssues, inverse, predictIssue } from '~/api/issues';
import type { Issue, IssueChange, Member } from '~/api/types';
import { plural } from '~/kit/format';
import { plainName } from '~/kit/text';
import { tellFailure, tellUndoable } from '~/kit/toast';
import { isOver, priorityWords, statusWords } from './filter';

/** What a change is called once it is made. */
function doneWords(change: IssueChange): string {
  if (change.archived === true) return 'put away';
  if (change.archived === false) return 'taken out again';
  if (change.status !== undefined) return `set to ${statusWords[change.status]}`;
  if (change.priority !== undefined) return `set to ${priorityWords[change.priority]}`;
  return 'changed';
}

export function act(space: string, issues: Issue[], change: IssueChange): void {
  if (issues.length === 0) return;
  const first = issues[0];
  const large =
    issues.length > 1 ||
    change.archived !== undefined ||
    (change.status !== undefined && isOver(change.status));
  changeIssues(space, issues, change).then(
    () => {
      if (!large || first === undefined) return;
      const what = issues.length > 1 ? plural(issues.length, 'issue') : plainName(first.key);
      tellUndoable(`${what} ${doneWords(change)}.`, null, () => takeBack(space, issues, change));
    },
    (error: unknown) => tellFailure(sentenceOf(error), () => act(space, issues, change)),
  );
}

/** Each issue becomes what it was: those that were the same go together. */
function takeBack(space: string, issues: Issue[], change: IssueChange): void {
  const members = cache.getQueryData<Member[]>(keys.members(space)) ?? [];
  const groups = new Map<string, Issue[]>();
  for (const issue of issues) {
    const back = JSON.stringify(inverse(issue, change));
    groups.set(back, [...(groups.get(back) ?? []), predictIssue(issue, change, members)]);
  }
  for (const [back, same] of groups) {
    changeIssues(space, same, JSON.parse(back) as IssueChange).catch((error: unknown) =>
      tellFailure(sentenceOf(error)),
    );
  }
}

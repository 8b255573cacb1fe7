/** The keys for the issue the focus is on, or for those that are chosen. */
import { useEffect } from 'react';
import type { Issue } from '~/api/types';
import { openDialog, showDialog, type PickField } from '~/parts/dialogs';

const fieldOf: Record<string, PickField> = {
  s: 'status',
  p: 'priority',
  a: 'assignee',
  l: 'label',
  d: 'due',
};

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest('input:not([type=checkbox]), textarea, select, [contenteditable]') !== null
  );
}

/** Whether something over the page has the first claim on a key. */
export const isCovered = () =>
  openDialog.get() !== null ||
  document.querySelector('[data-radix-popper-content-wrapper] :is([role=menu], [role=dialog])') !==
    null;

/** The id of the issue that the focus is on. */
export const focusedIssue = (): string | undefined =>
  (document.activeElement as HTMLElement | null)?.closest<HTMLElement>('[data-issue]')?.dataset[
    'issue'
  ];

/** `targets` is asked at each key; `more` handles others first and says whether it did. */
export function useIssueKeys(
  space: string,
  targets: () => Issue[],
  more: (event: KeyboardEvent) => boolean,
): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || isCovered()) return;
      if (isTyping(event.target)) return;
      if (more(event)) {
        event.preventDefault();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const field = fieldOf[event.key];
      const issues = field === undefined ? [] : targets();
      if (field === undefined || issues.length === 0) return;
      event.preventDefault();
      showDialog({ kind: 'pick', space, issues, field });
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [space, targets, more]);
}

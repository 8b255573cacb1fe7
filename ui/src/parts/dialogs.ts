/** Which dialog is open. Any view may ask for one; the shell draws it. */
import { createStore } from '~/api/store';
import type { Issue, IssueChange } from '~/api/types';

/** What can be chosen for an issue. */
export type PickField =
  | 'status'
  | 'priority'
  | 'assignee'
  | 'label'
  | 'due'
  | 'estimate'
  | 'project'
  | 'cycle'
  | 'parent'
  | 'blocks'
  | 'blocked_by'
  | 'part';

export type OpenDialog =
  | { kind: 'create' | 'import-space' }
  | { kind: 'join'; invite?: string }
  | {
      kind: 'invite' | 'rename' | 'export' | 'leave' | 'delete' | 'archive' | 'retention';
      space: string;
    }
  | { kind: 'remove-member'; space: string; person: string }
  | { kind: 'invite-guest'; space: string; thing: string; noun: 'topic' | 'board' }
  | { kind: 'topic'; space: string }
  | { kind: 'rename-page' | 'move-page'; space: string; page: string }
  | { kind: 'rename-topic'; space: string; topic: string }
  | { kind: 'move'; space: string; place: string; message: string }
  /** Where it belongs; the space one is in when left out. */
  | { kind: 'new-issue'; space?: string; fields?: IssueChange }
  | { kind: 'pick'; space: string; issues: Issue[]; field: PickField }
  | { kind: 'save-view'; space: string; query: string }
  | { kind: 'import-issues' | 'prefix'; space: string }
  | { kind: 'palette' }
  | { kind: 'shortcuts' };

export const openDialog = createStore<OpenDialog | null>(null);

export const showDialog = (dialog: OpenDialog) => openDialog.set(dialog);
export const closeDialog = () => openDialog.set(null);

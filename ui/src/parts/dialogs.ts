/** Which dialog is open. Any view may ask for one; the shell draws it. */
import { createStore } from '~/api/store';

export type OpenDialog =
  | { kind: 'create' }
  | { kind: 'join'; invite?: string }
  | { kind: 'invite' | 'rename' | 'leave' | 'delete'; space: string }
  | { kind: 'remove-member'; space: string; person: string }
  | { kind: 'topic'; space: string }
  | { kind: 'rename-topic'; space: string; topic: string }
  | { kind: 'move'; space: string; place: string; message: string }
  | { kind: 'palette' }
  | { kind: 'shortcuts' };

export const openDialog = createStore<OpenDialog | null>(null);

export const showDialog = (dialog: OpenDialog) => openDialog.set(dialog);
export const closeDialog = () => openDialog.set(null);

/** Files that go with the next message of a space. A browser keeps no files across a reload, so these are not kept either. */
import { createStore } from '~/api/store';
import { upload, type ToUpload } from '~/api/uploads';
import { tell } from '~/kit/toast';

export const attachments = createStore<Record<string, File[]>>({});

/** More than this, and whole folders, are shared without a word: one message each would bury the conversation. */
export const mostAttached = 10;

export function attach(space: string, files: ToUpload[]): void {
  const before = attachments.get()[space] ?? [];
  const folder = files.some(({ name }) => name.includes('/'));
  if (folder || before.length + files.length > mostAttached) {
    upload(space, files);
    tell(
      folder
        ? 'Folders go to the files of this space, without messages.'
        : `More than ${mostAttached} files go to the files of this space, without messages.`,
    );
    return;
  }
  put(space, [...before, ...files.map(({ file }) => file)]);
}

export function detach(space: string, file: File): void {
  put(
    space,
    (attachments.get()[space] ?? []).filter((other) => other !== file),
  );
}

/** What is attached, to be sent; nothing is attached afterwards. */
export function takeAttached(space: string): File[] {
  const files = attachments.get()[space] ?? [];
  put(space, []);
  return files;
}

function put(space: string, files: File[]): void {
  attachments.set((before) => ({ ...before, [space]: files }));
}

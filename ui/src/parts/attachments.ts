/** Files that go with the next message of a talk. A browser keeps no files across a reload, so these are not kept either. */
import { createStore } from '~/api/store';
import { talkKey, type Talk } from '~/api/talk';
import { upload, type ToUpload } from '~/api/uploads';
import { tell } from '~/kit/toast';

export const attachments = createStore<Record<string, File[]>>({});

/** More than this, and whole folders, are shared without a word: one message each would bury the conversation. */
export const mostAttached = 10;

export function attach(talk: Talk, files: ToUpload[]): void {
  const before = attachments.get()[talkKey(talk)] ?? [];
  const folder = files.some(({ name }) => name.includes('/'));
  if (folder || before.length + files.length > mostAttached) {
    upload(talk.space, files);
    tell(
      folder
        ? 'Folders go to the files of this space, without messages.'
        : `More than ${mostAttached} files go to the files of this space, without messages.`,
    );
    return;
  }
  put(talk, [...before, ...files.map(({ file }) => file)]);
}

export function detach(talk: Talk, file: File): void {
  put(
    talk,
    (attachments.get()[talkKey(talk)] ?? []).filter((other) => other !== file),
  );
}

/** What is attached, to be sent; nothing is attached afterwards. */
export function takeAttached(talk: Talk): File[] {
  const files = attachments.get()[talkKey(talk)] ?? [];
  put(talk, []);
  return files;
}

function put(talk: Talk, files: File[]): void {
  attachments.set((before) => ({ ...before, [talkKey(talk)]: files }));
}

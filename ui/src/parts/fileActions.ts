/** What can be done with a file, with the words for when it does not work. */
import {
  cancelFile,
  contentUrl,
  fetchFile,
  pauseFile,
  removeFile,
  resumeFile,
} from '~/api/actions';
import { sentenceOf } from '~/api/client';
import type { SharedFile } from '~/api/types';
import { plainName } from '~/kit/text';
import { tellFailure } from '~/kit/toast';
import { removeWithUndo } from './undo';
import { splitPath } from './words';

function attempt(action: () => Promise<void>): void {
  action().catch((error: unknown) => tellFailure(sentenceOf(error), () => attempt(action)));
}

/** When fetching was begun, by file. */
const begun = new Map<string, number>();

export function startFetch(space: string, id: string): void {
  begun.set(id, Date.now());
  attempt(() => fetchFile(space, id));
}
export const startPause = (space: string, id: string) => attempt(() => pauseFile(space, id));
export const startResume = (space: string, id: string) => attempt(() => resumeFile(space, id));

export function startCancel(space: string, id: string): void {
  // The second click of a double one: the button to cancel has just come to stand where the one to fetch was.
  if (Date.now() - (begun.get(id) ?? 0) < 800) return;
  attempt(() => cancelFile(space, id));
}

/** Takes a file off the list; the bytes on people's disks stay where they are. */
export const startRemove = (space: string, file: SharedFile) =>
  removeWithUndo(file.id, `Removed ${plainName(splitPath(file.name).name)} from the list.`, () =>
    removeFile(space, file.id),
  );

/** Pictures and the like open beside the page; what a browser cannot show is downloaded. */
export const canOpen = (media: string | null | undefined): boolean =>
  /^(image\/(png|jpeg|gif|webp|avif)|text\/plain|application\/pdf|audio\/|video\/)/.test(
    media ?? '',
  );

export const isPicture = (media: string | null | undefined): boolean =>
  /^image\/(png|jpeg|gif|webp|avif)$/.test(media ?? '');

export { contentUrl };

/** Files on their way from the browser into a space: a few at a time, each with its own progress. */
import { uploadFile } from './actions';
import { sentenceOf } from './client';
import { createStore } from './store';
import type { SharedFile } from './types';

export interface Upload {
  id: string;
  space: string;
  name: string;
  size: number;
  done: number;
  state: 'queued' | 'running' | 'failed';
  reason: string;
  /** The browser's handle and the way to stop it. */
  file: File;
  stop: AbortController;
  message: ToUpload['message'];
}

export const uploads = createStore<Upload[]>([]);

/** Two keep the disk busy without letting one huge file hold up the small ones. */
const atOnce = 2;

export interface ToUpload {
  file: File;
  /** Relative path, for a dropped folder. */
  name: string;
  /** The message that waits for it. It takes no other file's place on the list, since that may be in a message too. */
  message?: { shared: (file: SharedFile) => void; cancelled: () => void };
}

export function upload(space: string, files: ToUpload[]): void {
  const items = files.map(({ file, name, message }): Upload => {
    const id = crypto.randomUUID();
    const stop = new AbortController();
    return {
      id,
      space,
      name,
      size: file.size,
      done: 0,
      state: 'queued',
      reason: '',
      file,
      stop,
      message,
    };
  });
  uploads.set((before) => [...before, ...items]);
  pump();
}

export function cancelUpload(id: string): void {
  const item = uploads.get().find((other) => other.id === id);
  item?.stop.abort();
  drop(id);
  item?.message?.cancelled();
  pump();
}

export function retryUpload(id: string): void {
  change(id, { state: 'queued', reason: '', done: 0, stop: new AbortController() });
  pump();
}

function change(id: string, to: Partial<Upload>): void {
  uploads.set((items) => items.map((item) => (item.id === id ? { ...item, ...to } : item)));
}

function drop(id: string): void {
  uploads.set((items) => items.filter((item) => item.id !== id));
}

function pump(): void {
  const running = uploads.get().filter(({ state }) => state === 'running').length;
  const next = uploads.get().find(({ state }) => state === 'queued');
  if (next === undefined || running >= atOnce) return;
  change(next.id, { state: 'running' });
  void run(next).finally(pump);
  pump();
}

async function run({ id, space, file, name, stop, message }: Upload): Promise<void> {
  const progress = (done: number) => change(id, { done });
  try {
    const keep = message !== undefined;
    const shared = await uploadFile(space, file, { name, keep }, progress, stop.signal);
    drop(id);
    message?.shared(shared);
  } catch (error) {
    if (!stop.signal.aborted) change(id, { state: 'failed', reason: sentenceOf(error) });
  }
}

/** Exports and imports: they run in the node, also when this page is closed. */
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { cache, keys } from './cache';
import { base, reportDown, request, settle, Unreachable } from './client';
import type { Job } from './types';

/** Between two looks at one that runs, in ms. That it ended is told at once. */
const look = 400;

/** How an export or import goes; nothing while there is none. */
export function useJob(id: string | null): UseQueryResult<Job> {
  return useQuery({
    queryKey: keys.job(id ?? ''),
    queryFn: ({ signal }) => request<Job>('GET', `/jobs/${id ?? ''}`, undefined, signal),
    enabled: id !== null,
    refetchInterval: ({ state }) => (state.data?.state === 'running' ? look : false),
  });
}

function begun(job: Job): Job {
  cache.setQueryData<Job>(keys.job(job.id), job);
  return job;
}

/** Writes a space as a folder in the node's home. */
export const exportSpace = async (space: string, files: boolean) =>
  begun(await request<Job>('POST', `/spaces/${space}/export`, { files }));

export const cancelJob = (id: string) => request('DELETE', `/jobs/${id}`);

/** Hands the node an archive to make a space of. */
export function importArchive(
  file: File,
  includePrivate: boolean,
  progress: (done: number) => void,
  signal: AbortSignal,
): Promise<Job> {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    form.append('file', file, file.name);
    const http = new XMLHttpRequest();
    http.open('POST', `${base}/imports/file${includePrivate ? '?private=1' : ''}`);
    http.upload.onprogress = (event) => progress(event.loaded);
    http.onerror = () => {
      reportDown();
      reject(new Unreachable());
    };
    http.onabort = () => reject(new DOMException('cancelled', 'AbortError'));
    http.onload = () => {
      try {
        resolve(begun(settle<Job>(http.status, http.responseText)));
      } catch (error) {
        reject(error instanceof Error ? error : new Unreachable());
      }
    };
    signal.addEventListener('abort', () => http.abort());
    http.send(form);
  });
}

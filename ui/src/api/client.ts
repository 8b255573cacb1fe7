/** One way to ask the node: JSON in, JSON out, every failure an `ApiError` or an `Unreachable`. */
import { createStore } from './store';
import type { ProblemDocument } from './types';

/** The node answered, and said no. `message` is a plain sentence; `hint` says what to do. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string;

  constructor(status: number, problem: Partial<ProblemDocument>) {
    super(problem.detail ?? problem.title ?? `The node answered with ${status}.`);
    this.name = 'ApiError';
    this.status = status;
    this.code = problem.code ?? 'unknown';
    this.hint = problem.hint ?? '';
  }
}

/** Nobody answered: Compeer is not running, or is restarting. */
export class Unreachable extends Error {
  constructor() {
    super('Compeer is not running on this computer.');
    this.name = 'Unreachable';
  }
}

export interface Connection {
  /** Is the node answering? Null until the first answer or failure. */
  up: boolean | null;
  /** Has the node said that this browser is not signed in? */
  expired: boolean;
}

export const connection = createStore<Connection>({ up: null, expired: false });

export function reportUp(): void {
  connection.set((before) => (before.up === true ? before : { ...before, up: true }));
}

export function reportDown(): void {
  connection.set((before) => (before.up === false ? before : { ...before, up: false }));
}

export function reportExpired(): void {
  connection.set((before) => (before.expired ? before : { up: true, expired: true }));
}

/** A restart takes a moment; a blink of the line is not worth a word. */
const patience = 1200;

/** Has the node not answered for a while? Then nobody can say how others are reached: what is shown is from before. */
export const silent = createStore(false);

let waiting: ReturnType<typeof setTimeout> | undefined;
connection.subscribe(() => {
  if (connection.get().up === false) {
    waiting ??= setTimeout(() => silent.set(true), patience);
  } else {
    clearTimeout(waiting);
    waiting = undefined;
    silent.set(false);
  }
});

export const base = '/api/v1';

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

export async function request<T>(
  method: Method,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  let response: Response;
  try {
    const text = body === undefined ? null : JSON.stringify(body);
    response = await fetch(base + path, {
      method,
      credentials: 'same-origin',
      // What somebody did goes out although they leave the page right after. A browser keeps 64 KiB of that alive in all.
      keepalive: method !== 'GET' && (text?.length ?? 0) < 4096,
      ...(text === null ? {} : { body: text, headers: { 'content-type': 'application/json' } }),
      ...(signal ? { signal } : {}),
    });
  } catch (cause) {
    if (signal?.aborted === true) throw cause;
    reportDown();
    throw new Unreachable();
  }
  return settle<T>(response.status, await response.text().catch(() => ''));
}

/** Turns an answer into a value or an error, and notes what it says about the connection. */
export function settle<T>(status: number, text: string): T {
  if (status === 401) reportExpired();
  else reportUp();
  let value: unknown = {};
  try {
    if (text !== '') value = JSON.parse(text);
  } catch {
    // A proxy or a dying node may answer with something else; the status still says what happened.
  }
  if (status < 200 || status > 299) throw new ApiError(status, value as Partial<ProblemDocument>);
  return value as T;
}

/** The sentence to show for any failure. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ApiError) {
    return error.hint === '' ? error.message : `${error.message} ${error.hint}`;
  }
  return error instanceof Error ? error.message : 'Something did not work.';
}

/** The command that a hint names, ready for a terminal: hints put commands between backticks. */
export const commandIn = (hint: string): string | null => /`([^`]+)`/.exec(hint)?.[1] ?? null;

/** A picture's address, only if this node serves it: nothing is ever fetched from elsewhere. */
export function ownUrl(url: string | null | undefined): string | null {
  return url?.startsWith('/') === true && !url.startsWith('//') ? url : null;
}

/**
 * The live line to the node. One tab of this browser listens and tells the others, because a
 * browser opens only six connections to one address; when that tab closes, another takes over.
 */
import type { QueryKey } from '@tanstack/react-query';
import { cache, keys } from './cache';
import { base, connection, reportDown, reportUp, request } from './client';
import { applyEvent } from './reduce';
import { createStore } from './store';
import type { NodeEvent } from './types';

const channelName = 'compeer.events';

/** Every name the node may use; a stream with named events reaches only listeners by name. */
const names = [
  'hello',
  'lagged',
  'chat.message',
  'chat.changed',
  'chat.state',
  'chat.typing',
  'topic.changed',
  'issue.changed',
  'board.changed',
  'page.changed',
  'read.changed',
  'file.added',
  'file.changed',
  'file.removed',
  'transfer.changed',
  'transfers.done',
  'job.ended',
  'space.changed',
  'space.joined',
  'space.left',
  'space.ended',
  'member.joined',
  'member.removed',
  'member.changed',
  'profile.changed',
  'presence.changed',
  'settings.changed',
  'peer.up',
  'peer.down',
  'peer.path',
  'problem.added',
  'problem.dismissed',
] satisfies NodeEvent['event'][];

type Listener = (event: NodeEvent) => void;
const listeners = new Set<Listener>();

/** Calls `listener` for every live event, after the cache has taken it in. */
export function onEvent(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** How often the node has greeted this tab: from then on it knows that a page of this browser listens. */
export const greetings = createStore(0);

/** Is this the tab that listens? Only it raises notifications, so that one message makes one. */
export let leading = false;

type Word =
  { kind: 'event'; event: NodeEvent } | { kind: 'up' } | { kind: 'down' } | { kind: 'expired' };

/** Starts listening, for as long as the page lives. */
export function startEvents(): void {
  const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(channelName) : null;
  const say = (word: Word) => {
    hear(word);
    channel?.postMessage(word);
  };
  channel?.addEventListener('message', ({ data }: MessageEvent<Word>) => hear(data));
  // A node that answers again after silence may have said much in between.
  let wasDown = false;
  let wasExpired = false;
  connection.subscribe(() => {
    const { up, expired } = connection.get();
    // All tabs of a browser are signed in together, and out; each finds out for itself.
    if (expired && !wasExpired) {
      wasExpired = true;
      channel?.postMessage({ kind: 'expired' } satisfies Word);
    }
    if (up === false) wasDown = true;
    if (up === true && wasDown) {
      wasDown = false;
      void cache.invalidateQueries();
    }
  });
  /** Leads until this browser is signed out: a tab that signs in again must not wait for this one to close. */
  const lead = (late: boolean) => {
    leading = true;
    const stop = listen(say, late);
    return new Promise<void>((done) => {
      const end = () => {
        if (!connection.get().expired) return;
        leave();
        leading = false;
        stop();
        done();
      };
      const leave = connection.subscribe(end);
      end();
    });
  };
  if (!('locks' in navigator)) {
    void lead(false);
    return;
  }
  const { locks } = navigator;
  void locks
    .request(channelName, { ifAvailable: true }, (lock) => (lock ? lead(false) : false))
    .then((led) => {
      if (led !== false) return;
      askAgain();
      void locks.request(channelName, () => lead(true));
    });
}

/** What the head of the page asks for was answered before anything could be heard here, and may be different by now. */
function askAgain(): void {
  for (const key of [keys.status, keys.settings, keys.spaces]) fetchSoon(key);
}

function hear(word: Word): void {
  if (word.kind === 'up') reportUp();
  else if (word.kind === 'down') reportDown();
  else if (word.kind === 'expired') request('GET', '/status').catch(() => undefined);
  else {
    for (const key of applyEvent(cache, word.event)) fetchSoon(key);
    for (const listener of [...listeners]) listener(word.event);
  }
}

/** Listens until the answer is called. `late`: events may have been missed before the first greeting already. */
function listen(say: (word: Word) => void, late: boolean): () => void {
  let failures = 0;
  let greeted = late;
  let stopped = false;
  let source: EventSource | null = null;
  const open = () => {
    if (stopped) return;
    const line = new EventSource(`${base}/events`);
    source = line;
    const take = ({ data }: MessageEvent<string>) => {
      const event = parse(data);
      if (event === null) return;
      if (event.event === 'hello') {
        failures = 0;
        greetings.set((count) => count + 1);
        say({ kind: 'up' });
        // After the first greeting, each one follows a gap in which anything may have happened.
        if (greeted) say({ kind: 'event', event: { event: 'lagged', at: event.at } });
        else askAgain();
        greeted = true;
      } else {
        say({ kind: 'event', event });
      }
    };
    line.onmessage = take;
    for (const name of names) line.addEventListener(name, take);
    line.onerror = () => {
      line.close();
      failures += 1;
      // Why it failed (not running, signed out, restarting) only a plain request can tell.
      request('GET', '/status').catch(() => {
        if (connection.get().up === false) say({ kind: 'down' });
      });
      if (!stopped) setTimeout(open, Math.min(400 * 2 ** failures, 5000));
    };
  };
  open();
  return () => {
    stopped = true;
    source?.close();
  };
}

function parse(data: string): NodeEvent | null {
  try {
    return JSON.parse(data) as NodeEvent;
  } catch {
    return null;
  }
}

/** Many events in a row ask for one fetch, half a second after the first. */
const due = new Map<string, QueryKey>();

export function fetchSoon(key: QueryKey): void {
  if (due.size === 0) {
    setTimeout(() => {
      const keys = [...due.values()];
      due.clear();
      for (const queryKey of keys) void cache.invalidateQueries({ queryKey });
    }, 500);
  }
  due.set(JSON.stringify(key), key);
}

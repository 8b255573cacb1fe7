/** Is the person looking at this page, and which conversation's end is in front of them? */
import { useSyncExternalStore } from 'react';
import { createStore } from '~/api/store';
import type { Talk } from '~/api/talk';

function looking(): boolean {
  return document.visibilityState === 'visible' && document.hasFocus();
}

function subscribe(listener: () => void): () => void {
  addEventListener('focus', listener);
  addEventListener('blur', listener);
  document.addEventListener('visibilitychange', listener);
  return () => {
    removeEventListener('focus', listener);
    removeEventListener('blur', listener);
    document.removeEventListener('visibilitychange', listener);
  };
}

/** Held by every tab that somebody looks at, for as long as they do. */
const lookedAt = 'compeer.looked-at';
/** Held by every tab that can be seen. */
const seen = 'compeer.seen';

const visible = () => document.visibilityState === 'visible';

/** Lets the other tabs of this browser know when somebody looks at this one, and when it can be seen. */
export function startAttention(): void {
  hold(lookedAt, looking);
  hold(seen, visible);
}

/** Holds a lock for as long as something is so. */
function hold(lock: string, is: () => boolean): void {
  if (!('locks' in navigator)) return;
  let release: (() => void) | null = null;
  const follow = () => {
    if (is() === (release !== null)) return;
    release?.();
    release = null;
    if (!is()) return;
    const held = new Promise<void>((done) => {
      release = done;
    });
    void navigator.locks.request(lock, { mode: 'shared' }, () => held);
  };
  subscribe(follow);
  follow();
}

async function anyHolds(lock: string, is: () => boolean): Promise<boolean> {
  if (is() || !('locks' in navigator)) return is();
  const { held = [] } = await navigator.locks.query();
  return held.some(({ name }) => name === lock);
}

/** Does somebody look at any tab of this browser? */
export const anyLooking = () => anyHolds(lookedAt, looking);

/** Can any tab of this browser be seen? */
export const anyVisible = () => anyHolds(seen, visible);

export const useLooking = () => useSyncExternalStore(subscribe, looking);

/** The talk whose newest messages are being seen right now: nothing in it counts as unread. */
export const attended = createStore<Talk | null>(null);

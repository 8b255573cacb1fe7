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

/** Lets the other tabs of this browser know when somebody looks at this one. */
export function startAttention(): void {
  if (!('locks' in navigator)) return;
  let release: (() => void) | null = null;
  const follow = () => {
    if (looking() === (release !== null)) return;
    release?.();
    release = null;
    if (!looking()) return;
    const held = new Promise<void>((done) => {
      release = done;
    });
    void navigator.locks.request(lookedAt, { mode: 'shared' }, () => held);
  };
  subscribe(follow);
  follow();
}

/** Does somebody look at any tab of this browser? */
export async function anyLooking(): Promise<boolean> {
  if (looking() || !('locks' in navigator)) return looking();
  const { held = [] } = await navigator.locks.query();
  return held.some(({ name }) => name === lookedAt);
}

export const useLooking = () => useSyncExternalStore(subscribe, looking);

/** The talk whose newest messages are being seen right now: nothing in it counts as unread. */
export const attended = createStore<Talk | null>(null);

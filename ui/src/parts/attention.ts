/** Is the person looking at this page, and which conversation's end is in front of them? */
import { useSyncExternalStore } from 'react';
import { createStore } from '~/api/store';

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

export const useLooking = () => useSyncExternalStore(subscribe, looking);

/** The space whose newest messages are being seen right now: nothing in it counts as unread. */
export const attended = createStore<string | null>(null);

/** The smallest shared state: a value, and those who want to know when it changes. */
import { useSyncExternalStore } from 'react';

export interface Store<T> {
  get: () => T;
  set: (next: T | ((before: T) => T)) => void;
  subscribe: (listener: () => void) => () => void;
}

export function createStore<T>(initial: T): Store<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (next) => {
      const after = typeof next === 'function' ? (next as (before: T) => T)(value) : next;
      if (Object.is(after, value)) return;
      value = after;
      for (const listener of [...listeners]) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/**
 * A store that is kept in this browser. What cannot be read back is as if it were not there. Other tabs keep theirs under
 * the same key: a change that is a function starts from what is kept now, so that no tab undoes what another one did.
 * `follow`: what other tabs change shows here as well.
 */
export function createKeptStore<T>(key: string, initial: T, { follow = false } = {}): Store<T> {
  const store = createStore<T>(readKept(key) ?? initial);
  /** Is what the page holds also what it kept last? */
  let kept = true;
  const catchUp = () => {
    const raw = kept ? readRaw(key) : undefined;
    if (raw === undefined || raw === JSON.stringify(store.get())) return;
    const others = raw === null ? initial : parseKept<T>(raw);
    if (others !== undefined) store.set(others);
  };
  if (follow && 'addEventListener' in globalThis) {
    // Without a key, all of the storage was cleared.
    addEventListener('storage', (event) => {
      if (event.key === key || event.key === null) catchUp();
    });
  }
  return {
    ...store,
    set: (next) => {
      if (typeof next === 'function') catchUp();
      store.set(next);
      try {
        localStorage.setItem(key, JSON.stringify(store.get()));
        kept = true;
      } catch {
        // Storage is full or off: the value lives as long as the page.
        kept = false;
      }
    },
  };
}

/** Null where nothing is kept, undefined where nothing can be. */
function readRaw(key: string): string | null | undefined {
  try {
    return localStorage.getItem(key);
  } catch {
    return undefined;
  }
}

function parseKept<T>(raw: string | null): T | undefined {
  try {
    return raw === null ? undefined : (JSON.parse(raw) as T);
  } catch {
    return undefined;
  }
}

function readKept<T>(key: string): T | undefined {
  return parseKept<T>(readRaw(key) ?? null);
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}

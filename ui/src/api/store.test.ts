import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createKeptStore } from './store';

/** A browser's storage, which all of its tabs see. */
function storage(): Pick<Storage, 'getItem' | 'setItem'> & { full: boolean } {
  const kept = new Map<string, string>();
  return {
    full: false,
    getItem: (key) => kept.get(key) ?? null,
    setItem(key, value) {
      if (this.full) throw new Error('QuotaExceededError');
      kept.set(key, value);
    },
  };
}

describe('what a browser keeps', () => {
  let browser: ReturnType<typeof storage>;
  const tab = (initial: string[] = []) => createKeptStore<string[]>('key', initial);
  const add = (item: string) => (items: string[]) => [...items, item];

  beforeEach(() => {
    browser = storage();
    vi.stubGlobal('localStorage', browser);
  });
  afterEach(() => vi.unstubAllGlobals());

  it('outlives the page', () => {
    tab().set(['a']);
    expect(tab().get()).toEqual(['a']);
  });

  it('is not undone by another tab that knows less', () => {
    const [one, other] = [tab(), tab()];
    one.set(add('one'));
    other.set(add('other'));
    one.set((items) => items.filter((item) => item !== 'one'));
    expect(tab().get()).toEqual(['other']);
  });

  it('is as if it were not there when it cannot be read', () => {
    browser.setItem('key', '{');
    const one = tab(['first']);
    expect(one.get()).toEqual(['first']);
    one.set(add('second'));
    expect(tab().get()).toEqual(['first', 'second']);
  });

  it('lives as long as the page when the storage is full', () => {
    const one = tab();
    one.set(add('a'));
    browser.full = true;
    one.set(add('b'));
    one.set(add('c'));
    expect(one.get()).toEqual(['a', 'b', 'c']);
    browser.full = false;
    one.set(add('d'));
    expect(tab().get()).toEqual(['a', 'b', 'c', 'd']);
  });
});

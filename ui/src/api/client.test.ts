import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { reportDown, reportUp, silent } from './client';

describe('a node that does not answer', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    reportUp();
    vi.useRealTimers();
  });

  it('is silent only after the time that a restart takes', () => {
    reportUp();
    reportDown();
    vi.advanceTimersByTime(1000);
    expect(silent.get()).toBe(false);
    vi.advanceTimersByTime(1000);
    expect(silent.get()).toBe(true);
    reportUp();
    expect(silent.get()).toBe(false);
  });

  it('is not silent when it is back before that', () => {
    reportDown();
    vi.advanceTimersByTime(1000);
    reportUp();
    reportDown();
    vi.advanceTimersByTime(1000);
    expect(silent.get()).toBe(false);
  });
});

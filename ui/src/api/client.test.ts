import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { commandIn, reportDown, reportUp, silent } from './client';

describe('a hint', () => {
  it('names a command or none', () => {
    expect(commandIn('Run `/opt/compeer --home /h open` on this computer.')).toBe(
      '/opt/compeer --home /h open',
    );
    expect(commandIn('Choose another name.')).toBeNull();
  });
});

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

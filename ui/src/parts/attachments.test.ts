import { beforeEach, describe, expect, it, vi } from 'vitest';
import { upload } from '~/api/uploads';
import { talkKey, type Talk } from '~/api/talk';
import { attach, attachments, detach, mostAttached, takeAttached } from './attachments';

vi.mock('~/api/uploads', () => ({ upload: vi.fn() }));

const file = (name: string) => ({ file: new File(['x'], name.split('/').at(-1) ?? ''), name });
const a = { space: 'a', place: 'general' };
const b = { space: 'a', place: 'walls' };
const names = (talk: Talk) =>
  (attachments.get()[talkKey(talk)] ?? []).map(({ name }) => name).join(' ');

describe('attachments', () => {
  beforeEach(() => {
    attachments.set({});
    vi.mocked(upload).mockClear();
  });

  it('wait for the message of their talk', () => {
    attach(a, [file('one'), file('two')]);
    attach(b, [file('other')]);
    expect(names(a)).toBe('one two');
    const [first] = attachments.get()[talkKey(a)] ?? [];
    if (first) detach(a, first);
    expect(takeAttached(a).map(({ name }) => name)).toEqual(['two']);
    expect(names(a)).toBe('');
    expect(names(b)).toBe('other');
    expect(upload).not.toHaveBeenCalled();
  });

  it('do not flood the chat: folders and many files are only shared', () => {
    attach(a, [file('plans/a.pdf')]);
    attach(
      a,
      Array.from({ length: mostAttached + 1 }, (_, n) => file(`f${n}`)),
    );
    expect(names(a)).toBe('');
    expect(upload).toHaveBeenCalledTimes(2);
  });
});

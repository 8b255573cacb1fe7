import { describe, expect, it } from 'vitest';
import {
  appendPage,
  changeState,
  emptyWindow,
  gone,
  isSendable,
  leftBehind,
  markSeen,
  mergeMessages,
  predict,
  prependPage,
  receive,
  refresh,
  stillPending,
  trim,
  update,
  type MessageWindow,
  type Pending,
} from './messages';
import type { Message } from './types';

export function message(id: string, time: number, more: Partial<Message> = {}): Message {
  return {
    id,
    author: 'bo',
    author_name: 'Bo',
    guest: false,
    author_device: 'd',
    mine: false,
    text: id,
    time,
    state: 'held',
    held_by: 1,
    of: 2,
    nonce: null,
    file: null,
    reply: null,
    changed: null,
    pinned: false,
    reactions: [],
    place: null,
    unread: false,
    mention: false,
    deleted: null,
    imported: null,
    ...more,
  };
}

const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => message(`m${from + i}`, from + i));
const ids = (messages: Message[]) => messages.map(({ id }) => id).join(' ');
const open = (messages: Message[], older = false, newer = false): MessageWindow => ({
  messages,
  older,
  newer,
});

describe('mergeMessages', () => {
  it('keeps each id once, oldest first, in whatever order they come', () => {
    const [a, b, c] = range(1, 4);
    if (!a || !b || !c) throw new Error('three');
    expect(ids(mergeMessages([a, c], [b, a]))).toBe('m1 m2 m3');
    expect(ids(mergeMessages([], [c, a, b]))).toBe('m1 m2 m3');
  });

  it('keeps the order of the node within one millisecond', () => {
    const same = [message('x', 5), message('a', 5)];
    expect(ids(mergeMessages(same, [message('k', 5)]))).toBe('x a k');
  });

  it('does not let a slow answer take back a holder that an event brought', () => {
    const known = message('m', 1, { mine: true, state: 'held', held_by: 2 });
    const slow = message('m', 1, { mine: true, state: 'waiting', held_by: 0, text: 'm' });
    expect(mergeMessages([known], [slow])[0]).toMatchObject({ state: 'held', held_by: 2 });
  });

  it('takes a lower count when the number of members changed', () => {
    const known = message('m', 1, { held_by: 2, of: 2 });
    expect(mergeMessages([known], [message('m', 1, { held_by: 1, of: 1 })])[0]?.held_by).toBe(1);
  });

  it('gives back the same list when there is nothing new', () => {
    const list = range(1, 3);
    expect(mergeMessages(list, [])).toBe(list);
  });
});

describe('the window', () => {
  it('grows at both ends without doubling', () => {
    const older = prependPage(open(range(10, 20), true), { messages: range(5, 11), more: false });
    expect(older.messages).toHaveLength(15);
    expect(older.older).toBe(false);
    const newer = appendPage(open(range(0, 5), false, true), {
      messages: range(4, 8),
      more: false,
    });
    expect(ids(newer.messages)).toBe('m0 m1 m2 m3 m4 m5 m6 m7');
    expect(newer.newer).toBe(false);
  });

  it('takes live messages only at the present', () => {
    const live = message('live', 99);
    expect(receive(open(range(0, 2)), live).messages.at(-1)?.id).toBe('live');
    const past = open(range(0, 2), false, true);
    expect(receive(past, live)).toBe(past);
  });

  it('keeps its history when the newest page overlaps, and starts over after a gap', () => {
    const window = open(range(0, 10), true);
    expect(refresh(window, { messages: range(8, 14), more: true }).messages).toHaveLength(14);
    expect(ids(refresh(window, { messages: range(50, 52), more: true }).messages)).toBe('m50 m51');
  });

  it('stays in the past when the present is fetched again', () => {
    const past = open(range(0, 10), false, true);
    expect(refresh(past, { messages: range(50, 52), more: true })).toBe(past);
    expect(refresh(emptyWindow, { messages: range(0, 2), more: false }).messages).toHaveLength(2);
  });

  it('takes away what is gone, and nothing that came while it was asked', () => {
    const window = open(range(0, 6), true);
    const asked = new Set(['m0', 'm1', 'm2', 'm3', 'm4']);
    const page = [...range(1, 3), ...range(4, 5)];
    expect(ids(refresh(window, { messages: page, more: true }, asked).messages)).toBe(
      'm0 m1 m2 m4 m5',
    );
    expect(ids(refresh(window, { messages: page, more: false }, asked).messages)).toBe(
      'm1 m2 m4 m5',
    );
  });

  it('changes the state of one message and nothing else', () => {
    const window = open(range(0, 3));
    const next = changeState(window, 'm1', { state: 'held', held_by: 2, of: 2 });
    expect(next.messages[1]?.held_by).toBe(2);
    expect(next.messages[0]).toBe(window.messages[0]);
    expect(changeState(window, 'nobody', { state: 'sent', held_by: 1, of: 2 })).toBe(window);
  });

  it('forgets the oldest of a long history, and knows that there is more', () => {
    expect(trim(open(range(0, 10)), 4)).toMatchObject({ older: true });
    expect(ids(trim(open(range(0, 10)), 4).messages)).toBe('m6 m7 m8 m9');
    const past = open(range(0, 10), false, true);
    expect(trim(past, 4)).toBe(past);
  });
});

describe('markSeen', () => {
  it('makes unread what was not seen stay so', () => {
    const window = open([message('a', 1, { unread: true }), message('b', 2, { unread: true })]);
    const after = markSeen(window, ({ id }) => id === 'b');
    expect(after.messages.map(({ unread }) => unread)).toEqual([true, false]);
    expect(markSeen(after, ({ id }) => id === 'b')).toBe(after);
  });
});

const talk = { space: 's', place: 'general' };

describe('stillPending', () => {
  const pending: Pending = {
    nonce: 'n1',
    space: 's',
    place: 'general',
    text: 'hello',
    time: 1,
    state: 'sending',
    tab: 't',
    reason: '',
    attached: null,
    file: null,
    reply: null,
  };

  it('shows what is on its way, only in its own talk', () => {
    expect(stillPending([pending], emptyWindow, talk)).toEqual([pending]);
    expect(stillPending([pending], emptyWindow, { ...talk, place: 'walls' })).toEqual([]);
  });

  it('is over as soon as the node has the message, whoever says so first', () => {
    const window = receive(emptyWindow, message('m', 1, { mine: true, nonce: 'n1' }));
    expect(stillPending([pending], window, talk)).toEqual([]);
    // A failed answer whose message did arrive is not shown twice either.
    expect(stillPending([{ ...pending, state: 'failed' }], window, talk)).toEqual([]);
  });
});

describe('leftBehind', () => {
  const typed: Pending = {
    nonce: 'n',
    space: 's',
    place: 'general',
    text: 'words',
    time: 1,
    state: 'sending',
    reason: '',
    tab: 't',
    attached: null,
    file: null,
    reply: null,
  };

  it('waits for the person', () => {
    const kept = leftBehind(typed);
    expect(kept).toMatchObject({ state: 'failed', reason: 'It was not sent yet.' });
    expect(isSendable(kept)).toBe(true);
  });

  it('keeps the words of a message whose file is lost, and says so', () => {
    const kept = leftBehind({ ...typed, attached: 'plan.pdf' });
    expect(kept).toMatchObject({
      text: 'words',
      attached: null,
      reason: 'plan.pdf was not shared.',
    });
    expect(isSendable(kept)).toBe(true);
    expect(isSendable(leftBehind({ ...typed, text: '', attached: 'plan.pdf' }))).toBe(false);
  });

  it('keeps the file that was shared already', () => {
    const kept = leftBehind({ ...typed, text: '', attached: 'plan.pdf', file: 'f' });
    expect(kept).toMatchObject({ attached: 'plan.pdf', file: 'f' });
    expect(isSendable(kept)).toBe(true);
  });

  it('reads what a page without files kept', () => {
    const old: Partial<Pending> = { ...typed };
    delete old.attached;
    delete old.file;
    expect(leftBehind(old as Pending)).toMatchObject({ attached: null, file: null, reply: null });
  });
});

describe('a message that changes', () => {
  const me = { person: 'me', name: 'Me' };
  const bo = { person: 'bo', name: 'Bo' };
  it('is another one in its place, and where it is answered', () => {
    const answer = message('b', 2, {
      reply: { id: 'a', author_name: 'Bo', text: 'a', deleted: false },
    });
    const window = { ...emptyWindow, messages: [message('a', 1), answer] };
    const after = update(window, message('a', 1, { text: 'other' }), 'general');
    expect(after.messages[0]?.text).toBe('other');
    expect(after.messages[1]?.reply?.text).toBe('other');
  });
  it('is nothing any more once it is deleted, and where it is answered', () => {
    const answer = message('b', 2, {
      reply: { id: 'a', author_name: 'Bo', text: 'a', deleted: false },
    });
    const window = { ...emptyWindow, messages: [message('a', 1), answer] };
    const left = gone(message('a', 1, { pinned: true, changed: 5 }), 'ann', 'Ann');
    expect(left).toMatchObject({ text: '', pinned: false, changed: null, author: 'bo', time: 1 });
    const after = update(window, left, 'general');
    expect(after.messages[0]?.deleted).toEqual({ by: 'ann', by_name: 'Ann' });
    expect(after.messages[1]?.reply).toMatchObject({ text: '', deleted: true });
  });
  it('stays away when it is not shown', () => {
    const window = { ...emptyWindow, messages: [message('a', 1)] };
    const past = { ...window, newer: true };
    expect(update(past, message('z', 9), 'general')).toBe(past);
  });
  it('goes when it is moved away, and comes where it is moved to', () => {
    const window = open([message('a', 1), message('b', 2), message('c', 3)]);
    const moved = message('b', 2, { place: { id: 'walls', title: 'Walls' } });
    expect(ids(update(window, moved, 'general').messages)).toBe('a c');
    expect(ids(update(open([message('x', 1)]), moved, 'walls').messages)).toBe('x b');
    const past = open([message('x', 1)], false, true);
    expect(update(past, moved, 'walls')).toBe(past);
  });
  it('shows what a change will make of it', () => {
    const before = message('a', 1, { reactions: [{ emoji: '👍', people: [bo], mine: false }] });
    expect(predict(before, { text: 'other' }, me, 7)).toMatchObject({ text: 'other', changed: 7 });
    expect(predict(before, { text: 'a' }, me, 7).changed).toBeNull();
    expect(predict(before, { pinned: true }, me, 7).pinned).toBe(true);
    const with2 = predict(before, { reaction: { emoji: '👍', on: true } }, me, 7);
    expect(with2.reactions).toEqual([{ emoji: '👍', people: [bo, me], mine: true }]);
    expect(predict(with2, { reaction: { emoji: '👍', on: true } }, me, 7).reactions).toEqual(
      with2.reactions,
    );
    expect(predict(with2, { reaction: { emoji: '👍', on: false } }, me, 7).reactions).toEqual(
      before.reactions,
    );
    const other = predict(message('b', 2), { reaction: { emoji: '🎉', on: true } }, me, 7);
    expect(other.reactions).toEqual([{ emoji: '🎉', people: [me], mine: true }]);
    expect(predict(other, { reaction: { emoji: '🎉', on: false } }, me, 7).reactions).toEqual([]);
  });
});

import type { QueryClient } from '@tanstack/react-query';
import { beforeEach, describe, expect, it } from 'vitest';
import { createCache, keys } from './cache';
import type { MessageWindow } from './messages';
import { applyEvent } from './reduce';
import type { Message, NodeEvent, SharedFile, Space, Status, Transfer } from './types';

const at = 1_700_000_000_000;
const message = (id: string, more: Partial<Message> = {}): Message => ({
  id,
  author: 'bo',
  author_name: 'Bo',
  guest: false,
  author_device: 'd',
  mine: false,
  text: id,
  time: at,
  state: 'waiting',
  held_by: 0,
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
});
const space = (id: string): Space => ({
  space: id,
  name: id,
  direct: false,
  room: null,
  level: 'manage',
  members: 3,
  here_now: 2,
  unread: 4,
  mentions: 1,
  archived: null,
  retention: null,
  end: null,
  unread_issues: 0,
  unread_boards: 0,
  unread_pages: 0,
  attention: 'all',
  waiting: 0,
  undelivered: 0,
  last: null,
  created: at,
  state: 'active',
  disk_bytes: 0,
  epoch: { number: 1, since: at },
});
const file = (id: string, more: Partial<SharedFile> = {}): SharedFile => ({
  id,
  name: `${id}.txt`,
  size: 100,
  blob: 'b',
  author: 'bo',
  author_name: 'Bo',
  time: at,
  held_by: 1,
  holders: [],
  here: false,
  path: null,
  media: null,
  state: 'remote',
  transfer: null,
  ...more,
});
const transfer = (state: Transfer['state'], done: number): Transfer => ({
  id: 't',
  file: 'f',
  name: 'f.txt',
  space: 's',
  done,
  size: 100,
  rate: 10,
  folder: '/home/bo/files/Harbour',
  eta_s: 5,
  from: [],
  state,
  path: null,
  error: null,
});

const s = { space: 's', place: 'general' };
let cache: QueryClient;
const apply = (event: NodeEvent) => applyEvent(cache, event);
const get = <T>(key: readonly unknown[]) => cache.getQueryData<T>(key);

beforeEach(() => {
  cache = createCache();
  cache.setQueryData(keys.spaces, [space('s'), space('other')]);
  cache.setQueryData(keys.messages(s), { messages: [message('m1')], older: false, newer: false });
  cache.setQueryData(keys.files('s'), [file('f')]);
  cache.setQueryData(keys.transfers, []);
});

describe('chat events', () => {
  it('adds a message once, and leaves counting unread to the node', () => {
    const event: NodeEvent = {
      event: 'chat.message',
      at,
      space: 's',
      id: 'm2',
      message: message('m2'),
    };
    expect(apply(event)).toEqual([keys.spaces, keys.topics('s')]);
    apply(event);
    expect(get<MessageWindow>(keys.messages(s))?.messages).toHaveLength(2);
    expect(get<Space[]>(keys.spaces)?.[0]?.unread).toBe(4);
  });

  it('does not invent a conversation that was never opened', () => {
    apply({ event: 'chat.message', at, space: 'other', id: 'x', message: message('x') });
    expect(get(keys.messages({ space: 'other', place: 'general' }))).toBeUndefined();
  });

  it('moves a message from waiting to held', () => {
    apply({ event: 'chat.state', at, space: 's', id: 'm1', state: 'held', held_by: 2, of: 2 });
    expect(get<MessageWindow>(keys.messages(s))?.messages[0]).toMatchObject({
      state: 'held',
      held_by: 2,
    });
  });

  it('takes over what is read on another page', () => {
    apply({ event: 'read.changed', at, space: 's', unread: 0, mentions: 0 });
    expect(get<Space[]>(keys.spaces)?.map(({ unread }) => unread)).toEqual([0, 4]);
  });
});

describe('file events', () => {
  it('adds, replaces and removes', () => {
    apply({ event: 'file.added', at, space: 's', id: 'g', file: file('g') });
    apply({ event: 'file.changed', at, space: 's', id: 'f', file: file('f', { held_by: 3 }) });
    expect(get<SharedFile[]>(keys.files('s'))?.map(({ held_by }) => held_by)).toEqual([3, 1]);
    apply({ event: 'file.removed', at, space: 's', id: 'f' });
    expect(get<SharedFile[]>(keys.files('s'))?.map(({ id }) => id)).toEqual(['g']);
  });

  it('follows a transfer to its end', () => {
    apply({
      event: 'transfer.changed',
      at,
      space: 's',
      id: 't',
      transfer: transfer('running', 40),
    });
    expect(get<SharedFile[]>(keys.files('s'))?.[0]).toMatchObject({ state: 'fetching' });
    expect(get<Transfer[]>(keys.transfers)).toHaveLength(1);
    const due = apply({
      event: 'transfer.changed',
      at,
      space: 's',
      id: 't',
      transfer: transfer('done', 100),
    });
    expect(get<SharedFile[]>(keys.files('s'))?.[0]).toMatchObject({
      state: 'here',
      here: true,
      transfer: null,
    });
    expect(get<Transfer[]>(keys.transfers)).toHaveLength(0);
    // Its path and holders are still to be asked for.
    expect(due).toEqual([keys.files('s')]);
  });
});

describe('spaces, peers and problems', () => {
  it('drops a space that was left, and asks how it stands with one that has ended', () => {
    expect(apply({ event: 'space.ended', at, space: 's' })).toContainEqual(keys.spaces);
    expect(get<Space[]>(keys.spaces)?.map((item) => item.space)).toEqual(['s', 'other']);
    apply({ event: 'space.left', at, space: 's' });
    expect(get<Space[]>(keys.spaces)?.map((item) => item.space)).toEqual(['other']);
  });

  it('updates a peer and collects problems, newest first and each once', () => {
    const problem = {
      id: 'p',
      at,
      severity: 'warning' as const,
      code: 'x',
      text: 'x',
      hint: '',
      device: null,
      space: null,
    };
    cache.setQueryData<Partial<Status>>(keys.status, {
      peers: [{ device: 'd', path: 'direct', rtt_ms: 3 } as Status['peers'][number]],
      problems: [],
    });
    apply({ event: 'peer.down', at, device: 'd' });
    expect(get<Status>(keys.status)?.peers[0]).toMatchObject({ path: 'none', rtt_ms: null });
    apply({ event: 'problem.added', at, problem });
    apply({ event: 'problem.added', at, problem });
    expect(get<Status>(keys.status)?.problems).toHaveLength(1);
    apply({ event: 'problem.dismissed', at, id: 'p' });
    expect(get<Status>(keys.status)?.problems).toHaveLength(0);
  });

  it('fetches everything again after falling behind', () => {
    expect(apply({ event: 'lagged', at })).toEqual([[]]);
  });

  it('lets an event of a newer node pass', () => {
    expect(apply({ event: 'from.the.future', at } as unknown as NodeEvent)).toEqual([]);
  });
});

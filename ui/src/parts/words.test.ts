import { describe, expect, it } from 'vitest';
import type { Member, MemberDevice, SharedFile, Transfer } from '~/api/types';
import { formatWhen } from '~/kit/format';
import {
  fileWord,
  missingOf,
  peersWord,
  deviceState,
  presenceOf,
  reachWord,
  retentionWords,
  splitPath,
  stateWord,
  transferWord,
} from './words';

describe('the state of a message', () => {
  it.each([
    ['waiting', 0, 7, 'waiting'],
    ['sent', 0, 7, 'sent'],
    ['sent', 1, 7, 'sent'],
    ['held', 3, 7, 'held by 3 of 7'],
    ['held', 7, 7, 'held by all 7'],
    ['waiting', 0, 0, 'only you'],
    ['undelivered', 1, 1, 'not delivered'],
    ['undelivered', 2, 3, 'not delivered'],
  ] as const)('%s, %d of %d: %s', (state, held_by, of, word) => {
    expect(stateWord({ state, held_by, of })).toBe(word);
  });
});

describe('how long messages stay', () => {
  const day = 86_400_000;
  const noon = new Date(2026, 10, 27, 12).getTime();
  const kept = (from: number) =>
    retentionWords({ days: 90, from, by: null, by_name: 'Ann', at: from - day }, noon);
  const words = 'Messages older than 90 days are deleted on every computer';
  it('says when it begins', () => {
    expect(kept(noon - 1)).toBe(words);
    expect(kept(noon + 3_600_000)).toBe(`${words} from today on`);
    expect(kept(noon + day)).toBe(`${words} from tomorrow on`);
  });
});

const device = (more: Partial<MemberDevice>): MemberDevice => ({
  device: 'd',
  name: 'bo-desktop',
  path: 'none',
  rtt_ms: null,
  last_seen: null,
  away_since: null,
  has_all: false,
  missing: 3,
  ...more,
});
const member = (devices: MemberDevice[]): Member => ({
  person: 'p',
  name: 'Bo',
  picture: null,
  hue: 1,
  level: 'write',
  guest: false,
  me: false,
  joined: 0,
  presence: devices.some(({ path }) => path !== 'none') ? 'online' : 'offline',
  devices,
});

describe('how a person is reached', () => {
  const now = Date.parse('2026-11-20T13:00:00Z');

  it('is told by the best of their devices', () => {
    const bo = member([device({}), device({ path: 'direct', rtt_ms: 0.4 })]);
    expect(reachWord(bo, now)).toBe('bo-desktop · direct, 0.4 ms');
    expect(presenceOf(bo)).toBe('online');
    expect(presenceOf(member([device({ path: 'relay' })]))).toBe('relay');
  });

  it('says since when they are offline', () => {
    expect(reachWord(member([device({ last_seen: now - 3 * 86_400_000 })]), now)).toBe(
      `offline since ${formatWhen(now - 3 * 86_400_000, now)}`,
    );
    expect(reachWord(member([device({})]), now)).toBe('not seen yet');
  });

  it('says since when nobody is at any of their devices', () => {
    const since = now - 2 * 86_400_000;
    const devices = [
      device({ path: 'direct', away_since: since }),
      device({ path: 'relay', away_since: since - 5 }),
      device({}),
    ];
    const bo = { ...member(devices), presence: 'away' as const };
    expect(reachWord(bo, now)).toBe(`away since ${formatWhen(since, now)} · bo-desktop`);
    expect(presenceOf(bo)).toBe('away');
    expect(devices.map((one) => deviceState(one, now).word)).toEqual([
      `away since ${formatWhen(since, now)}`,
      `away since ${formatWhen(since - 5, now)}`,
      'offline, not seen yet',
    ]);
    expect(deviceState(device({ path: 'relay' }), now)).toEqual({
      presence: 'relay',
      word: 'online',
    });
  });

  it('counts what waits for them, unless one device has all', () => {
    expect(missingOf(member([device({ missing: 12 }), device({ missing: 3 })]))).toBe(3);
    expect(missingOf(member([device({}), device({ has_all: true, missing: 0 })]))).toBeNull();
  });

  it('is not told while the own node does not answer', () => {
    const bo = member([device({ path: 'direct', rtt_ms: 0.4 })]);
    expect(reachWord(bo, now, true)).toBe('not known right now');
    expect(presenceOf(bo, true)).toBe('unknown');
    expect(reachWord({ ...bo, me: true }, now, true)).toBe('this is you');
  });

  it('sums up the network', () => {
    expect(peersWord([])).toBe('nobody yet');
  });
});

describe('transfers and files', () => {
  const transfer: Transfer = {
    id: 't',
    file: 'f',
    name: 'x',
    space: 's',
    done: 2_600_000_000,
    size: 4_200_000_000,
    rate: 96_400_000,
    folder: '/home/bo/files/Harbour',
    eta_s: 27,
    from: [
      { device: 'a', name: 'Bo', path: 'direct' },
      { device: 'b', name: 'Bo', path: 'direct' },
      { device: 'c', name: 'Cy', path: 'relay' },
    ],
    state: 'running',
    path: null,
    error: null,
  };

  it('says how much, from whom, how fast, how long', () => {
    expect(transferWord(transfer)).toBe(
      '2.6 GB of 4.2 GB · 0:27 left · 96.4 MB/s · from Bo and Cy',
    );
    expect(transferWord({ ...transfer, state: 'paused' })).toBe('paused · 2.6 GB of 4.2 GB');
    expect(transferWord({ ...transfer, state: 'failed', error: 'The disk is full.' })).toBe(
      'The disk is full.',
    );
    expect(transferWord(transfer, true)).toBe('2.6 GB of 4.2 GB');
    expect(transferWord({ ...transfer, rate: 0, eta_s: null, from: [] })).toBe('2.6 GB of 4.2 GB');
  });

  const file = (more: Partial<SharedFile>): SharedFile => ({
    id: 'f',
    name: 'a/b.txt',
    size: 1,
    blob: 'b',
    author: 'p',
    author_name: 'Bo',
    time: 0,
    held_by: 1,
    holders: [],
    here: false,
    path: null,
    media: null,
    state: 'remote',
    transfer: null,
    ...more,
  });

  it('names the one who is needed and not there', () => {
    const dee = { person: 'd', name: 'Dee Rao', online: false };
    expect(fileWord(file({ holders: [dee] }))).toMatchObject({
      meaning: 'wait',
      word: 'Dee is offline',
    });
    expect(fileWord(file({ holders: [{ ...dee, online: true }] })).word).toBe('not here');
    expect(fileWord(file({ holders: [dee] }), true).word).toBe('not here');
    expect(fileWord(file({ state: 'here', here: true })).meaning).toBe('held');
  });

  it('splits a path', () => {
    expect(splitPath('Drawings/Quay/a.dwg')).toEqual({ name: 'a.dwg', folder: 'Drawings › Quay' });
    expect(splitPath('a.dwg')).toEqual({ name: 'a.dwg', folder: '' });
  });
});

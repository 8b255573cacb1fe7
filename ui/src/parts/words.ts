/** The words for state, the same everywhere: in the page, in the command line, in the guide. */
import type {
  Level,
  Member,
  MemberDevice,
  Message,
  Path,
  Peer,
  Problem,
  Retention,
  Settings,
  SharedFile,
  Transfer,
} from '~/api/types';
import type { Presence } from '~/kit/Avatar';
import {
  dayOf,
  formatAhead,
  formatClock,
  formatDuration,
  formatRate,
  formatRtt,
  formatSince,
  formatSize,
  formatWhen,
  listNames,
} from '~/kit/format';
import type { Meaning } from '~/kit/Pill';
import { plainName } from '~/kit/text';

export const undeliveredMeans = 'Not delivered: you had been removed, or could not write.';

/** `waiting`, `sent`, `held by 3 of 7`. In a space of one there is nobody to hold anything. */
export function stateWord(
  message: Pick<Message, 'state' | 'held_by' | 'of'>,
  /** Those in the space who are online do not let this device in. */
  shutOut = false,
): string {
  if (message.state === 'undelivered') return 'not delivered';
  if (message.of <= 1) return 'only you';
  if (message.state === 'waiting') return shutOut ? 'reaches nobody' : 'waiting';
  if (message.held_by >= message.of) return `held by all ${message.of}`;
  // Its author and one more: that it left this device is the news.
  return message.held_by <= 2 ? 'sent' : `held by ${message.held_by} of ${message.of}`;
}

export function stateMeans(
  message: Pick<Message, 'state' | 'held_by' | 'of'>,
  shutOut = false,
): string {
  if (message.state === 'undelivered') return undeliveredMeans;
  if (message.of <= 1) return 'Nobody else is in this space yet.';
  if (message.state === 'waiting' && shutOut) {
    return 'Only on this device: those who are online do not let it in. You were probably removed.';
  }
  if (message.state === 'waiting') return 'Only on this device; nobody else has it yet.';
  if (message.held_by <= 2 && message.of > 2) return 'At least one other member has it, verified.';
  const all = message.held_by >= message.of;
  return `${all ? `All ${message.of}` : `${message.held_by} of ${message.of}`} have it on their own disks.`;
}

/** How long the messages of a space stay; `now` tells whether that has begun. */
export function retentionWords({ days, from }: Retention, now: number): string {
  const words = `Messages older than ${days} days are deleted on every computer`;
  if (now >= from) return words;
  const today = new Date(now).toDateString() === new Date(from).toDateString();
  return `${words} from ${today ? 'today' : 'tomorrow'} on`;
}

/** Bytes that a message may have. */
const messageBytes = 32 * 1024;

/** What to do about words that are too many for one message; null while they fit. */
export function tooLong(text: string): string | null {
  // No letter takes more than three bytes for each of its units.
  if (text.length * 3 <= messageBytes) return null;
  const bytes = new TextEncoder().encode(text.trim()).length;
  if (bytes <= messageBytes) return null;
  return `Too long for a message by ${formatSize(bytes - messageBytes)}: shorten it, or share it as a file.`;
}

export const levelWords: Record<Level, string> = {
  read: 'can read',
  write: 'can write',
  manage: 'can manage',
};

export const levelNotes: Record<Level, string> = {
  read: 'Reads messages and fetches files.',
  write: 'Reads, writes messages and shares files.',
  manage: 'Does all that, invites and removes people, and changes what they may do.',
};

/** A path as far as it is known: while the own node does not answer, it is not. */
export type KnownPath = Path | 'self' | 'unknown';

export function pathWord(path: KnownPath, lan = false): string {
  switch (path) {
    case 'direct':
      return lan ? 'direct · LAN' : 'direct';
    case 'relay':
      return 'relay';
    case 'self':
      return 'this device';
    case 'none':
      return 'offline';
    case 'unknown':
      return 'unknown';
  }
}

export const pathMeaning: Record<KnownPath, Meaning> = {
  direct: 'held',
  relay: 'wait',
  none: 'off',
  unknown: 'off',
  self: 'accent',
};

/** What stands for every path and presence while the own node does not answer. */
export const unknownWord = 'not known right now';

/**
 * `bo-desktop · direct, 0.4 ms`, since when nobody is at it, or since when they are offline. The best path of all devices counts. `silent`: the own node
 * does not answer.
 */
export function reachWord(member: Member, now: number, silent = false): string {
  if (member.me) return 'this is you';
  if (silent) return unknownWord;
  const device = bestDevice(member);
  if (device !== undefined && device.path !== 'none') {
    const rtt = device.rtt_ms === null ? '' : `, ${formatRtt(device.rtt_ms)}`;
    const since = awaySince(member);
    if (since !== null) return `away since ${formatSince(since, now)} · ${plainName(device.name)}`;
    return `${plainName(device.name)} · ${pathWord(device.path)}${rtt}`;
  }
  const seen = Math.max(0, ...member.devices.map(({ last_seen }) => last_seen ?? 0));
  return seen === 0 ? 'not seen yet' : `offline since ${formatSince(seen, now)}`;
}

const order: (Path | 'self')[] = ['self', 'direct', 'relay', 'none'];

export const bestDevice = (member: Member) =>
  [...member.devices].sort((a, b) => order.indexOf(a.path) - order.indexOf(b.path))[0];

export function presenceOf(member: Member, silent = false): Presence {
  if (silent) return 'unknown';
  if (member.presence !== 'online') return member.presence;
  return bestDevice(member)?.path === 'relay' ? 'relay' : 'online';
}

/** Since when nobody is at any of their devices that are reached; null when somebody is, or none is. */
export function awaySince(member: Member): number | null {
  if (member.presence !== 'away') return null;
  return Math.max(0, ...member.devices.map(({ away_since }) => away_since ?? 0));
}

/** Whether somebody is at a device: a word, and the shape that goes with it. */
export function deviceState(
  device: Pick<MemberDevice, 'path' | 'away_since' | 'last_seen'>,
  now: number,
): { presence: Presence; word: string } {
  if (device.path === 'none') {
    const seen =
      device.last_seen === null ? 'not seen yet' : `last seen ${formatWhen(device.last_seen, now)}`;
    return { presence: 'offline', word: `offline, ${seen}` };
  }
  if (device.away_since !== null) {
    return { presence: 'away', word: `away since ${formatSince(device.away_since, now)}` };
  }
  return { presence: device.path === 'relay' ? 'relay' : 'online', word: 'online' };
}

/** What their best-supplied device lacks of what this one knows. Null: has all. */
export function missingOf(member: Member): number | null {
  if (member.devices.some(({ has_all }) => has_all)) return null;
  return Math.min(...member.devices.map(({ missing }) => missing));
}

/** Until when it is quiet now: `Quiet until 14:10`. */
export function quietWord({ paused_until, quiet }: Settings): string {
  if (paused_until !== null) {
    const day = dayOf(paused_until) - dayOf(Date.now());
    const clock = formatClock(paused_until);
    return day <= 0 ? `Quiet until ${clock}` : `Quiet until ${formatAhead(paused_until)}, ${clock}`;
  }
  return quiet === null ? 'Quiet' : `Quiet until ${quiet.to}`;
}

/** The colour of the dot where problems wait: red when one of them needs somebody. */
export const problemDot = (problems: Problem[]): string =>
  problems.some(({ severity }) => severity === 'error') ? 'bg-need' : 'bg-wait';

/** `5 direct, 1 by relay, 2 offline`. */
export function peersWord(peers: Peer[]): string {
  const count = (path: Path) => peers.filter((peer) => peer.path === path).length;
  const words = [
    [count('direct'), 'direct'],
    [count('relay'), 'by relay'],
    [count('none'), 'offline'],
  ] as const;
  const some = words.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  return some.length === 0 ? 'nobody yet' : some.join(', ');
}

/**
 * What a transfer does: `2.6 GB of 4.2 GB · 0:27 left · 96.4 MB/s · from Bo and Cy`. `brief`: as much of it as has room in a
 * list.
 */
export function transferWord(transfer: Transfer, silent = false, brief = false): string {
  const names = [...new Set(transfer.from.map(({ name }) => plainName(name)))];
  const from = names.length === 0 ? '' : `from ${listNames(names)}`;
  const parts = (...words: string[]) => words.filter((word) => word !== '').join(' · ');
  const soFar = `${formatSize(transfer.done)} of ${formatSize(transfer.size)}`;
  switch (transfer.state) {
    case 'running':
      if (silent) return soFar;
      return parts(
        soFar,
        transfer.eta_s === null ? '' : `${formatDuration(transfer.eta_s)} left`,
        transfer.rate >= 1 && !brief ? formatRate(transfer.rate) : '',
        brief ? '' : from,
      );
    case 'paused':
      return parts('paused', soFar);
    case 'waiting':
      return parts('waiting for someone who has it', soFar);
    case 'failed':
      return transfer.error ?? 'It stopped.';
    case 'done':
      return formatSize(transfer.size);
  }
}

export interface FileWord {
  meaning: Meaning;
  word: string;
  about: string;
}

export function fileWord(file: SharedFile, silent = false): FileWord {
  switch (file.state) {
    case 'here':
      return { meaning: 'held', word: 'here', about: 'Whole and verified on this device.' };
    case 'changed':
      return {
        meaning: 'wait',
        word: 'changed',
        about:
          'The file on this disk is no longer the one that was shared. Share it again to pass on the new one.',
      };
    case 'missing':
      return {
        meaning: 'need',
        word: 'missing',
        about: 'The file is no longer where it lay, and nobody else has it.',
      };
    case 'fetching':
      return { meaning: 'accent', word: 'fetching', about: 'On its way to this device.' };
    case 'remote': {
      if (silent)
        return {
          meaning: 'off',
          word: 'not here',
          about: 'It can be fetched once Compeer runs again.',
        };
      const online = file.holders.some((holder) => holder.online);
      if (online)
        return { meaning: 'off', word: 'not here', about: 'Fetch it from somebody who has it.' };
      const names = file.holders.map(({ name }) => plainName(name));
      const [only] = names;
      return names.length === 1 && only !== undefined
        ? {
            meaning: 'wait',
            word: `${only.split(' ')[0] ?? only} is offline`,
            about: `Only ${only} has it. It is fetched when they are back.`,
          }
        : {
            meaning: 'wait',
            word: 'all offline',
            about: `${listNames(names)} have it, and none of them is here now.`,
          };
    }
  }
}

/** Who has a file: names, or a plain number when there are many. */
export function holdersWord(file: SharedFile, me: string | null): string {
  const names = file.holders
    .filter(({ person }) => person !== me)
    .map(({ name }) => plainName(name).split(' ')[0] ?? '');
  if (names.length === 0) return file.here ? 'only you' : 'nobody';
  return `${listNames(names)}${file.here ? ', you' : ''}`;
}

/** `a/b/c.txt` as the name and the folders before it. */
export function splitPath(path: string): { name: string; folder: string } {
  const parts = path.split('/').filter((part) => part !== '');
  const name = parts.pop() ?? path;
  return { name, folder: parts.join(' › ') };
}

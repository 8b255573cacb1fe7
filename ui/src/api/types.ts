/**
 * The shapes of HTTP API v1. Ids are 52-character base32, times are milliseconds since the Unix
 * epoch, sizes are bytes. To be replaced by `schema.gen.ts`, generated from the node's OpenAPI.
 */

export type Level = 'read' | 'write' | 'manage';
export type Path = 'direct' | 'relay' | 'none';

export interface Problem {
  id: string;
  at: number;
  severity: 'warning' | 'error';
  code: string;
  text: string;
  hint: string;
  device: string | null;
  space: string | null;
}

export interface Peer {
  device: string;
  name: string | null;
  person: string | null;
  person_name: string | null;
  path: Path;
  /** A socket address on a direct path, the relay's URL on a relayed one. */
  address: string | null;
  rtt_ms: number | null;
  sent_bytes: number;
  received_bytes: number;
  /** Bytes per second. */
  send_rate: number;
  /** Bytes per second. */
  receive_rate: number;
  last_seen: number | null;
  spaces: string[];
  lan: boolean;
}

export interface Status {
  ready: boolean;
  version: string;
  device: string;
  device_name: string;
  /** Null before the first run has made the person. */
  person: string | null;
  name: string | null;
  picture: string | null;
  hue: number;
  home: string;
  started: number;
  peers: Peer[];
  problems: Problem[];
  listening: string[];
  relay: { url: string; connected: boolean } | null;
  lan_discovery: boolean;
}

export interface Space {
  space: string;
  name: string;
  level: Level;
  members: number;
  here_now: number;
  unread: number;
  mentions: number;
  /** Own messages that nobody else holds yet. */
  waiting: number;
  last: { at: number; text: string; author_name: string } | null;
  created: number;
  state: 'active' | 'joining' | 'removed' | 'ended';
  disk_bytes: number;
  epoch: { number: number; since: number };
}

export interface InvitePreview {
  space_name: string;
  inviter_name: string;
  level: Level;
  expires: number;
  expired: boolean;
  already_member: boolean;
}

export interface MemberDevice {
  device: string;
  name: string;
  path: Path | 'self';
  rtt_ms: number | null;
  last_seen: number | null;
  has_all: boolean;
  missing: number;
}

export interface Member {
  person: string;
  name: string;
  picture: string | null;
  hue: number;
  level: Level;
  me: boolean;
  joined: number;
  devices: MemberDevice[];
  presence: 'here' | 'away';
}

export interface Invitation {
  id: string;
  level: Level;
  uses: number;
  used: number;
  expires: number;
  created: number;
  by_name: string;
  state: 'open' | 'used' | 'expired' | 'revoked';
}

export interface NewInvitation {
  id: string;
  invite: string;
  qr_svg: string;
  file_name: string;
  expires: number;
  level: Level;
  uses: number;
}

export interface FileRef {
  id: string;
  name: string;
  size: number;
  media?: string | null;
}

export interface Message {
  id: string;
  author: string;
  author_name: string;
  author_device: string;
  mine: boolean;
  text: string;
  time: number;
  state: 'waiting' | 'sent' | 'held';
  /** Other members who have it. */
  held_by: number;
  /** Other members in all. */
  of: number;
  nonce: string | null;
  file: FileRef | null;
}

export interface MessagePage {
  messages: Message[];
  more: boolean;
}

export interface Holder {
  person: string;
  name: string;
  holds: boolean;
  since: number | null;
}

export interface Transfer {
  id: string;
  file: string;
  name: string;
  space: string;
  done: number;
  size: number;
  /** Bytes per second. */
  rate: number;
  eta_s: number | null;
  from: { device: string; name: string; path: Path }[];
  state: 'running' | 'paused' | 'waiting' | 'failed' | 'done';
  error: string | null;
}

export interface SharedFile {
  id: string;
  /** A relative path with `/`. */
  name: string;
  size: number;
  blob: string;
  author: string;
  author_name: string;
  time: number;
  held_by: number;
  holders: { person: string; name: string; online: boolean }[];
  here: boolean;
  path: string | null;
  media: string | null;
  state: 'here' | 'remote' | 'fetching' | 'changed' | 'missing';
  transfer: Transfer | null;
}

/** RFC 9457 problem document, as every error of the API is. */
export interface ProblemDocument {
  title: string;
  status: number;
  code: string;
  detail: string;
  hint: string;
}

/** What `/events` sends, one JSON object each. */
export type NodeEvent =
  | { event: 'hello' | 'lagged'; at: number }
  | { event: 'chat.message'; at: number; space: string; id: string; message: Message }
  | ({ event: 'chat.state'; at: number; space: string; id: string } & Pick<
      Message,
      'state' | 'held_by' | 'of'
    >)
  | { event: 'chat.typing'; at: number; space: string; person: string; name: string }
  | { event: 'read.changed'; at: number; space: string; unread: number; mentions: number }
  | {
      event: 'file.added' | 'file.changed';
      at: number;
      space: string;
      id: string;
      file: SharedFile;
    }
  | { event: 'file.removed'; at: number; space: string; id: string }
  | { event: 'transfer.changed'; at: number; space: string; id: string; transfer: Transfer }
  | { event: 'space.changed'; at: number; space: string; space_info: Space }
  | { event: 'space.joined' | 'space.left' | 'space.ended'; at: number; space: string }
  | {
      event: 'member.joined' | 'member.removed' | 'member.changed';
      at: number;
      space: string;
      person: string;
      name?: string;
    }
  | { event: 'profile.changed'; at: number; person: string }
  | { event: 'peer.up'; at: number; device: string; name: string | null; path: Path }
  | { event: 'peer.down'; at: number; device: string }
  | { event: 'peer.path'; at: number; device: string; path: Path; rtt_ms: number | null }
  | { event: 'problem.added'; at: number; problem: Problem }
  | { event: 'problem.dismissed'; at: number; id: string };

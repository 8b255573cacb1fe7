/** Pairs of places in the text, as they travel: where somebody's caret is, and what a comment is about. */
import { Cursor } from 'loro-crdt';
import type { Binding } from './binding';

/** Bytes of one place; longer ones are not ours. */
const most = 255;
/** Letters of what a comment is about. */
const anchorMost = 256;

export interface Range {
  anchor: Cursor;
  head: Cursor;
}

/** The length of the first place, the first, and the second. */
export function encodeRange({ anchor, head }: Range): Uint8Array | null {
  const [one, other] = [anchor.encode(), head.encode()];
  if (one.length > most || other.length > most) return null;
  const bytes = new Uint8Array(1 + one.length + other.length);
  bytes[0] = one.length;
  bytes.set(one, 1);
  bytes.set(other, 1 + one.length);
  return bytes;
}

/** Null for what is no pair of places. */
export function decodeRange(bytes: Uint8Array): Range | null {
  const length = bytes[0] ?? 0;
  if (length === 0 || bytes.length <= 1 + length || bytes.length > 1 + 2 * most) return null;
  try {
    return {
      anchor: Cursor.decode(bytes.slice(1, 1 + length)),
      head: Cursor.decode(bytes.slice(1 + length)),
    };
  } catch {
    return null;
  }
}

/** As a comment has it: base64 of letters, digits, `-` and `_` (RFC 4648, section 5). Null for what is too long for one. */
export function toAnchor(bytes: Uint8Array): string | null {
  const text = btoa(String.fromCharCode(...bytes));
  const plain = text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return plain.length <= anchorMost ? plain : null;
}

export function fromAnchor(text: string): Range | null {
  if (text.length > anchorMost) return null;
  try {
    return decodeRange(
      Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) =>
        letter.charCodeAt(0),
      ),
    );
  } catch {
    return null;
  }
}

/** Where a pair of places is now; null when it is not there any more. */
export function whereIs(
  binding: Binding,
  range: Range,
): { from: number; to: number; head: number } | null {
  try {
    const anchor = binding.positionOf(range.anchor);
    const head = binding.positionOf(range.head);
    if (anchor === null || head === null) return null;
    return { from: Math.min(anchor, head), to: Math.max(anchor, head), head };
  } catch {
    // Somebody made it up.
    return null;
  }
}

const letters = 'abcdefghijklmnopqrstuvwxyz234567';

/** Base32 as ids are written everywhere (RFC 4648, section 6, in lower case and without padding). */
export function idOf(bytes: Uint8Array): string {
  let text = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += letters[(held >> bits) & 31] ?? '';
    }
  }
  return bits > 0 ? text + (letters[(held << (5 - bits)) & 31] ?? '') : text;
}

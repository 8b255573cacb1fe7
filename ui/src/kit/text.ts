/**
 * People's words are content, never markup. This splits them into plain segments for the view to
 * draw: text, links, and characters that would act on the page instead of standing in it.
 */

export type Segment =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'mention'; text: string }
  | { kind: 'link'; text: string; href: string }
  /** A control character, shown as its code point; `name` says what it would have done. */
  | { kind: 'control'; text: string; name: string };

/**
 * Characters that are invisible or change the order of what follows: C0 and C1 controls (line
 * feed and tab excepted), bidirectional embeddings, overrides, isolates and marks, zero-width
 * space, word joiner, byte order mark, line and paragraph separators, fillers, interlinear and tag
 * characters. Joiners (U+200C, U+200D) stay: scripts and emoji need them.
 */
const controls =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]|\u034f|\u17b4|\u17b5/gu;

const names: Record<number, string> = {
  0x202a: 'left-to-right embedding',
  0x202b: 'right-to-left embedding',
  0x202c: 'end of direction change',
  0x202d: 'left-to-right override',
  0x202e: 'right-to-left override',
  0x2066: 'left-to-right isolate',
  0x2067: 'right-to-left isolate',
  0x2068: 'first strong isolate',
  0x2069: 'end of isolate',
  0x200b: 'zero-width space',
  0x200e: 'left-to-right mark',
  0x200f: 'right-to-left mark',
  0xfeff: 'byte order mark',
};

function codeOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** For places that take only a string (labels, titles, notifications). */
export function plainText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(controls, (character) => `⟨${codeOf(character)}⟩`);
}

/** For names: one line, no surrounding space, never empty. */
export function plainName(name: string): string {
  const line = plainText(name).replace(/\s+/g, ' ').trim();
  return line === '' ? 'Unnamed' : line;
}

/** Splits off control characters; the rest is handed to `next`. */
function visible(text: string, next: (text: string) => Segment[]): Segment[] {
  const segments: Segment[] = [];
  let from = 0;
  for (const match of text.matchAll(controls)) {
    if (match.index > from) segments.push(...next(text.slice(from, match.index)));
    const code = match[0].codePointAt(0) ?? 0;
    segments.push({
      kind: 'control',
      text: codeOf(match[0]),
      name: names[code] ?? 'control character',
    });
    from = match.index + match[0].length;
  }
  if (from < text.length) segments.push(...next(text.slice(from)));
  return segments;
}

/** A name or any other short text: control characters become visible, nothing else is found in it. */
export const nameSegments = (name: string): Segment[] =>
  visible(name, (text) => [{ kind: 'text', text }]);

/** What may stand in words: http(s) links, and mentions of the given names. */
export function lineSegments(text: string, people: string[] = []): Segment[] {
  const mention = mentionPattern(people);
  return visible(text, (part) => inline(part, mention));
}

const fewEmoji =
  /^\s*(?:\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier}|\u200d\p{Extended_Pictographic})*\s*){1,3}$/u;

/** One to three emoji and nothing else: said with a face, and drawn large enough to see it. */
export const isEmoji = (message: string): boolean => message.length <= 64 && fewEmoji.test(message);

function inline(text: string, mention: RegExp | null): Segment[] {
  const pattern = /https?:\/\/[^\s<>"`]+/giu;
  const segments: Segment[] = [];
  let from = 0;
  const plain = (part: string) => segments.push(...mentions(part, mention));
  for (const match of text.matchAll(pattern)) {
    const address = trimAddress(match[0]);
    const end = match.index + address.length;
    const found = link(address);
    if (found === null) continue;
    if (match.index > from) plain(text.slice(from, match.index));
    segments.push(found);
    from = end;
  }
  if (from < text.length) plain(text.slice(from));
  return segments;
}

/** Punctuation that ends a sentence is not part of the address; a bracket is if it was opened in it. */
function trimAddress(address: string): string {
  let end = address.length;
  for (;;) {
    const last = address[end - 1];
    if (last === undefined) return address;
    const inside = address.slice(0, end);
    const pair = { ')': '(', ']': '[', '}': '{' }[last];
    const closes = pair !== undefined && inside.split(pair).length >= inside.split(last).length;
    if (closes || !/[.,;:!?'"’”»)\]}*_]/u.test(last)) return inside;
    end -= 1;
  }
}

function link(address: string): Segment | null {
  const href = addressOf(address);
  return href === null ? null : { kind: 'link', text: address, href };
}

/** Where a link leads, if it may lead there: the web or a mail program, and with no name or password in it. */
export function addressOf(address: string): string | null {
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  if (url.protocol === 'mailto:') return url.href;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
  if (url.hostname === '' || url.username !== '' || url.password !== '') return null;
  // Shown as typed, opened as understood: this has a look-alike host in its ASCII form.
  return url.href;
}

function mentionPattern(people: string[]): RegExp | null {
  const escaped = people
    .flatMap((name) => [name, name.split(' ')[0] ?? ''])
    .filter((name) => name.length > 1)
    .sort((a, b) => b.length - a.length)
    // Only what means something in a pattern: with the flag u, any other escape is an error.
    .map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  return escaped.length === 0
    ? null
    : new RegExp(`(?<![\\p{L}\\p{N}])@(?:${escaped.join('|')})(?![\\p{L}\\p{N}])`, 'giu');
}

function mentions(text: string, pattern: RegExp | null): Segment[] {
  if (pattern === null) return [{ kind: 'text', text }];
  const segments: Segment[] = [];
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > from) segments.push({ kind: 'text', text: text.slice(from, match.index) });
    segments.push({ kind: 'mention', text: match[0] });
    from = match.index + match[0].length;
  }
  if (from < text.length) segments.push({ kind: 'text', text: text.slice(from) });
  return segments;
}

/** Two letters for a picture that is not there: first and last word, or the first two letters; no remark in brackets behind. */
export function initials(name: string): string {
  const words = name
    .replace(controls, '')
    .replace(/(\S)\s*\([^()]*\)\s*$/u, '$1')
    .split(/[\s_-]+/u)
    .map((word) => [...word.matchAll(/[\p{L}\p{N}]/gu)].map(([letter]) => letter))
    .filter((letters) => letters.length > 0);
  const first = words[0]?.[0] ?? '?';
  const second = words.length > 1 ? words.at(-1)?.[0] : words[0]?.[1];
  return (first + (second ?? '')).toUpperCase();
}

/** Where a link on a page may lead: the web, a mail program, or a place of one of our spaces. Nothing else becomes an address. */
import { addressOf } from '~/kit/text';

/** `compeer:SPACE/page/ID`, and so on; the same on every computer, unlike the address of the page in a browser. */
const place =
  /^compeer:(?<space>[a-z2-7]{52})\/(?:(?<kind>page|issue|board|topic)\/(?<id>[a-z2-7]{52})(?:#(?<said>[a-z2-7]{52}))?|chat(?:#(?<message>[a-z2-7]{52}))?)$/;

export type PlaceKind = 'page' | 'issue' | 'board' | 'topic';

export const placeHref = (space: string, kind: PlaceKind, id: string) =>
  `compeer:${space}/${kind}/${id}`;

const paths: Record<PlaceKind, string> = {
  page: 'page',
  issue: 'issue',
  board: 'boards',
  topic: 'topic',
};

/** The address within the page of a `compeer:` link; null for any other. */
export function placeIn(href: string): string | null {
  const found = place.exec(href)?.groups;
  if (found === undefined) return null;
  const { space = '', kind, id = '', said, message } = found;
  if (kind === undefined) return `/s/${space}/chat${message === undefined ? '' : `#${message}`}`;
  return `/s/${space}/${paths[kind as PlaceKind]}/${id}${said === undefined ? '' : `#${said}`}`;
}

const kinds: Record<string, PlaceKind> = {
  page: 'page',
  issue: 'issue',
  boards: 'board',
  topic: 'topic',
};

/** The `compeer:` link for an address of this page, such as one that was copied from the browser; null for any other. */
export function placeOfAddress(address: string, origin: string): string | null {
  if (!address.startsWith(`${origin}/`)) return null;
  const found =
    /^\/s\/([a-z2-7]{52})\/(?:(page|issue|boards|topic)\/([a-z2-7]{52})|(chat))(#[a-z2-7]{52})?$/.exec(
      address.slice(origin.length),
    );
  if (found === null) return null;
  const [, space = '', kind, id = '', , hash = ''] = found;
  const href =
    kind === undefined
      ? `compeer:${space}/chat${hash}`
      : `${placeHref(space, kinds[kind] ?? 'page', id)}${hash}`;
  return safeHref(href);
}

/** The address that a link may have, made plain; null when it must not be one. */
export function safeHref(said: unknown): string | null {
  if (typeof said !== 'string' || said.length > 2048) return null;
  return place.test(said) ? said : addressOf(said);
}

/** What somebody typed as an address: the web is meant when nothing is said. */
export function typedHref(said: string, origin: string): string | null {
  const text = said.trim();
  const own = placeOfAddress(text, origin);
  if (own !== null) return own;
  if (/^[a-z][a-z0-9+.-]*:/i.test(text) && !/^[\w.-]+:\d+/.test(text)) return safeHref(text);
  if (/^[^\s@/]+@[^\s@/]+\.[^\s@/]+$/.test(text)) return safeHref(`mailto:${text}`);
  return /^[^\s/]+\.[^\s]+$/.test(text) ? safeHref(`https://${text}`) : null;
}

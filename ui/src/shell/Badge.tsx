/** The tab says how much is unread: in its title, and as a dot on its icon. */
import { useEffect } from 'react';
import { useSpaces } from '~/api/queries';
import { plainName } from '~/kit/text';
import { useUnread } from './unread';

const icon = (dot: string) =>
  `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#4a4ad8"/><g fill="none" stroke="#fff" stroke-width="2.2" stroke-linecap="round"><circle cx="16" cy="9" r="3"/><circle cx="8.5" cy="22" r="3"/><circle cx="23.5" cy="22" r="3"/><path d="m14.6 11.7-4.5 7.6M17.4 11.7l4.5 7.6M11.5 22h9"/></g>${dot}</svg>`,
  )}`;
const withDot = icon(
  '<circle cx="25" cy="7" r="7" fill="#b3261e" stroke="#fff" stroke-width="2"/>',
);

export function Badge({ place }: { place: string }) {
  const spaces = useSpaces().data;
  const unreadOf = useUnread();
  const unread = (spaces ?? []).reduce((sum, space) => sum + unreadOf(space), 0);
  useEffect(() => {
    const count = unread === 0 ? '' : `(${unread > 99 ? '99+' : unread}) `;
    document.title = `${count}${place === '' ? '' : `${plainName(place)} · `}Compeer`;
    const link = document.querySelector<HTMLLinkElement>('link[rel=icon]');
    if (link) link.href = unread === 0 ? '/favicon.svg' : withDot;
  }, [unread, place]);
  return null;
}

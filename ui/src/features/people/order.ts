/** People in the order in which one looks for them: online, then away, then offline, then by name, oneself last. */
import type { Member, Presence } from '~/api/types';

const names = new Intl.Collator(undefined, { sensitivity: 'base' });

const order: Presence[] = ['online', 'away', 'offline'];

export function orderMembers(members: Member[]): Member[] {
  const rank = (member: Member) => (member.me ? 3 : order.indexOf(member.presence));
  return [...members].sort((a, b) => rank(a) - rank(b) || names.compare(a.name, b.name));
}

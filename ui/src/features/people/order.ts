/** People in the order in which one looks for them: here before away, then by name, oneself last. */
import type { Member } from '~/api/types';

const names = new Intl.Collator(undefined, { sensitivity: 'base' });

export function orderMembers(members: Member[]): Member[] {
  const rank = (member: Member) => (member.me ? 2 : member.presence === 'here' ? 0 : 1);
  return [...members].sort((a, b) => rank(a) - rank(b) || names.compare(a.name, b.name));
}

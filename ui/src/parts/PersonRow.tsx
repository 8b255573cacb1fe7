/** A member: who, how they are reached, and whether they have everything. */
import { ownUrl, silent } from '~/api/client';
import { useStore } from '~/api/store';
import type { Member } from '~/api/types';
import { Avatar } from '~/kit/Avatar';
import { formatCount } from '~/kit/format';
import { Pill } from '~/kit/Pill';
import { Name } from '~/kit/Text';
import { GuestMark } from './Guests';
import { missingOf, presenceOf, reachWord } from './words';

export function MemberAvatar({
  member,
  size,
  quiet = false,
}: {
  member: Member;
  size?: 'xs' | 's' | 'm' | 'l' | 'xl';
  /** Without the presence dot. */
  quiet?: boolean;
}) {
  const down = useStore(silent);
  return (
    <Avatar
      name={member.name}
      hue={member.hue}
      picture={ownUrl(member.picture)}
      {...(size ? { size } : {})}
      presence={quiet ? null : presenceOf(member, down)}
    />
  );
}

export function SupplyPill({ member }: { member: Member }) {
  const missing = missingOf(member);
  return missing === null ? (
    <Pill meaning="held" title="Has everything that this device has.">
      has all
    </Pill>
  ) : (
    <Pill meaning="wait" title="Entries on this device that none of their devices has yet.">
      {formatCount(missing)} waiting
    </Pill>
  );
}

export function PersonRow({ member, now }: { member: Member; now: number }) {
  const down = useStore(silent);
  return (
    <div className="flex min-w-0 flex-1 items-center gap-2.5 py-1.5">
      <MemberAvatar member={member} size="l" />
      <div className="min-w-0 flex-1">
        <div className="flex items-center gap-2">
          <span className="min-w-0 truncate">
            <Name>{member.name}</Name>
          </span>
          {member.guest && <GuestMark />}
        </div>
        <div className="truncate text-tiny text-text-3 nums">{reachWord(member, now, down)}</div>
      </div>
      {!member.me && <SupplyPill member={member} />}
    </div>
  );
}

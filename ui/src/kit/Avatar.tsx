/** A person: their picture, or two letters on their own colour, and how they are reached. */
import { initials } from './text';

/** `away` is reached, but nobody is at it. */
export type Presence = 'online' | 'relay' | 'away' | 'offline' | 'unknown';

const dots: Record<Presence, string> = {
  online: 'bg-held',
  // Half a dot: reached, but not directly.
  relay:
    'bg-[linear-gradient(90deg,var(--wait)_50%,var(--raised)_50%)] ring-[1.5px] ring-inset ring-wait',
  // A crescent, as of the moon.
  away: 'bg-[radial-gradient(circle_at_78%_22%,var(--raised)_0_46%,var(--wait)_50%)]',
  offline: 'bg-raised ring-[1.5px] ring-inset ring-text-3',
  unknown: 'bg-(--line-strong)',
};

const sizes = {
  xs: 'size-[18px] text-[8px]',
  s: 'size-[22px] text-[10px]',
  m: 'size-7 text-[11px]',
  l: 'size-9 text-[13px]',
  xl: 'size-20 text-[26px]',
};

export interface AvatarProps {
  name: string;
  hue: number;
  picture?: string | null;
  size?: keyof typeof sizes;
  presence?: Presence | null;
  className?: string;
}

/** The dot alone, for a device: a word stands beside it. */
export const PresenceDot = ({ presence }: { presence: Presence }) => (
  <span
    aria-hidden="true"
    className={`inline-block size-[9px] flex-none rounded-full ${dots[presence]}`}
  />
);

/** Decoration: the name stands beside it, or the element around it is labelled. */
export function Avatar({ name, hue, picture, size = 's', presence, className = '' }: AvatarProps) {
  return (
    <span
      aria-hidden="true"
      className={`relative inline-block flex-none align-top ${sizes[size]} ${className}`}
    >
      <span
        style={{ '--hue': hue } as React.CSSProperties}
        className="grid size-full place-items-center overflow-hidden rounded-full font-semibold hue-fill select-none"
      >
        {picture ? (
          <img
            src={picture}
            alt=""
            className="size-full rounded-full border border-line object-cover"
            draggable={false}
          />
        ) : (
          initials(name)
        )}
      </span>
      {presence && (
        <span
          className={`absolute box-content rounded-full border-2 border-(--around,var(--panel)) ${size === 'l' ? '-right-0.5 -bottom-0.5 size-[9px]' : '-right-1 -bottom-1 size-[7px]'} ${dots[presence]}`}
        />
      )}
    </span>
  );
}

/** A state in a word, in the colour of its meaning and with a shape, so that it never is colour alone. */
import type { ReactNode } from 'react';
import { Icon, type IconName } from './Icon';

export type Meaning = 'held' | 'wait' | 'need' | 'off' | 'accent';

const looks: Record<Meaning, string> = {
  held: 'bg-held-soft text-held',
  wait: 'bg-wait-soft text-wait',
  need: 'bg-need-soft text-need',
  off: 'bg-soft text-text-2',
  // On a chosen row, which has the same colour, `--pill` sets it off.
  accent: 'bg-(--pill,var(--accent-soft)) text-accent-text',
};

const icons: Partial<Record<Meaning, IconName>> = { held: 'check', wait: 'clock', need: 'alert' };

export function Pill({
  meaning,
  icon,
  children,
  title,
}: {
  meaning: Meaning;
  /** Instead of the meaning's own shape; null for none. */
  icon?: IconName | null;
  children: ReactNode;
  title?: string;
}) {
  const shape = icon === undefined ? icons[meaning] : icon;
  return (
    <span
      title={title}
      className={`inline-flex items-center gap-1 rounded-[10px] px-2 text-[12px]/5 font-medium whitespace-nowrap nums ${looks[meaning]}`}
    >
      {shape && <Icon name={shape} size={12} weight={2.2} />}
      {children}
    </span>
  );
}

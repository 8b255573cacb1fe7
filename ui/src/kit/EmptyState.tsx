/** A place with nothing in it yet: one line that explains it, and the one next action. */
import type { ReactNode } from 'react';
import { Icon, type IconName } from './Icon';

export function EmptyState({
  icon,
  title,
  children,
  actions,
  top = false,
}: {
  icon: IconName;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
  /** There is nothing else on the page, so this is its heading. */
  top?: boolean;
}) {
  const Heading = top ? 'h1' : 'h2';
  return (
    <div className="m-auto max-w-md p-6 text-center">
      <Icon name={icon} size={48} weight={1.2} className="mx-auto text-accent" />
      <Heading className="mt-3 mb-1 text-title font-semibold">{title}</Heading>
      {children && <div className="text-balance text-text-2">{children}</div>}
      {actions && <div className="mt-5 flex flex-wrap justify-center gap-2">{actions}</div>}
    </div>
  );
}

/** What stands where something is being fetched: reserved space, and after a moment a word. */
export function Loading({ label = 'Loading' }: { label?: string }) {
  return (
    <div role="status" className="m-auto animate-late p-6 text-small text-text-3">
      {label}…
    </div>
  );
}

/** Something could not be shown: why, and the way to try again. */
export function Failure({ children, retry }: { children: ReactNode; retry?: ReactNode }) {
  return (
    <div role="alert" className="m-auto max-w-md p-6 text-center">
      <Icon name="alert" size={32} className="mx-auto text-need" />
      <p className="mt-3 text-text-2">{children}</p>
      {retry && <div className="mt-4 flex justify-center">{retry}</div>}
    </div>
  );
}

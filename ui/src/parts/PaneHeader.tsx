/** The top of a pane: where this is, one line about it, and what can be done here. */
import { useRouter } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { IconButton } from '~/kit/Button';
import { usePhone } from '~/kit/hooks';
import { Name } from '~/kit/Text';

export function PaneHeader({
  title,
  space,
  about,
  back,
  children,
}: {
  title: ReactNode;
  /** The space's name: a phone shows nothing else that says it. */
  space?: string;
  about?: ReactNode;
  /** Where the arrow of a phone leads; none where there is no way back. */
  back?: string | (() => void) | undefined;
  children?: ReactNode;
}) {
  const phone = usePhone();
  const router = useRouter();
  return (
    <header
      className={`flex h-13 flex-none items-center gap-2.5 border-b border-line px-4 phone:gap-1 phone:pr-1 ${back === undefined ? 'phone:pl-3' : 'phone:pl-1'}`}
    >
      {phone && back !== undefined && (
        <IconButton
          icon="back"
          label="Back"
          onClick={() => (typeof back === 'string' ? void router.navigate({ to: back }) : back())}
        />
      )}
      <h1 className="min-w-0 truncate text-body font-semibold phone:pl-1">
        {title}
        {space !== undefined && (
          <span className="font-normal text-text-3 desk:hidden">
            {' '}
            · <Name>{space}</Name>
          </span>
        )}
      </h1>
      {about !== undefined && (
        <div className="min-w-0 truncate text-small text-text-3 nums phone:hidden">{about}</div>
      )}
      <div className="ml-auto flex flex-none items-center gap-1">{children}</div>
    </header>
  );
}

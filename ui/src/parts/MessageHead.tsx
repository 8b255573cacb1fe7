/** Who wrote a message, and when: at its side and above it. */
import type { ReactNode } from 'react';
import { ownUrl } from '~/api/client';
import type { Member, Message } from '~/api/types';
import { Avatar } from '~/kit/Avatar';
import { Tip } from '~/kit/Tip';
import { formatClock, formatExact, formatShortClock } from '~/kit/format';
import { plainName } from '~/kit/text';
import { Name } from '~/kit/Text';
import { GuestMark } from './Guests';

export function MessageSide({
  head,
  author,
  message,
}: {
  head: boolean;
  author: Member | undefined;
  message: Message;
}) {
  return head ? (
    <Avatar
      size="l"
      name={message.author_name}
      hue={author?.hue ?? hueOf(message.author)}
      picture={ownUrl(author?.picture)}
      className="mt-0.5"
    />
  ) : (
    <time
      dateTime={new Date(message.time).toISOString()}
      title={formatExact(message.time)}
      className="w-full text-right text-[11px]/[22px] whitespace-nowrap text-text-3 opacity-0 nums group-focus-within:opacity-100 mouse:group-hover:opacity-100"
    >
      {formatShortClock(message.time)}
    </time>
  );
}

export function MessageHead({
  name,
  time,
  guest = false,
  imported = null,
  children,
}: {
  name: string;
  time: number;
  /** Whether it is by a guest. */
  guest?: boolean;
  /** Who imported it: then nobody has signed who wrote it, or when. */
  imported?: string | null;
  children?: ReactNode;
}) {
  return (
    <div className="flex items-baseline gap-2">
      <span className="truncate font-semibold">
        <Name>{imported === null ? name : bareName(name)}</Name>
      </span>
      {guest && <GuestMark />}
      {imported !== null && <ImportedMark by={imported} />}
      <time
        dateTime={new Date(time).toISOString()}
        title={formatExact(time)}
        className="flex-none text-tiny text-text-3 nums"
      >
        {formatClock(time)}
      </time>
      {children && (
        <span className="ml-auto flex flex-none items-center gap-3 self-center">{children}</span>
      )}
    </div>
  );
}

/** The mark stands beside the name, so the name does not say it again. */
export const bareName = (name: string) => name.replace(/ \(imported\)$/, '');

export function ImportedMark({ by }: { by: string }) {
  const means = `Imported by ${plainName(by)}, who says who wrote it and when. Compeer cannot prove it.`;
  return (
    <Tip label={means}>
      <span className="flex-none rounded-sm text-tiny text-text-3 underline decoration-dotted">
        imported<span className="sr-only">: {means}</span>
      </span>
    </Tip>
  );
}

/** For somebody who is no longer a member: the same colour for the same person, still. */
export function hueOf(person: string): number {
  let sum = 0;
  for (const letter of person) sum = (sum * 31 + letter.charCodeAt(0)) % 360;
  return sum;
}

/** A message's state, and on a press the list of who has it. */
import { useState } from 'react';
import { sentenceOf } from '~/api/client';
import { useHolders } from '~/api/queries';
import type { Holder, Message } from '~/api/types';
import { Icon } from '~/kit/Icon';
import { Popover } from '~/kit/Menu';
import { Name } from '~/kit/Text';
import { stateMeans, stateWord } from './words';

export function HoldersButton({
  space,
  message,
  tabIndex,
  shutOut,
  onOpenChange,
}: {
  space: string;
  message: Message;
  tabIndex: number;
  /** Those in the space who are online do not let this device in. */
  shutOut: boolean;
  onOpenChange?: (open: boolean) => void;
}) {
  const [open, setOpen] = useState(false);
  const waiting = message.state === 'waiting' && message.of > 1;
  const word = stateWord(message, shutOut);
  return (
    <Popover
      label="Who has this message"
      onOpenChange={(next) => {
        setOpen(next);
        onOpenChange?.(next);
      }}
      trigger={
        <button
          type="button"
          tabIndex={tabIndex}
          aria-label={`${word}. Show who has this message`}
          className={`relative -mr-1.5 flex h-[22px] flex-none items-center gap-1 rounded-md px-1.5 text-tiny whitespace-nowrap nums hover:bg-soft touch:before:absolute touch:before:-inset-[11px] touch:before:content-[''] ${waiting ? 'text-wait' : 'text-text-3'}`}
        >
          <Icon name={waiting ? 'clock' : 'check'} size={14} />
          {word}
        </button>
      }
    >
      {open && <Holders space={space} message={message} shutOut={shutOut} />}
    </Popover>
  );
}

/** Whoever lacks it first: that is what one opens the list for. */
const inOrder = (holders: Holder[]): Holder[] =>
  [...holders].sort((a, b) => Number(a.holds) - Number(b.holds) || a.name.localeCompare(b.name));

function Holders({
  space,
  message,
  shutOut,
}: {
  space: string;
  message: Message;
  shutOut: boolean;
}) {
  const { data, error } = useHolders(space, message.id, true);
  return (
    <div className="p-2">
      <p className="text-small text-text-2">{stateMeans(message, shutOut)}</p>
      {error && <p className="mt-2 text-small text-need">{sentenceOf(error)}</p>}
      <ul className="mt-1 max-h-72 overflow-y-auto" aria-busy={!data}>
        {inOrder(data ?? []).map((holder) => (
          <li key={holder.person} className="flex items-center gap-2 py-1 text-[14px]/5">
            <Icon
              name={holder.holds ? 'check' : 'clock'}
              size={14}
              className={holder.holds ? 'text-held' : 'text-wait'}
            />
            <span className="min-w-0 flex-1 truncate">
              <Name>{holder.name}</Name>
            </span>
            <span className="text-tiny text-text-3">{holder.holds ? 'has it' : 'not yet'}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

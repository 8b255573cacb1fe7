/** That a message was changed, and on a press what it said before. */
import { useState } from 'react';
import { sentenceOf } from '~/api/client';
import { useVersions } from '~/api/queries';
import type { Message } from '~/api/types';
import { formatExact } from '~/kit/format';
import { Popover } from '~/kit/Menu';
import { MessageText } from '~/kit/MessageText';

export function Edited({
  space,
  message,
  tabIndex,
}: {
  space: string;
  message: Message;
  tabIndex: number;
}) {
  const [open, setOpen] = useState(false);
  return (
    <Popover
      label="What it said before"
      align="start"
      onOpenChange={setOpen}
      trigger={
        <button
          type="button"
          tabIndex={tabIndex}
          aria-label="Edited. Show what it said before"
          title={`Edited ${formatExact(message.changed ?? message.time)}`}
          className="relative block rounded-md text-tiny text-text-3 hover:text-text hover:underline touch:before:absolute touch:before:-inset-x-2 touch:before:-inset-y-[14px] touch:before:content-['']"
        >
          edited
        </button>
      }
    >
      {open && <Versions space={space} message={message} />}
    </Popover>
  );
}

function Versions({ space, message }: { space: string; message: Message }) {
  const { data, error } = useVersions(space, message.id);
  // The newest is what stands behind this.
  const before = data?.slice(0, -1).reverse() ?? [];
  return (
    <div className="max-h-80 overflow-y-auto p-2" aria-busy={!data}>
      {error && <p className="text-small text-need">{sentenceOf(error)}</p>}
      <ol className="flex flex-col gap-3">
        {before.map((version, index) => (
          <li key={index}>
            <time
              dateTime={new Date(version.time).toISOString()}
              className="text-tiny text-text-3 nums"
            >
              {formatExact(version.time)}
            </time>
            <div className="text-[14px]/5 text-text-2">
              <MessageText text={version.text} />
            </div>
          </li>
        ))}
      </ol>
    </div>
  );
}

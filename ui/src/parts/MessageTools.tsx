/** The buttons of a message, shown over it: what is done most as buttons, the rest in a menu. */
import { useState } from 'react';
import type { Message } from '~/api/types';
import { IconButton } from '~/kit/Button';
import { Menu, MenuItem, MenuLine } from '~/kit/Menu';
import type { MessageActions } from './messageActions';
import { ReactionPicker } from './Reactions';

export function MessageTools({
  message,
  mayWrite,
  manages,
  active,
  tabIndex,
  actions,
}: {
  message: Message;
  mayWrite: boolean;
  /** Whether I may delete what others wrote. */
  manages: boolean;
  active: boolean;
  tabIndex: number;
  actions: MessageActions;
}) {
  // While a menu is open, its button stays where it is.
  const [open, setOpen] = useState(false);
  const shared = { size: 's', side: 'top', tabIndex } as const;
  const lost = message.state === 'undelivered';
  // Beside what stands at the right, and not on it.
  const place = message.mine
    ? message.pinned
      ? 'right-56'
      : 'right-36'
    : message.pinned
      ? 'right-24'
      : 'right-2';
  const answers = mayWrite && !lost;
  return (
    <div
      // Unseen, but there: the Tab key could not step onto what is only shown once it has stepped there.
      className={`absolute -top-4 z-[1] ${place} flex rounded-control border border-line bg-raised p-px shadow-raised group-focus-visible:pointer-events-auto group-focus-visible:opacity-100 group-has-focus-visible:pointer-events-auto group-has-focus-visible:opacity-100 touch:-top-11 touch:right-2 mouse:group-hover:pointer-events-auto mouse:group-hover:opacity-100 ${active ? 'touch:pointer-events-auto touch:opacity-100' : ''} ${open ? '' : 'pointer-events-none opacity-0'}`}
    >
      {answers && (
        <>
          <ReactionPicker
            onOpenChange={setOpen}
            onReact={(emoji, on) => actions.change(message, { reaction: { emoji, on } })}
            trigger={<IconButton {...shared} icon="smile" label="React" />}
          />
          <IconButton
            {...shared}
            icon="reply"
            label="Answer"
            onClick={() => actions.answer(message)}
          />
          {message.mine && message.text !== '' && (
            <IconButton
              {...shared}
              icon="pen"
              label="Edit"
              onClick={() => actions.edit(message.id)}
            />
          )}
        </>
      )}
      <Menu
        onOpenChange={setOpen}
        trigger={<IconButton {...shared} icon="more" label="More about this message" />}
      >
        {message.text !== '' && (
          <MenuItem icon="copy" onSelect={() => actions.copy(message)}>
            Copy text
          </MenuItem>
        )}
        <MenuItem icon="link" onSelect={() => actions.copyLink(message)}>
          Copy link
        </MenuItem>
        {!message.mine && (
          <MenuItem icon="bell" onSelect={() => actions.leaveUnread(message)}>
            Unread from here
          </MenuItem>
        )}
        {answers && (
          <>
            <MenuLine />
            <MenuItem
              icon="pin"
              onSelect={() => actions.change(message, { pinned: !message.pinned })}
            >
              {message.pinned ? 'Take the pin out' : 'Pin for everybody'}
            </MenuItem>
            <MenuItem icon="leave" onSelect={() => actions.move(message)}>
              Move to a topic…
            </MenuItem>
            {(message.mine || manages) && (
              <MenuItem icon="trash" danger onSelect={() => actions.remove(message)}>
                Delete for everybody
              </MenuItem>
            )}
          </>
        )}
      </Menu>
    </div>
  );
}

/** How people reacted to a message, and the way to react. */
import { useState } from 'react';
import type { Message, Reaction } from '~/api/types';
import { Button } from '~/kit/Button';
import { TextField } from '~/kit/Field';
import { listNames } from '~/kit/format';
import { Icon } from '~/kit/Icon';
import { Popover, type Trigger } from '~/kit/Menu';
import { plainName } from '~/kit/text';
import { Tip } from '~/kit/Tip';
import { offered } from './messageActions';

type React = (emoji: string, on: boolean) => void;

/** `Ann, Bo and 2 more`. */
const who = (reaction: Reaction) =>
  listNames(
    reaction.people.map(({ name }) => plainName(name)),
    5,
  );

export function Reactions({
  message,
  mayWrite,
  tabIndex,
  onReact,
}: {
  message: Message;
  mayWrite: boolean;
  tabIndex: number;
  onReact: React;
}) {
  if (message.reactions.length === 0) return null;
  return (
    <div className="mt-1 mb-0.5 flex flex-wrap gap-1">
      {message.reactions.map((reaction) => (
        <Tip key={reaction.emoji} label={who(reaction)}>
          <button
            type="button"
            tabIndex={tabIndex}
            disabled={!mayWrite}
            aria-pressed={reaction.mine}
            aria-label={`${reaction.emoji} ${reaction.people.length}, ${who(reaction)}`}
            onClick={() => onReact(reaction.emoji, !reaction.mine)}
            className={`${chip} enabled:hover:border-edge aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:text-accent-text`}
          >
            <span className="text-[15px]/5">{reaction.emoji}</span>
            <span className="text-tiny nums">{reaction.people.length}</span>
          </button>
        </Tip>
      ))}
      {mayWrite && (
        <ReactionPicker
          onReact={onReact}
          trigger={
            <button
              type="button"
              tabIndex={tabIndex}
              aria-label="React with another emoji"
              className={`${chip} text-text-3 hover:border-edge hover:text-text`}
            >
              <Icon name="smile" size={16} />
            </button>
          }
        />
      )}
    </div>
  );
}

const chip =
  'inline-flex h-[26px] min-w-9 items-center justify-center gap-1 rounded-full border border-line bg-panel px-2 text-text-2 transition-colors duration-150 touch:h-11 touch:min-w-12';

/** A few emoji to choose from, and room for any other. */
export function ReactionPicker({
  trigger,
  onReact,
  onOpenChange,
}: {
  trigger: Trigger;
  onReact: React;
  onOpenChange?: (open: boolean) => void;
}) {
  const [open, setOpen] = useState(false);
  const [other, setOther] = useState('');
  const turn = (next: boolean) => {
    setOpen(next);
    onOpenChange?.(next);
  };
  const choose = (emoji: string) => {
    turn(false);
    setOther('');
    onReact(emoji, true);
  };
  return (
    <Popover label="React" open={open} onOpenChange={turn} trigger={trigger}>
      <div className="p-1">
        <div className="grid grid-cols-8 touch:grid-cols-6">
          {offered.map((emoji) => (
            <button
              key={emoji}
              type="button"
              aria-label={`React with ${emoji}`}
              onClick={() => choose(emoji)}
              className="grid size-8 place-items-center rounded-md text-[18px] hover:bg-soft touch:size-11"
            >
              {emoji}
            </button>
          ))}
        </div>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (other.trim() !== '') choose(other.trim());
          }}
          className="mt-2 flex items-end gap-2 border-t border-line pt-2"
        >
          <div className="min-w-0 flex-1">
            <TextField label="Another emoji" value={other} onChange={setOther} maxLength={24} />
          </div>
          <Button type="submit" disabled={other.trim() === ''}>
            React
          </Button>
        </form>
      </div>
    </Popover>
  );
}

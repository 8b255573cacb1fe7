/** Where the words of a message are changed, in its place. Enter saves, Esc leaves them as they were. */
import { useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react';
import type { Message } from '~/api/types';
import { Button } from '~/kit/Button';
import { useGrowing } from '~/kit/hooks';
import type { MessageActions } from './messageActions';
import { tooLong } from './words';

export function EditBox({ message, actions }: { message: Message; actions: MessageActions }) {
  const [text, setText] = useState(message.text);
  const field = useRef<HTMLTextAreaElement>(null);
  const long = tooLong(text);
  const ready = text.trim() !== '' && long === null;
  useGrowing(field, text);
  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(-1, -1);
  }, []);
  const save = () => {
    if (!ready) return;
    if (text.trim() !== message.text) actions.change(message, { text: text.trim() });
    actions.edit(null);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Escape') actions.edit(null);
    else if (event.key === 'Enter' && !event.shiftKey && matchMedia('(hover: hover)').matches)
      save();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="my-1 rounded-card border border-accent bg-raised px-3 py-2">
      <textarea
        ref={field}
        rows={1}
        dir="auto"
        aria-label="Change the message"
        aria-invalid={long !== null || undefined}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
        className="block max-h-[38vh] w-full resize-none overflow-y-auto bg-transparent text-body outline-none touch:text-[16px]"
      />
      <div className="mt-1.5 flex items-center gap-2">
        <span className="min-w-0 flex-1 truncate text-tiny text-text-3">
          {long ?? <span className="hidden mouse:inline">Enter to save, Esc to leave it</span>}
        </span>
        <Button className="h-[30px]!" onClick={() => actions.edit(null)}>
          Cancel
        </Button>
        <Button kind="primary" className="h-[30px]!" disabled={!ready} onClick={save}>
          Save
        </Button>
      </div>
    </div>
  );
}

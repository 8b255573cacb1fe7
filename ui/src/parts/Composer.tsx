/** Where a message is written. Enter sends, Shift+Enter starts a line; a touch keyboard's Enter does too. */
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react';
import { createKeptStore } from '~/api/store';
import { Button, IconButton } from '~/kit/Button';

/** What was begun and not sent, by space: it is still there after a reload. */
const drafts = createKeptStore<Record<string, string>>('compeer.drafts', {});

function keepDraft(space: string, text: string): void {
  drafts.set((before) => {
    const others = Object.entries(before).filter(([other]) => other !== space);
    return Object.fromEntries(text === '' ? others : [...others, [space, text]]);
  });
}

export interface ComposerProps {
  space: string;
  placeholder: string;
  onSend: (text: string) => void;
  onFiles: (files: File[]) => void;
  /** Called now and then while something is being written. */
  onTyping: () => void;
}

export function Composer({ space, placeholder, onSend, onFiles, onTyping }: ComposerProps) {
  const [text, setText] = useState(() => drafts.get()[space] ?? '');
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const empty = text.trim() === '';

  useLayoutEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);

  useEffect(() => {
    // On a phone this would open the keyboard over what one came to read.
    if (matchMedia('(hover: hover)').matches) field.current?.focus({ preventScroll: true });
  }, []);

  const change = (next: string) => {
    setText(next);
    keepDraft(space, next);
    if (next !== '') onTyping();
  };
  const send = () => {
    if (empty) return;
    onSend(text.trim());
    change('');
    field.current?.focus({ preventScroll: true });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const sends =
      event.key === 'Enter' &&
      !event.shiftKey &&
      !event.nativeEvent.isComposing &&
      (event.ctrlKey || event.metaKey || matchMedia('(hover: hover)').matches);
    if (!sends) return;
    event.preventDefault();
    send();
  };

  return (
    <form
      aria-label="New message"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      className="rounded-card border border-line bg-raised px-3 pt-2.5 pb-2 shadow-raised transition-colors focus-within:border-(--line-strong)"
    >
      <textarea
        ref={field}
        id="composer"
        rows={1}
        dir="auto"
        aria-label={placeholder}
        placeholder={placeholder}
        value={text}
        onChange={(event) => change(event.target.value)}
        onKeyDown={onKeyDown}
        onPaste={(event) => {
          const files = [...event.clipboardData.files];
          if (files.length === 0) return;
          event.preventDefault();
          onFiles(files);
        }}
        className="block max-h-[38vh] w-full resize-none overflow-y-auto bg-transparent text-body outline-none touch:text-[16px]"
      />
      <div className="mt-1 flex items-center gap-0.5">
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={(event) => {
            onFiles([...(event.target.files ?? [])]);
            event.target.value = '';
          }}
        />
        <IconButton
          icon="attach"
          label="Share files"
          size="s"
          side="top"
          className="-ml-1.5"
          onClick={() => picker.current?.click()}
        />
        <span className="ml-auto pr-3 text-tiny text-text-3">
          <span className={empty ? 'hidden' : 'hidden mouse:inline'}>Enter to send</span>
        </span>
        <Button type="submit" kind="primary" disabled={empty} className="h-[30px]!">
          Send
        </Button>
      </div>
    </form>
  );
}

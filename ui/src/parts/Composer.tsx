/** Where a message is written. Enter sends, Shift+Enter starts a line; a touch keyboard's Enter does too. */
import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import { createKeptStore, useStore } from '~/api/store';
import { talkKey, type Talk } from '~/api/talk';
import { Button, IconButton } from '~/kit/Button';
import { formatSize } from '~/kit/format';
import { useGrowing } from '~/kit/hooks';
import { Icon } from '~/kit/Icon';
import { Name } from '~/kit/Text';
import { plainName } from '~/kit/text';
import { answer, answering } from './answering';
import { attach, attachments, detach, takeAttached } from './attachments';
import { fileIcon } from './FileBits';
import { complete, fitting, startedAt } from './mention';
import { MentionList } from './MentionList';
import { Quote } from './Quote';
import { tooLong } from './words';

/** What was begun and not sent, by talk: it is still there after a reload. */
const drafts = createKeptStore<Record<string, string>>('compeer.drafts', {});

/** `was`: what this tab had written so far. A draft that another tab began there is its own to discard. */
function keepDraft(key: string, text: string, was: string): void {
  drafts.set((before) => {
    if (text === '' && before[key] !== was) return before;
    const others = Object.entries(before).filter(([other]) => other !== key);
    return Object.fromEntries(text === '' ? others : [...others, [key, text]]);
  });
}

export interface ComposerProps {
  talk: Talk;
  placeholder: string;
  /** Names that can be mentioned. */
  people: string[];
  onSend: (text: string, files: File[]) => void;
  /** Called now and then while something is being written. */
  onTyping: () => void;
  /** Asked for by an arrow up in an empty field. */
  onEditLast: () => void;
  /** It does not take the focus by itself: there is more on the page than the talk. */
  quiet?: boolean;
}

const none: File[] = [];

export function Composer({
  talk,
  placeholder,
  people,
  onSend,
  onTyping,
  onEditLast,
  quiet = false,
}: ComposerProps) {
  const key = talkKey(talk);
  const [text, setText] = useState(() => drafts.get()[key] ?? '');
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const attached = useStore(attachments)[key] ?? none;
  const answered = useStore(answering)[key] ?? null;
  const [caret, setCaret] = useState<number | null>(null);
  const [chosen, setChosen] = useState(0);
  const listId = useId();
  const started = caret === null ? null : startedAt(text, caret);
  const names = started === null ? [] : fitting(people, started.query);
  const at = Math.min(chosen, names.length - 1);
  const empty = text.trim() === '' && attached.length === 0;
  const long = tooLong(text);
  const add = (files: File[]) => {
    if (files.length === 0) return;
    attach(
      talk,
      files.map((file) => ({ file, name: file.name })),
    );
    field.current?.focus({ preventScroll: true });
  };

  useGrowing(field, text);

  useEffect(() => {
    // On a phone this would open the keyboard over what one came to read.
    if (!quiet && matchMedia('(hover: hover)').matches)
      field.current?.focus({ preventScroll: true });
  }, [quiet]);

  /** Puts a name in place of what was begun. */
  const mention = (name: string | undefined) => {
    if (started === null || name === undefined) return;
    const [next, place] = complete(text, started, name);
    change(next);
    setCaret(null);
    requestAnimationFrame(() => field.current?.setSelectionRange(place, place));
    field.current?.focus({ preventScroll: true });
  };
  /** Whether a key was for the list of names. */
  const toNames = (key: string): boolean => {
    if (names.length === 0) return false;
    if (key === 'ArrowDown') setChosen((at + 1) % names.length);
    else if (key === 'ArrowUp') setChosen((at - 1 + names.length) % names.length);
    else if (key === 'Enter' || key === 'Tab') mention(names[at]);
    else if (key === 'Escape') setCaret(null);
    else return false;
    return true;
  };
  const change = (next: string) => {
    setText(next);
    keepDraft(key, next, text);
    if (next !== '') onTyping();
  };
  const send = () => {
    if (empty || long !== null) return;
    onSend(text.trim(), takeAttached(talk));
    change('');
    field.current?.focus({ preventScroll: true });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const plain = !event.nativeEvent.isComposing && !event.shiftKey && !event.ctrlKey;
    if (plain && toNames(event.key)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (event.key === 'ArrowUp' && text === '' && !event.nativeEvent.isComposing) {
      event.preventDefault();
      onEditLast();
      return;
    }
    if (event.key === 'Escape' && answered !== null) {
      event.stopPropagation();
      answer(talk, null);
      return;
    }
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
      className="relative rounded-card border border-edge bg-raised px-3 pt-2.5 pb-2 shadow-raised transition-colors focus-within:border-(--line-strong)"
    >
      {names.length > 0 && <MentionList id={listId} names={names} at={at} onChoose={mention} />}
      {answered !== null && (
        <div className="-mt-1 mb-1 flex items-center gap-2 border-b border-line pb-1">
          <span className="flex-none text-small text-text-3">Answering</span>
          <span className="min-w-0 flex-1">
            <Quote answered={answered} />
          </span>
          <IconButton
            icon="close"
            size="s"
            side="top"
            label="Answer nobody"
            onClick={() => answer(talk, null)}
          />
        </div>
      )}
      <textarea
        ref={field}
        id="composer"
        rows={1}
        dir="auto"
        aria-label={placeholder}
        placeholder={placeholder}
        value={text}
        aria-autocomplete="list"
        aria-controls={names.length > 0 ? listId : undefined}
        aria-activedescendant={names.length > 0 ? `${listId}-${at}` : undefined}
        onChange={(event) => {
          change(event.target.value);
          setCaret(event.target.selectionEnd);
          setChosen(0);
        }}
        onBlur={() => setCaret(null)}
        onKeyDown={onKeyDown}
        onPaste={(event) => {
          const files = [...event.clipboardData.files];
          if (files.length === 0) return;
          event.preventDefault();
          add(files);
        }}
        className="block max-h-[38vh] w-full resize-none overflow-y-auto bg-transparent text-body outline-none placeholder:truncate touch:text-[16px]"
      />
      {attached.length > 0 && (
        <ul aria-label="Attached" className="mt-2 flex flex-wrap gap-1.5">
          {attached.map((file, index) => (
            <Attached key={index} file={file} onRemove={() => detach(talk, file)} />
          ))}
        </ul>
      )}
      <div className="mt-1 flex items-center gap-0.5">
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={(event) => {
            add([...(event.target.files ?? [])]);
            event.target.value = '';
          }}
        />
        <IconButton
          icon="attach"
          label="Attach files"
          size="s"
          side="top"
          className="-ml-1.5 touch:-ml-3"
          onClick={() => picker.current?.click()}
        />
        <span
          role="status"
          className={`ml-auto min-w-0 pr-3 text-tiny ${long === null ? 'text-text-3' : 'text-need'}`}
        >
          {long ?? <span className={empty ? 'hidden' : 'hidden mouse:inline'}>Enter to send</span>}
        </span>
        <Button
          type="submit"
          kind="primary"
          disabled={empty || long !== null}
          className="h-[30px]!"
        >
          Send
        </Button>
      </div>
    </form>
  );
}

/** A file that goes with the next message. */
function Attached({ file, onRemove }: { file: File; onRemove: () => void }) {
  return (
    <li className="flex max-w-full items-center gap-1.5 rounded-control border border-line bg-panel pl-2 text-small">
      <Icon name={fileIcon(file.name, file.type)} size={16} className="text-text-3" />
      <span className="min-w-0 truncate">
        <Name>{file.name}</Name>
      </span>
      <span className="flex-none text-tiny text-text-3 nums">{formatSize(file.size)}</span>
      <IconButton
        icon="close"
        size="s"
        side="top"
        label={`Leave out ${plainName(file.name)}`}
        onClick={onRemove}
      />
    </li>
  );
}

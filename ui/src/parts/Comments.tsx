/** What was said at a board or a page, beside it: about a part of it, or about all of it. */
import { useEffect, useRef, useState } from 'react';
import { markRead } from '~/api/actions';
import { keys } from '~/api/cache';
import { ownUrl, sentenceOf } from '~/api/client';
import { fetchSoon } from '~/api/events';
import { useMembers } from '~/api/queries';
import type { Message } from '~/api/types';
import { Avatar } from '~/kit/Avatar';
import { Button, IconButton } from '~/kit/Button';
import { Failure, Loading } from '~/kit/EmptyState';
import { formatExact, formatWhen } from '~/kit/format';
import { useAction, useGrowing, useNow } from '~/kit/hooks';
import { MessageText } from '~/kit/MessageText';
import { Name } from '~/kit/Text';
import { useLooking } from './attention';
import { useHues } from './hues';

/** Comments that are marked as read at once. */
const mostSeen = 1000;

/** Something that was said. */
export interface Said {
  message: Message;
  /** Which part of the thing it is about; null: all of it. */
  about: string | null;
}

export function Comments({
  space,
  place,
  noun,
  query: { data, error, refetch },
  mayWrite,
  selected,
  focused,
  quote,
  onSay,
  onFocus,
  onClose,
}: {
  space: string;
  /** The board or page at which it is said. */
  place: string;
  noun: 'board' | 'page';
  query: { data: Said[] | undefined; error: Error | null; refetch: () => Promise<unknown> };
  mayWrite: boolean;
  /** The part that is selected now. */
  selected: string | null;
  /** The part whose comments are meant. */
  focused: string | null;
  /** The words that a comment is about, where it is about words. */
  quote?: (about: string) => string | null;
  onSay: (text: string, about: string | null) => Promise<void>;
  onFocus: (about: string | null) => void;
  onClose: () => void;
}) {
  const looking = useLooking();
  const unread = (data ?? [])
    .filter(({ message }) => message.unread)
    .map(({ message }) => message.id);
  const waiting = unread.join();
  useEffect(() => {
    if (!looking || waiting === '') return;
    const seen = waiting.split(',').slice(-mostSeen);
    // A breath later, so that a glance in passing reads nothing.
    const timer = setTimeout(() => {
      markRead({ space, place }, null, seen)
        .then(() => fetchSoon(keys.comments(space, place)))
        .catch(() => undefined);
    }, 300);
    return () => clearTimeout(timer);
  }, [looking, waiting, space, place]);
  return (
    <aside
      aria-label="Comments"
      className="flex w-80 flex-none flex-col border-l border-line bg-panel phone:absolute phone:inset-0 phone:z-20 phone:w-full phone:border-l-0"
    >
      <header className="flex h-11 flex-none items-center border-b border-line pr-1.5 pl-4">
        <h2 className="flex-1 font-semibold">Comments</h2>
        <IconButton icon="close" label="Close the comments" size="s" onClick={onClose} />
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto p-3">
        {error && !data ? (
          <Failure retry={<Button onClick={() => void refetch()}>Try again</Button>}>
            {sentenceOf(error)}
          </Failure>
        ) : !data ? (
          <Loading />
        ) : data.length === 0 ? (
          <p className="p-1 text-small text-text-2">
            Nothing has been said yet. Select something on the {noun} to say something about it.
          </p>
        ) : (
          <ol className="flex flex-col gap-2">
            {data.map((comment) => (
              <Row
                key={comment.message.id}
                {...{ space, comment, onFocus, quote }}
                lit={focused !== null && comment.about === focused}
              />
            ))}
          </ol>
        )}
      </div>
      {mayWrite && <Write {...{ noun, selected, onSay }} />}
    </aside>
  );
}

function Row({
  space,
  comment: { message, about },
  lit,
  quote,
  onFocus,
}: {
  space: string;
  comment: Said;
  lit: boolean;
  quote: ((about: string) => string | null) | undefined;
  onFocus: (about: string | null) => void;
}) {
  const words = about === null || quote === undefined ? null : quote(about);
  const now = useNow();
  const hue = useHues(space);
  const author = useMembers(space).data?.find(({ person }) => person === message.author);
  return (
    <li
      className={`rounded-card border bg-raised px-3 py-2.5 ${lit ? 'border-accent' : 'border-line'}`}
    >
      <div className="flex items-center gap-2">
        <Avatar
          name={message.author_name}
          hue={hue(message.author)}
          picture={ownUrl(author?.picture)}
        />
        <span className="min-w-0 flex-1 truncate text-small font-semibold">
          <Name>{message.author_name}</Name>
        </span>
        <time
          dateTime={new Date(message.time).toISOString()}
          title={formatExact(message.time)}
          className="flex-none text-tiny text-text-3 nums"
        >
          {formatWhen(message.time, now)}
        </time>
      </div>
      {words !== null && (
        <blockquote className="mt-1.5 line-clamp-2 border-l-2 border-wait pl-2 text-small text-text-2">
          <Name>{words}</Name>
        </blockquote>
      )}
      <div className="pt-1 text-[14px]/5">
        <MessageText text={message.text} />
      </div>
      {about !== null && (
        <button
          type="button"
          className="mt-1 text-small text-accent-text hover:underline touch:min-h-11"
          onClick={() => onFocus(about)}
        >
          Show what it is about
        </button>
      )}
    </li>
  );
}

function Write({
  noun,
  selected,
  onSay,
}: {
  noun: string;
  selected: string | null;
  onSay: (text: string, about: string | null) => Promise<void>;
}) {
  const label = selected === null ? `Comment on the ${noun}` : 'Comment on what is selected';
  const [text, setText] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  useGrowing(field, text);
  const { run, busy, error } = useAction(async () => {
    await onSay(text.trim(), selected);
    setText('');
  }, sentenceOf);
  const empty = text.trim() === '';
  return (
    <form
      aria-label="New comment"
      className="flex-none border-t border-line p-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (!empty) void run();
      }}
    >
      <textarea
        ref={field}
        id="new-comment"
        rows={2}
        value={text}
        aria-label={label}
        placeholder={label}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
            event.preventDefault();
            if (!empty) void run();
          }
        }}
        className="max-h-40 w-full resize-none rounded-control border border-edge bg-raised px-2.5 py-1.5 text-[14px]/5 outline-none focus:border-accent"
      />
      {error !== undefined && (
        <p role="alert" className="pt-1 text-small text-need">
          {error}
        </p>
      )}
      <div className="flex justify-end pt-2">
        <Button type="submit" kind="primary" busy={busy} disabled={empty}>
          Comment
        </Button>
      </div>
    </form>
  );
}

/** One message. Consecutive ones of one person share a head; the state stands at the right. */
import { memo, type ReactNode } from 'react';
import type { Settling } from '~/api/actions';
import { ownUrl } from '~/api/client';
import { isSendable, type Pending } from '~/api/messages';
import type { Member, Message, SharedFile } from '~/api/types';
import { Avatar } from '~/kit/Avatar';
import { IconButton } from '~/kit/Button';
import { formatClock, formatExact } from '~/kit/format';
import { Icon } from '~/kit/Icon';
import { MessageText, Name } from '~/kit/Text';
import { FileCard } from './FileBits';
import { HoldersButton } from './HoldersButton';
import { undeliveredMeans } from './words';

export interface MessageRowProps {
  space: string;
  message: Message;
  /** Shows who and when; off for the next message of the same person. */
  head: boolean;
  /** Shows the state; off where the next message says the same. */
  stated: boolean;
  /** The row the keyboard or a tap is on: its buttons are shown and can be reached. */
  active: boolean;
  /** Where the Tab key enters the list. */
  entry: boolean;
  glowing: boolean;
  author: Member | undefined;
  people: string[];
  file: SharedFile | undefined;
  /** The list of files is loaded: what is not on it is gone. */
  filesKnown: boolean;
  onActivate: (id: string) => void;
  onOpenFile: (id: string) => void;
  onCopy: (message: Message) => void;
  onCopyLink: (message: Message) => void;
  onSettle: (message: Message, how: Settling) => void;
}

export const MessageRow = memo(function MessageRow(props: MessageRowProps) {
  const { space, message, head, stated, active, author, file } = props;
  const tabIndex = active ? 0 : -1;
  const lost = message.state === 'undelivered';
  const state = message.mine && !lost && (
    <HoldersButton space={space} message={message} tabIndex={tabIndex} />
  );
  return (
    // A row is where the arrow keys stand; each of its actions is a button of its own.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <li
      id={message.id}
      data-row={message.id}
      data-nav
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={props.entry ? 0 : -1}
      onFocus={() => props.onActivate(message.id)}
      className={`group relative -mx-3 grid grid-cols-[36px_minmax(0,1fr)] gap-x-3 rounded-card px-3 outline-offset-[-2px]! focus-visible:outline-2! focus-visible:outline-accent! mouse:hover:bg-panel ${head ? 'mt-2 pt-1.5 pb-0.5' : 'py-0.5'} ${props.glowing ? 'glow' : ''}`}
    >
      <Side head={head} author={author} message={message} />
      <div className="min-w-0">
        {head ? (
          <Head name={message.author_name} time={message.time}>
            {state}
          </Head>
        ) : (
          // Its room is kept whether it is shown or not, so the words beside it never move.
          state && (
            <div
              className={`float-right ml-3 flex min-w-28 justify-end ${stated || active ? '' : 'opacity-0 mouse:group-hover:opacity-100'}`}
            >
              {state}
            </div>
          )
        )}
        <div className={lost ? 'text-text-2' : ''}>
          {message.text !== '' && <MessageText text={message.text} people={props.people} />}
        </div>
        {lost && message.file && (
          <p className="flex items-center gap-1.5 text-text-2">
            <Icon name="attach" size={16} className="text-text-3" />
            With a file
          </p>
        )}
        {lost && <Lost tabIndex={tabIndex} onSettle={(how) => props.onSettle(message, how)} />}
        {message.file && !lost && (
          <FileCard
            space={space}
            fileRef={message.file}
            file={file}
            known={props.filesKnown}
            tabIndex={tabIndex}
            onOpen={() => message.file && props.onOpenFile(message.file.id)}
          />
        )}
      </div>
      <div
        // Unseen, but there: the Tab key could not step onto what is only shown once it has stepped there.
        className={`absolute -top-4 ${message.mine ? 'right-36' : 'right-2'} flex rounded-control border border-line bg-raised p-px shadow-raised group-focus-visible:pointer-events-auto group-focus-visible:opacity-100 group-has-focus-visible:pointer-events-auto group-has-focus-visible:opacity-100 touch:-top-11 touch:right-2 mouse:group-hover:pointer-events-auto mouse:group-hover:opacity-100 ${active ? 'touch:pointer-events-auto touch:opacity-100' : ''} pointer-events-none opacity-0`}
      >
        {message.text !== '' && (
          <IconButton
            icon="copy"
            label="Copy text"
            size="s"
            side="top"
            tabIndex={tabIndex}
            onClick={() => props.onCopy(message)}
          />
        )}
        <IconButton
          icon="link"
          label="Copy link to message"
          size="s"
          side="top"
          tabIndex={tabIndex}
          onClick={() => props.onCopyLink(message)}
        />
      </div>
    </li>
  );
});

/** Under a message that reached nobody: why, and the two ways on. */
function Lost({ tabIndex, onSettle }: { tabIndex: number; onSettle: (how: Settling) => void }) {
  const look = 'underline underline-offset-2 touch:min-h-11';
  return (
    <div className="mt-1 flex flex-wrap items-center gap-x-3 text-small text-need">
      <span className="flex items-center gap-1.5">
        <Icon name="alert" size={14} />
        {undeliveredMeans}
      </span>
      <button
        type="button"
        tabIndex={tabIndex}
        onClick={() => onSettle('send')}
        className={`font-semibold ${look}`}
      >
        Send again
      </button>
      <button
        type="button"
        tabIndex={tabIndex}
        onClick={() => onSettle('discard')}
        className={`text-text-2 ${look}`}
      >
        Discard
      </button>
    </div>
  );
}

function Side({
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
      className="w-full text-right text-[11px]/[22px] text-text-3 opacity-0 nums group-focus-within:opacity-100 mouse:group-hover:opacity-100"
    >
      {formatClock(message.time)}
    </time>
  );
}

function Head({ name, time, children }: { name: string; time: number; children?: ReactNode }) {
  return (
    <div className="flex items-baseline gap-2">
      <span className="truncate font-semibold">
        <Name>{name}</Name>
      </span>
      <time
        dateTime={new Date(time).toISOString()}
        title={formatExact(time)}
        className="flex-none text-tiny text-text-3 nums"
      >
        {formatClock(time)}
      </time>
      {children && <span className="ml-auto flex-none self-center">{children}</span>}
    </div>
  );
}

/** For somebody who is no longer a member: the same colour for the same person, still. */
function hueOf(person: string): number {
  let sum = 0;
  for (const letter of person) sum = (sum * 31 + letter.charCodeAt(0)) % 360;
  return sum;
}

/** A message the node has not taken yet: on its way, or failed with the reason and a way on. */
export function PendingRow({
  pending,
  head,
  me,
  people,
  onRetry,
  onDiscard,
}: {
  pending: Pending;
  head: boolean;
  me: { name: string; hue: number; picture: string | null };
  people: string[];
  onRetry: () => void;
  onDiscard: () => void;
}) {
  const failed = pending.state === 'failed';
  const saving = !failed && (
    <span className="flex h-[22px] animate-late items-center gap-1 text-tiny text-text-3">
      <Icon name="clock" size={14} />
      saving
    </span>
  );
  return (
    <li
      data-row={pending.nonce}
      className={`-mx-3 grid grid-cols-[36px_minmax(0,1fr)] gap-x-3 rounded-card px-3 ${head ? 'mt-2 pt-1.5 pb-0.5' : 'py-0.5'}`}
    >
      {head ? (
        <Avatar size="l" name={me.name} hue={me.hue} picture={me.picture} className="mt-0.5" />
      ) : (
        <span />
      )}
      <div className="min-w-0">
        {head ? (
          <Head name={me.name} time={pending.time}>
            {saving}
          </Head>
        ) : (
          <div className="float-right ml-3 flex min-w-28 justify-end">{saving}</div>
        )}
        <div className={failed ? '' : 'text-text-2'}>
          {pending.text !== '' && <MessageText text={pending.text} people={people} />}
          {pending.attached !== null && (
            <p className="flex items-center gap-1.5">
              <Icon name="attach" size={16} className="text-text-3" />
              <span className="min-w-0 truncate">
                <Name>{pending.attached}</Name>
              </span>
            </p>
          )}
        </div>
        {failed && (
          <div
            role="alert"
            className="mt-1 flex flex-wrap items-center gap-x-3 text-small text-need"
          >
            <span className="flex items-center gap-1.5">
              <Icon name="alert" size={14} />
              {pending.reason}
            </span>
            {isSendable(pending) && (
              <button
                type="button"
                onClick={onRetry}
                className="font-semibold underline underline-offset-2 touch:min-h-11"
              >
                Try again
              </button>
            )}
            <button
              type="button"
              onClick={onDiscard}
              className="text-text-2 underline underline-offset-2 touch:min-h-11"
            >
              Discard
            </button>
          </div>
        )}
      </div>
    </li>
  );
}

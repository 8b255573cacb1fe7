/** One message. Consecutive ones of one person share a head; the state stands at the right. */
import { memo } from 'react';
import type { Settling } from '~/api/actions';
import type { Member, Message, SharedFile } from '~/api/types';
import { Icon } from '~/kit/Icon';
import { MessageText } from '~/kit/MessageText';
import { Name } from '~/kit/Text';
import { EditBox } from './EditBox';
import { FileCard } from './FileBits';
import { HoldersButton } from './HoldersButton';
import type { MessageActions } from './messageActions';
import { MessageHead, MessageSide } from './MessageHead';
import { MessageTools } from './MessageTools';
import { Quote } from './Quote';
import { Reactions } from './Reactions';
import { Edited } from './Versions';
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
  /** Whether I may write in this space. */
  mayWrite: boolean;
  /** Whether I may delete what others wrote. */
  manages: boolean;
  /** Those in the space who are online do not let this device in. */
  shutOut: boolean;
  /** Whether its words are being changed. */
  editing: boolean;
  onActivate: (id: string) => void;
  actions: MessageActions;
}

export const MessageRow = memo(function MessageRow(props: MessageRowProps) {
  const { space, message, head, stated, active, author, file, actions } = props;
  const tabIndex = active ? 0 : -1;
  const lost = message.state === 'undelivered';
  const deleted = message.deleted;
  const state = message.mine && !lost && deleted === null && (
    <HoldersButton space={space} message={message} tabIndex={tabIndex} shutOut={props.shutOut} />
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
      <MessageSide head={head} author={author} message={message} />
      <div className="min-w-0">
        {head ? (
          <MessageHead
            name={message.author_name}
            time={message.time}
            guest={message.guest}
            imported={message.imported}
          >
            {message.pinned && pinned}
            {state}
          </MessageHead>
        ) : (
          // Its room is kept whether it is shown or not, so the words beside it never move.
          (state || message.pinned) && (
            <div className="float-right ml-3 flex min-w-28 justify-end gap-3">
              {message.pinned && pinned}
              {state && (
                <span className={stated || active ? '' : 'opacity-0 mouse:group-hover:opacity-100'}>
                  {state}
                </span>
              )}
            </div>
          )
        )}
        {message.reply && (
          <Quote answered={message.reply} tabIndex={tabIndex} onGo={actions.goTo} />
        )}
        {deleted ? (
          <p className="flex items-center gap-1.5 text-text-3 italic">
            <Icon name="trash" size={14} />
            {deleted.by === message.author ? (
              'Message deleted'
            ) : (
              <span className="min-w-0">
                Message deleted by <Name>{deleted.by_name}</Name>
              </span>
            )}
          </p>
        ) : props.editing ? (
          <EditBox message={message} actions={actions} />
        ) : (
          <div className={lost ? 'text-text-2' : ''}>
            {message.text !== '' && <MessageText text={message.text} people={props.people} />}
            {message.changed !== null && (
              <Edited space={space} message={message} tabIndex={tabIndex} />
            )}
          </div>
        )}
        {lost && message.file && (
          <p className="flex items-center gap-1.5 text-text-2">
            <Icon name="attach" size={16} className="text-text-3" />
            With a file
          </p>
        )}
        {lost && <Lost tabIndex={tabIndex} onSettle={(how) => actions.settle(message, how)} />}
        {message.file && !lost && (
          <FileCard
            space={space}
            fileRef={message.file}
            file={file}
            known={props.filesKnown}
            tabIndex={tabIndex}
            onOpen={() => message.file && actions.openFile(message.file.id)}
          />
        )}
        <Reactions
          message={message}
          mayWrite={props.mayWrite}
          tabIndex={tabIndex}
          onReact={(emoji, on) => actions.change(message, { reaction: { emoji, on } })}
        />
      </div>
      {!props.editing && deleted === null && (
        <MessageTools
          message={message}
          mayWrite={props.mayWrite}
          manages={props.manages}
          active={active}
          tabIndex={tabIndex}
          actions={actions}
        />
      )}
    </li>
  );
});

const pinned = (
  <span className="flex h-[22px] items-center gap-1 text-tiny text-text-3">
    <Icon name="pin" size={14} />
    pinned
  </span>
);

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

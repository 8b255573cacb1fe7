/** A conversation: the general talk of a space, or one of its topics. */
import { useNavigate, useRouterState } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import {
  changeMessage,
  deleteMessage,
  markUnread,
  sayTyping,
  settleUndelivered,
} from '~/api/actions';
import { ApiError, ownUrl, sentenceOf } from '~/api/client';
import { stillPending, type MessageWindow } from '~/api/messages';
import { discard, drawn, retry, send } from '~/api/outbox';
import {
  forgetOldest,
  loadAround,
  loadNewer,
  loadNewest,
  loadOlder,
  useFiles,
  useMembers,
  useMessages,
  usePinned,
  useSpaces,
  useStatus,
  useTopics,
  getMessage,
} from '~/api/queries';
import { parentOf } from '~/api/rooms';
import { useStore } from '~/api/store';
import { general, placeOf, sameTalk, talkKey, talkPath, type Talk } from '~/api/talk';
import type { Space, Topic } from '~/api/types';
import { typing } from '~/api/typing';
import { Button, IconButton } from '~/kit/Button';
import { EmptyState, Failure, Loading } from '~/kit/EmptyState';
import { formatCount, listNames, plural } from '~/kit/format';
import { copyText, useLate, useNow } from '~/kit/hooks';
import { Icon } from '~/kit/Icon';
import { Name } from '~/kit/Text';
import { plainName, plainText } from '~/kit/text';
import { tell, tellFailure, useFoot } from '~/kit/toast';
import { answer, takeAnswered } from '~/parts/answering';
import { Composer } from '~/parts/Composer';
import { showDialog } from '~/parts/dialogs';
import { RoomLink, RoomMark } from '~/parts/Guests';
import { ReadOnly } from '~/parts/ReadOnly';
import type { MessageActions } from '~/parts/messageActions';
import { PaneHeader } from '~/parts/PaneHeader';
import { removeWithUndo } from '~/parts/undo';
import { UploadRows } from '~/parts/UploadRows';
import { retentionWords } from '~/parts/words';
import { Conversation } from './Conversation';
import { Notices } from './Notices';
import { TopicMenu } from './TopicMenu';
import { useAnchor, wasLeftAt } from './useAnchor';
import { useReading } from './useReading';

const typingPause = 3000;
/** Older messages are asked for this many pixels before their place comes into sight. */
const ahead = 800;

export function ChatPane({
  space,
  place = general,
  detail,
}: {
  space: Space;
  /** The topic, or the general talk. */
  place?: string;
  detail: string | undefined;
}) {
  const id = space.space;
  const talk = useMemo(() => ({ space: id, place }), [id, place]);
  const navigate = useNavigate();
  const messages = useMessages(talk);
  const topics = useTopics(id).data;
  const topic = topics?.find((item) => item.id === place);
  const parent = parentOf(useSpaces().data ?? [], space);
  // What the files are decides how high their messages are. A long list is not waited for.
  const filesKnown = !useFiles(id).isPending;
  const late = useLate(200);
  const pinned = usePinned(id).data?.length ?? 0;
  const toPanel = (panel: string) =>
    void navigate({ to: '.', search: detail === panel ? {} : { detail: panel } });
  return (
    <>
      <PaneHeader
        title={
          place !== general ? (
            (topic?.title ?? 'A topic')
          ) : space.room ? (
            <>
              <Name>{space.name}</Name> <RoomMark space={space} />
            </>
          ) : (
            'Chat'
          )
        }
        space={parent?.name ?? (space.room ? undefined : space.name)}
        about={
          <>
            {space.state === 'shutout' ? (
              <span className="text-wait">you were probably removed</span>
            ) : (
              plural(space.members, 'person').replace('persons', 'people')
            )}
            {space.archived && ' · archived'}
            {topic?.resolved === true && ' · resolved'}
            {topic?.attention === 'muted' && ' · muted'}
            {space.state !== 'shutout' && space.waiting > 0 && (
              <span className="text-wait">
                {' '}
                · {plural(space.waiting, 'message')} of yours{' '}
                {space.waiting === 1 ? 'waits' : 'wait'}
              </span>
            )}
          </>
        }
        back={`/s/${id}`}
      >
        {place !== general && <RoomLink space={space} thing={place} />}
        {(pinned > 0 || detail === 'pins') && (
          <IconButton
            icon="pin"
            label={detail === 'pins' ? 'Hide what is pinned' : `Show what is pinned (${pinned})`}
            aria-pressed={detail === 'pins'}
            onClick={() => toPanel('pins')}
          />
        )}
        <IconButton
          icon="panel"
          label={detail === 'people' ? 'Hide people' : 'Show people'}
          aria-pressed={detail === 'people'}
          onClick={() => toPanel('people')}
        />
        {topic && <TopicMenu space={space} topic={topic} />}
      </PaneHeader>
      {messages.data && (filesKnown || late) ? (
        <OpenChat
          key={talkKey(talk)}
          space={space}
          talk={talk}
          topic={topic}
          window={messages.data}
        />
      ) : messages.error ? (
        <Failure retry={<Button onClick={() => void messages.refetch()}>Try again</Button>}>
          {sentenceOf(messages.error)}
        </Failure>
      ) : (
        <Loading label="Opening the conversation" />
      )}
    </>
  );
}

function OpenChat({
  space,
  talk,
  topic,
  window,
}: {
  space: Space;
  talk: Talk;
  topic: Topic | undefined;
  window: MessageWindow;
}) {
  const id = space.space;
  const now = useNow();
  const navigate = useNavigate();
  const status = useStatus().data;
  const members = useMembers(id).data;
  const files = useFiles(id).data;
  const pending = stillPending(useStore(drawn), window, talk);
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const foot = useRef<HTMLDivElement>(null);
  useFoot(foot);
  const [glowing, setGlowing] = useState<string | null>(null);

  const anchored = useAnchor(talkKey(talk), scroller, content, window);
  const { atEnd, farFromEnd, toEnd, toRow } = anchored;
  const reading = useReading(talk, window, atEnd && !window.newer, scroller);
  const { newFrom, ready, missed, forgetNew, leaveUnread } = reading;

  // Arriving with something new: to the line above it. Otherwise to where one left.
  const placed = useRef(wasLeftAt(talkKey(talk)) !== undefined && topic?.unread === 0);
  useEffect(() => {
    if (placed.current || !ready) return;
    placed.current = true;
    if (newFrom !== null) toRow(newFrom, 'top');
  }, [ready, newFrom, toRow]);

  // A link to one message.
  const hash = useRouterState({ select: (state) => state.location.hash });
  const [sought, setSought] = useState<string | null>(null);
  const goTo = useRef<(message: string) => void>(() => undefined);
  goTo.current = (message) => {
    placed.current = true;
    const seek = async () => {
      if (await loadAround(talk, message)) {
        setSought(message);
        return;
      }
      // It may have been said, or moved, elsewhere.
      const place = placeOf(await getMessage(id, message));
      if (place === talk.place) tell('This message cannot be shown here.');
      else await navigate({ href: `${talkPath({ space: id, place })}#${message}`, replace: true });
    };
    seek().catch((error: unknown) =>
      error instanceof ApiError && error.code === 'message-not-found'
        ? tell('This message is not on this device.')
        : tellFailure(sentenceOf(error)),
    );
  };
  useEffect(() => {
    if (hash !== '' && !hash.startsWith('composer')) goTo.current(hash);
  }, [hash, id]);
  useEffect(() => {
    if (sought === null || !toRow(sought, 'middle')) return;
    setGlowing(sought);
    setSought(null);
    const timer = setTimeout(() => setGlowing(null), 2000);
    return () => clearTimeout(timer);
  }, [sought, window, toRow]);

  // Both ends grow before they are reached.
  const growing = useRef(false);
  const [failure, setFailure] = useState<string | null>(null);
  const grow = useCallback(() => {
    const element = scroller.current;
    if (element === null || growing.current) return;
    const fromEnd = element.scrollHeight - element.scrollTop - element.clientHeight;
    const load =
      window.older && element.scrollTop < ahead
        ? loadOlder
        : window.newer && fromEnd < ahead
          ? loadNewer
          : null;
    if (load === null) return;
    growing.current = true;
    load(talk)
      .then(
        () => setFailure(null),
        (error: unknown) => setFailure(sentenceOf(error)),
      )
      .finally(() => {
        growing.current = false;
      });
  }, [talk, window.older, window.newer]);
  useEffect(() => {
    if (failure === null) grow();
  }, [grow, window, failure]);
  useEffect(() => {
    if (atEnd) forgetOldest(talk);
  }, [atEnd, talk]);

  const jumpToEnd = () => {
    if (window.newer) void loadNewest(talk).then(toEnd);
    else toEnd();
  };

  const lastTyping = useRef(0);
  const onTyping = () => {
    if (Date.now() - lastTyping.current < typingPause) return;
    lastTyping.current = Date.now();
    sayTyping(talk).catch(() => undefined);
  };
  const onSend = (text: string, attached: File[]) => {
    lastTyping.current = 0;
    forgetNew();
    // One message for each file, the words above the first.
    const [first, ...others] = attached;
    send(talk, text, first, takeAnswered(talk));
    for (const file of others) send(talk, '', file);
    if (window.newer) jumpToEnd();
    else toEnd();
  };

  const [editing, setEditing] = useState<string | null>(null);
  const actions = useMemo<MessageActions>(() => {
    const copied = (done: boolean, what: string) =>
      tell(done ? what : 'Copying did not work here.');
    return {
      openFile: (file) => void navigate({ to: '.', search: { detail: `file-${file}` } }),
      copy: (message) => void copyText(message.text).then((done) => copied(done, 'Copied.')),
      copyLink: (message) =>
        void copyText(`${location.origin}${talkPath(talk)}#${message.id}`).then((done) =>
          copied(done, 'Link copied, for browsers on this computer.'),
        ),
      settle: (message, how) =>
        void settleUndelivered(id, how, [message.id]).catch((error: unknown) =>
          tellFailure(sentenceOf(error)),
        ),
      change: function change(message, what) {
        changeMessage(id, message, what).catch((error: unknown) =>
          tellFailure(sentenceOf(error), () => change(message, what)),
        );
      },
      answer: (message) => {
        answer(talk, message);
        document.getElementById('composer')?.focus();
      },
      edit: (message) => {
        setEditing(message);
        if (message === null) document.getElementById('composer')?.focus({ preventScroll: true });
      },
      remove: (message) =>
        removeWithUndo(message.id, 'Message deleted.', () => deleteMessage(id, message)),
      goTo: (message) => goTo.current(message),
      move: (message) =>
        showDialog({ kind: 'move', space: id, place: talk.place, message: message.id }),
      leaveUnread: (message) => {
        leaveUnread(message.id);
        markUnread(talk, message.id).catch((error: unknown) => tellFailure(sentenceOf(error)));
      },
    };
  }, [id, talk, navigate, leaveUnread]);
  /** Begins to change my newest words, as in every chat. */
  const editLast = () => {
    const last = window.messages.findLast(
      ({ mine, state, text }) => mine && state !== 'undelivered' && text !== '',
    );
    if (last === undefined) return;
    setEditing(last.id);
    toRow(last.id, 'middle');
  };

  const guest = members?.some((member) => member.me && member.guest) ?? false;
  const me = useMemo(
    () => ({
      guest,
      name: status?.name ?? '',
      hue: status?.hue ?? 0,
      picture: ownUrl(status?.picture),
    }),
    [status, guest],
  );
  const people = useMemo(
    () => (members ?? []).filter((member) => !member.me).map(({ name }) => name),
    [members],
  );
  const alone = space.members <= 1 && !space.direct && !space.room;
  const empty = window.messages.length === 0 && pending.length === 0;
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      {/* A region that scrolls must be reachable by keyboard. */}
      <div
        ref={scroller}
        role="region"
        aria-label="Conversation"
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        data-testid="conversation"
        onScroll={() => {
          anchored.onScroll();
          grow();
        }}
        className="flex min-h-0 flex-1 flex-col overflow-x-hidden overflow-y-auto [overflow-anchor:none] focus-visible:outline-offset-[-2px]"
      >
        <div
          ref={content}
          className={`mx-auto w-full max-w-[808px] px-6 pb-2 phone:px-4 ${empty ? 'my-auto' : 'mt-auto'}`}
        >
          {empty ? (
            <EmptyState
              icon="chat"
              title={alone && talk.place === general ? 'Just you so far' : 'Nothing said yet'}
              actions={
                alone &&
                space.level === 'manage' && (
                  <Button
                    kind="primary"
                    big
                    onClick={() => showDialog({ kind: 'invite', space: id })}
                  >
                    Invite someone
                  </Button>
                )
              }
            >
              {alone
                ? 'Invite the people this space is for. What you write before they come waits here for them.'
                : space.room
                  ? 'Guests see what is said here, and nothing else of the space that this room belongs to.'
                  : space.direct
                    ? 'What is said here stays between you. It arrives also at those who are away now.'
                    : talk.place === general
                      ? 'Whatever you write reaches everybody in this space, also those who are away now.'
                      : 'What is said here stays together, whatever else this space talks about.'}
            </EmptyState>
          ) : (
            <>
              {window.older ? (
                <div
                  role="status"
                  className="h-8 animate-late pt-3 text-center text-tiny text-text-3"
                >
                  {failure ?? 'Loading older messages…'}
                </div>
              ) : (
                <p className="pt-6 pb-2 text-center text-small text-text-3">
                  {space.retention ? (
                    retentionWords(space.retention, now)
                  ) : (
                    <>
                      The beginning of <Name>{topic?.title ?? space.name}</Name>
                    </>
                  )}
                </p>
              )}
              <Conversation
                space={id}
                window={window}
                pending={pending}
                newFrom={newFrom}
                now={now}
                glowing={glowing}
                me={me}
                members={members}
                files={files}
                mayWrite={space.level !== 'read'}
                manages={space.level === 'manage'}
                shutOut={space.state === 'shutout'}
                editing={editing}
                actions={actions}
                onRetry={retry}
                onDiscard={discard}
              />
            </>
          )}
        </div>
      </div>
      <div
        ref={foot}
        className="relative mx-auto w-full max-w-[808px] flex-none px-6 pb-4 phone:px-3 phone:pb-2"
      >
        {(missed > 0 || farFromEnd || window.newer) && (
          <div className="pointer-events-none absolute inset-x-0 -top-10 z-10 flex justify-center">
            <button
              type="button"
              onClick={jumpToEnd}
              className={`pointer-events-auto flex h-8 animate-rise items-center gap-1.5 rounded-full px-3.5 text-small font-medium shadow-float touch:h-11 ${missed > 0 ? 'bg-accent text-on-accent' : 'border border-line bg-raised text-text-2'}`}
            >
              <Icon name="down" size={16} />
              {missed > 0
                ? `${formatCount(missed)} new ${missed === 1 ? 'message' : 'messages'}`
                : 'To the newest'}
            </button>
          </div>
        )}
        <TypingLine talk={talk} me={status?.person ?? null} />
        <Notices space={space} />
        <UploadRows space={id} />
        {space.level === 'read' ? (
          <ReadOnly space={space} />
        ) : (
          <Composer
            key={talkKey(talk)}
            talk={talk}
            placeholder={`Message ${plainName(topic?.title ?? space.name)}`}
            people={people}
            onSend={onSend}
            onTyping={onTyping}
            onEditLast={editLast}
          />
        )}
      </div>
      <div role="status" className="sr-only">
        {reading.latest &&
          `${plainName(reading.latest.author_name)}: ${plainText(reading.latest.text || reading.latest.file?.name || '').slice(0, 300)}`}
      </div>
    </div>
  );
}

function TypingLine({ talk, me }: { talk: Talk; me: string | null }) {
  const names = useStore(typing)
    .filter((item) => sameTalk(item, talk) && item.person !== me)
    .map(({ name }) => plainName(name).split(' ')[0] ?? '');
  return (
    <div className="h-[18px] truncate px-0.5 text-tiny/[18px] text-text-3">
      {names.length > 0 && (
        <span className="animate-fade">
          <bdi>{listNames(names)}</bdi> {names.length === 1 ? 'is' : 'are'} writing…
        </span>
      )}
    </div>
  );
}

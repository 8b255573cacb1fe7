/** What was said at an issue, with what was done between, and where more is said. */
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState, type RefObject } from 'react';
import {
  changeMessage,
  deleteMessage,
  markUnread,
  sayTyping,
  settleUndelivered,
} from '~/api/actions';
import { ownUrl, sentenceOf } from '~/api/client';
import { useActivity } from '~/api/issues';
import { emptyWindow, stillPending } from '~/api/messages';
import { discard, drawn, retry, send } from '~/api/outbox';
import { loadOlder, useFiles, useMembers, useMessages, useStatus } from '~/api/queries';
import { useStore } from '~/api/store';
import type { Issue, Space } from '~/api/types';
import { useReading } from '~/features/chat/useReading';
import { Button } from '~/kit/Button';
import { formatExact, formatWhen } from '~/kit/format';
import { copyText, useNow } from '~/kit/hooks';
import { Name } from '~/kit/Text';
import { plainName } from '~/kit/text';
import { tell, tellFailure } from '~/kit/toast';
import { answer, takeAnswered } from '~/parts/answering';
import { Composer } from '~/parts/Composer';
import { showDialog } from '~/parts/dialogs';
import { everyone } from '~/parts/mention';
import type { MessageActions } from '~/parts/messageActions';
import { MessageRow } from '~/parts/MessageRow';
import { PendingRow } from '~/parts/PendingRow';
import { removeWithUndo, useVisible } from '~/parts/undo';
import { ReadOnly } from '~/parts/ReadOnly';
import { UploadRows } from '~/parts/UploadRows';
import { changeWords, toEntries } from './activity';

const typingPause = 3000;

export function IssueTalk({
  space,
  issue,
  scroller,
}: {
  space: Space;
  issue: Issue;
  scroller: RefObject<HTMLDivElement | null>;
}) {
  const id = space.space;
  const talk = useMemo(() => ({ space: id, place: issue.id }), [id, issue.id]);
  const now = useNow();
  const navigate = useNavigate();
  const window = useMessages(talk).data ?? emptyWindow;
  const activity = useActivity(id, issue.id).data;
  const members = useMembers(id).data;
  const files = useFiles(id).data;
  const status = useStatus().data;
  const pending = stillPending(useStore(drawn), window, talk);
  const [active, setActive] = useState<string | null>(null);
  const [editing, setEditing] = useState<string | null>(null);
  const [glowing, setGlowing] = useState<string | null>(null);
  // What was just deleted is out of sight while that can be taken back.
  const shown = useVisible(window.messages);
  const entries = useMemo(
    () => toEntries(activity ?? [], shown ?? [], pending),
    [activity, shown, pending],
  );
  const byPerson = useMemo(
    () => new Map((members ?? []).map((member) => [member.person, member])),
    [members],
  );
  const byFile = useMemo(() => new Map((files ?? []).map((file) => [file.id, file])), [files]);
  const people = useMemo(
    () => [...(members ?? []).map(({ name }) => plainName(name)), everyone],
    [members],
  );
  const others = useMemo(
    () => (members ?? []).filter(({ me }) => !me).map(({ name }) => name),
    [members],
  );
  const me = { name: status?.name ?? '', hue: status?.hue ?? 0, picture: ownUrl(status?.picture) };

  // What is said last is read once it is in front of somebody's eyes.
  const end = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(false);
  useEffect(() => {
    if (end.current === null) return;
    const observer = new IntersectionObserver(([entry]) =>
      setAtEnd(entry?.isIntersecting ?? false),
    );
    observer.observe(end.current);
    return () => observer.disconnect();
  }, []);
  const { leaveUnread } = useReading(talk, window, atEnd, scroller);

  const goTo = useRef<(message: string) => void>(() => undefined);
  goTo.current = (message) => {
    const row = document.getElementById(message);
    if (row === null) {
      tell('This message is not shown here.');
      return;
    }
    row.scrollIntoView({ block: 'center' });
    setGlowing(message);
  };
  const actions = useMemo<MessageActions>(() => {
    const copied = (done: boolean, what: string) =>
      tell(done ? what : 'Copying did not work here.');
    return {
      openFile: (file) => void navigate({ to: '.', search: { detail: `file-${file}` } }),
      copy: (message) => void copyText(message.text).then((done) => copied(done, 'Copied.')),
      copyLink: () =>
        void copyText(`${location.origin}/s/${id}/issue/${talk.place}`).then((done) =>
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
      edit: setEditing,
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

  const lastTyping = useRef(0);
  const entry = window.messages.some((message) => message.id === active)
    ? active
    : window.messages.at(-1)?.id;
  return (
    <section aria-label="Activity" className="mt-2 border-t border-line pt-4">
      <h3 className="mb-2 text-small font-medium text-text-2">Activity</h3>
      {window.older && (
        <Button
          kind="ghost"
          className="-ml-3"
          onClick={() =>
            void loadOlder(talk).catch((error: unknown) => tellFailure(sentenceOf(error)))
          }
        >
          Show older comments
        </Button>
      )}
      <ol aria-label="Messages" className="flex flex-col">
        {entries.map((one) => {
          switch (one.kind) {
            case 'change':
              return (
                <li key={one.key} className="py-1 text-small text-text-3">
                  <span className="font-medium text-text-2">
                    <Name>{one.changes[0]?.person.name ?? ''}</Name>
                  </span>{' '}
                  {one.changes.map(changeWords).join(', ')}
                  <span title={formatExact(one.time)}> · {formatWhen(one.time, now)}</span>
                </li>
              );
            case 'message':
              return (
                <MessageRow
                  key={one.key}
                  space={id}
                  message={one.message}
                  head
                  stated
                  active={active === one.message.id}
                  entry={entry === one.message.id}
                  glowing={glowing === one.message.id}
                  author={byPerson.get(one.message.author)}
                  people={people}
                  file={one.message.file ? byFile.get(one.message.file.id) : undefined}
                  filesKnown={files !== undefined}
                  onActivate={setActive}
                  mayWrite={space.level !== 'read'}
                  manages={space.level === 'manage'}
                  shutOut={space.state === 'shutout'}
                  editing={editing === one.message.id}
                  actions={actions}
                />
              );
            case 'pending':
              return (
                <PendingRow
                  key={one.key}
                  pending={one.pending}
                  head
                  me={me}
                  people={people}
                  onRetry={() => retry(one.pending.nonce)}
                  onDiscard={() => discard(one.pending.nonce)}
                />
              );
          }
        })}
      </ol>
      <div ref={end} className="h-3" />
      <UploadRows space={id} />
      {space.level === 'read' && space.archived && <ReadOnly space={space} />}
      {space.level !== 'read' && (
        <Composer
          talk={talk}
          placeholder={`Comment on ${issue.key}`}
          people={others}
          quiet
          onSend={(text, attached) => {
            const [first, ...rest] = attached;
            send(talk, text, first, takeAnswered(talk));
            for (const file of rest) send(talk, '', file);
          }}
          onTyping={() => {
            if (Date.now() - lastTyping.current < typingPause) return;
            lastTyping.current = Date.now();
            sayTyping(talk).catch(() => undefined);
          }}
          onEditLast={() => {
            const last = window.messages.findLast(({ mine, text }) => mine && text !== '');
            if (last !== undefined) setEditing(last.id);
          }}
        />
      )}
    </section>
  );
}

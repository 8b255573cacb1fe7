/** The rows of a conversation. One row is "active": only its buttons are in the way of the Tab key. */
import { useMemo, useRef, useState, type KeyboardEvent, type MouseEvent } from 'react';
import { gone, type MessageWindow, type Pending } from '~/api/messages';
import type { Member, SharedFile } from '~/api/types';
import { plainName } from '~/kit/text';
import type { MessageActions } from '~/parts/messageActions';
import { everyone } from '~/parts/mention';
import { MessageRow } from '~/parts/MessageRow';
import { PendingRow } from '~/parts/PendingRow';
import { useHidden } from '~/parts/undo';
import { toRows } from './rows';

export interface ConversationProps {
  space: string;
  window: MessageWindow;
  pending: Pending[];
  newFrom: string | null;
  now: number;
  glowing: string | null;
  me: { name: string; hue: number; picture: string | null; guest?: boolean };
  members: Member[] | undefined;
  files: SharedFile[] | undefined;
  /** Whether I may write here. */
  mayWrite: boolean;
  /** Whether I may delete what others wrote. */
  manages: boolean;
  /** Those in the space who are online do not let this device in. */
  shutOut: boolean;
  /** The message whose words are being changed. */
  editing: string | null;
  actions: MessageActions;
  onRetry: (nonce: string) => void;
  onDiscard: (nonce: string) => void;
}

export function Conversation(props: ConversationProps) {
  const { window, pending, newFrom, now, members, files, me } = props;
  const [active, setActive] = useState<string | null>(null);
  // The clock matters here only for the names of days.
  const today = new Date(now).toDateString();
  // What I am about to delete looks so already, while there is time to think better of it.
  const hidden = useHidden();
  const mine = members?.find((member) => member.me)?.person ?? '';
  const shown = useMemo(() => {
    if (hidden.size === 0) return window.messages;
    return window.messages.map((message) =>
      hidden.has(message.id) && message.deleted === null ? gone(message, mine, me.name) : message,
    );
  }, [window.messages, hidden, mine, me.name]);
  const rows = useMemo(
    () => toRows(shown, pending, newFrom, Date.parse(today) + 43_200_000),
    [shown, pending, newFrom, today],
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

  // The Tab key enters at the row it was on last, or at the newest; from there the arrows lead on.
  const entry = window.messages.some(({ id }) => id === active)
    ? active
    : window.messages.at(-1)?.id;

  const onKeyDown = (event: KeyboardEvent<HTMLOListElement>) => {
    const step = { ArrowUp: -1, k: -1, ArrowDown: 1, j: 1 }[event.key];
    const row = (event.target as HTMLElement).closest('li');
    if (step === undefined || row === null || event.target !== row) return;
    let next = step < 0 ? row.previousElementSibling : row.nextElementSibling;
    while (next !== null && !next.hasAttribute('tabindex')) {
      next = step < 0 ? next.previousElementSibling : next.nextElementSibling;
    }
    if (!(next instanceof HTMLElement)) return;
    event.preventDefault();
    event.stopPropagation();
    next.focus();
    next.scrollIntoView({ block: 'nearest' });
  };
  // Touch has no hover: a tap on a message brings its buttons, a second one takes them away. The tap's focus comes
  // between its two events, so what was active before is remembered.
  const before = useRef<string | null>(null);
  const onClick = (event: MouseEvent<HTMLOListElement>) => {
    if (!matchMedia('(pointer: coarse)').matches) return;
    const target = event.target as HTMLElement;
    const row = target.closest<HTMLElement>('[data-row]');
    if (target.closest('button, a, textarea') || !row) return;
    setActive(before.current === row.id ? null : row.id);
  };
  return (
    // The list only delegates; every action has a button of its own.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <ol
      aria-label="Messages"
      onKeyDown={onKeyDown}
      onPointerDown={() => {
        before.current = active;
      }}
      onClick={onClick}
    >
      {rows.map((row) => {
        switch (row.kind) {
          case 'divider':
            return <Divider key={row.key} label={row.label} fresh={row.fresh} />;
          case 'message':
            return (
              <MessageRow
                key={row.key}
                space={props.space}
                message={row.message}
                head={row.head}
                stated={row.stated}
                active={active === row.message.id}
                entry={entry === row.message.id}
                glowing={props.glowing === row.message.id}
                author={byPerson.get(row.message.author)}
                people={people}
                file={row.message.file ? byFile.get(row.message.file.id) : undefined}
                filesKnown={files !== undefined}
                onActivate={setActive}
                mayWrite={props.mayWrite}
                manages={props.manages}
                shutOut={props.shutOut}
                editing={props.editing === row.message.id}
                actions={props.actions}
              />
            );
          case 'pending':
            return (
              <PendingRow
                key={row.key}
                pending={row.pending}
                head={row.head}
                me={me}
                people={people}
                onRetry={() => props.onRetry(row.pending.nonce)}
                onDiscard={() => props.onDiscard(row.pending.nonce)}
              />
            );
        }
      })}
    </ol>
  );
}

function Divider({ label, fresh }: { label: string; fresh: boolean }) {
  const line = `flex-1 border-t ${fresh ? 'border-accent' : 'border-soft'}`;
  return (
    <li
      data-testid={fresh ? 'new-divider' : undefined}
      className={`mt-5 mb-2 flex items-center gap-3 text-tiny ${fresh ? 'text-accent-text' : 'text-text-3'}`}
    >
      <span className={line} />
      {label}
      <span className={line} />
    </li>
  );
}

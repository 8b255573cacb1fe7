/** The conversation as it is drawn: messages in groups, days, the "New" line, and what is pending. */
import type { Pending } from '~/api/messages';
import type { Message } from '~/api/types';
import { dayOf, formatDay } from '~/kit/format';
import { stateWord } from '~/parts/words';

export type Row =
  | { kind: 'divider'; key: string; label: string; fresh: boolean }
  | { kind: 'message'; key: string; message: Message; head: boolean; stated: boolean }
  | { kind: 'pending'; key: string; pending: Pending; head: boolean };

/** Messages of one person this close together stand under one head. */
const together = 5 * 60_000;

export function toRows(
  messages: Message[],
  pending: Pending[],
  newFrom: string | null,
  now: number,
): Row[] {
  const rows: Row[] = [];
  let before: Message | undefined;
  messages.forEach((message, index) => {
    const dayStarts = before === undefined || dayOf(before.time) !== dayOf(message.time);
    const newStarts = message.id === newFrom;
    if (dayStarts || newStarts) {
      const day = formatDay(message.time, now);
      rows.push({
        kind: 'divider',
        key: `${newStarts ? 'new' : 'day'}-${message.id}`,
        label: newStarts ? (dayStarts ? `New · ${day.toLowerCase()}` : 'New') : day,
        fresh: newStarts,
      });
    }
    const head =
      dayStarts ||
      newStarts ||
      before?.author !== message.author ||
      message.time - before.time > together;
    const after = messages[index + 1];
    rows.push({
      kind: 'message',
      key: message.id,
      message,
      head,
      stated: head || !saysSame(message, after),
    });
    before = message;
  });
  pending.forEach((item, index) => {
    const head =
      index === 0 ? !(before?.mine === true && item.time - before.time < together) : false;
    rows.push({ kind: 'pending', key: item.nonce, pending: item, head });
  });
  return rows;
}

function saysSame(message: Message, after: Message | undefined): boolean {
  return (
    after?.mine === true &&
    after.deleted === null &&
    after.time - message.time <= together &&
    stateWord(after) === stateWord(message)
  );
}

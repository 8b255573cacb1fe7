/** A message the node has not taken yet. */
import { isSendable, type Pending } from '~/api/messages';
import { Avatar } from '~/kit/Avatar';
import { Icon } from '~/kit/Icon';
import { MessageText } from '~/kit/MessageText';
import { Name } from '~/kit/Text';
import { MessageHead } from './MessageHead';
import { Quote } from './Quote';

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
  me: { name: string; hue: number; picture: string | null; guest?: boolean };
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
          <MessageHead name={me.name} time={pending.time} guest={me.guest ?? false}>
            {saving}
          </MessageHead>
        ) : (
          <div className="float-right ml-3 flex min-w-28 justify-end">{saving}</div>
        )}
        {pending.reply && <Quote answered={pending.reply} />}
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

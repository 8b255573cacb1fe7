/** The message that another one answers, in one line above it. A press leads to it. */
import type { Answered } from '~/api/types';
import { Icon } from '~/kit/Icon';
import { Name } from '~/kit/Text';
import { plainText } from '~/kit/text';

export function Quote({
  answered,
  tabIndex,
  onGo,
}: {
  answered: Answered;
  tabIndex?: number;
  onGo?: (id: string) => void;
}) {
  const words =
    answered.text === null ? (
      <span className="italic">a message that is not on this device</span>
    ) : (
      <>
        <span className="flex-none font-medium">
          <span className="sr-only">Answers </span>
          <Name>{answered.author_name ?? ''}</Name>
        </span>
        {answered.deleted ? (
          <span className="truncate italic">Message deleted</span>
        ) : (
          <bdi className="truncate">
            {plainText(answered.text).replace(/\s+/g, ' ') || 'a file'}
          </bdi>
        )}
      </>
    );
  const look = 'flex max-w-full min-w-0 items-center gap-1.5 text-small text-text-3';
  return onGo !== undefined && answered.text !== null ? (
    <button
      type="button"
      tabIndex={tabIndex}
      title="Go to that message"
      onClick={() => onGo(answered.id)}
      className={`${look} relative rounded-md hover:text-text touch:before:absolute touch:before:inset-x-0 touch:before:-inset-y-[12px] touch:before:content-['']`}
    >
      <Icon name="reply" size={14} className="-scale-x-100" />
      {words}
    </button>
  ) : (
    <div className={look}>
      <Icon name="reply" size={14} className="-scale-x-100" />
      {words}
    </div>
  );
}

/** The pinned messages of a space, beside its conversation. */
import { useNavigate } from '@tanstack/react-router';
import { ownUrl, sentenceOf } from '~/api/client';
import { useMembers, usePinned } from '~/api/queries';
import { placeOf, talkPath } from '~/api/talk';
import type { Space } from '~/api/types';
import { Avatar } from '~/kit/Avatar';
import { Button } from '~/kit/Button';
import { Failure, Loading } from '~/kit/EmptyState';
import { formatExact, formatWhen } from '~/kit/format';
import { useNow } from '~/kit/hooks';
import { MessageText } from '~/kit/MessageText';
import { Name } from '~/kit/Text';
import { plainName } from '~/kit/text';
import { hueOf } from '~/parts/MessageHead';

export function PinsPanel({ space }: { space: Space }) {
  const navigate = useNavigate();
  const now = useNow();
  const { data, error, refetch } = usePinned(space.space);
  const members = useMembers(space.space).data;
  if (error) {
    return (
      <Failure retry={<Button onClick={() => void refetch()}>Try again</Button>}>
        {sentenceOf(error)}
      </Failure>
    );
  }
  if (!data) return <Loading label="Looking for pinned messages" />;
  if (data.length === 0) {
    return (
      <p className="p-4 text-small text-text-2">
        Nothing is pinned. What everybody should find again can be pinned from its menu.
      </p>
    );
  }
  return (
    <ul className="flex flex-col gap-2 p-3">
      {data.toReversed().map((message) => {
        const author = members?.find(({ person }) => person === message.author);
        return (
          <li key={message.id} className="rounded-card border border-line bg-raised">
            <div className="flex items-center gap-2 px-3 pt-2.5">
              <Avatar
                name={message.author_name}
                hue={author?.hue ?? hueOf(message.author)}
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
            <div className="line-clamp-6 px-3 pt-1 text-[14px]/5">
              {message.text === '' ? (
                <span className="text-text-2">{plainName(message.file?.name ?? 'A file')}</span>
              ) : (
                <MessageText text={message.text} />
              )}
            </div>
            <div className="flex justify-end p-1.5">
              <Button
                kind="ghost"
                className="h-[30px]!"
                onClick={() =>
                  void navigate({
                    href: `${talkPath({ space: space.space, place: placeOf(message) })}?detail=pins#${message.id}`,
                  })
                }
              >
                Go to it
              </Button>
            </div>
          </li>
        );
      })}
    </ul>
  );
}

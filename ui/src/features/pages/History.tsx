/** Who wrote when, beside the page; what it said then, and the way back to it. */
import { useState } from 'react';
import { sentenceOf } from '~/api/client';
import { usePageHistory, usePageThen } from '~/api/pages';
import { useMembers } from '~/api/queries';
import type { PageRun } from '~/api/types';
import { ownUrl } from '~/api/client';
import { Avatar } from '~/kit/Avatar';
import { Button, IconButton } from '~/kit/Button';
import { Failure, Loading } from '~/kit/EmptyState';
import { formatExact, formatWhen } from '~/kit/format';
import { copyText, useNow } from '~/kit/hooks';
import { MessageText } from '~/kit/MessageText';
import { Name } from '~/kit/Text';
import { tell } from '~/kit/toast';
import { useHues } from '~/parts/hues';

export function History({
  space,
  page,
  mayWrite,
  onBringBack,
  onClose,
}: {
  space: string;
  page: string;
  mayWrite: boolean;
  onBringBack: (json: unknown) => void;
  onClose: () => void;
}) {
  const { data, error, refetch } = usePageHistory(space, page);
  const [chosen, setChosen] = useState<PageRun | null>(null);
  return (
    <aside
      aria-label="History"
      className="flex w-90 flex-none flex-col border-l border-line bg-panel phone:absolute phone:inset-0 phone:z-20 phone:w-full phone:border-l-0"
    >
      <header className="flex h-11 flex-none items-center border-b border-line pr-1.5 pl-4">
        {chosen !== null && (
          <IconButton
            icon="back"
            label="Back to the list"
            size="s"
            className="-ml-2.5"
            onClick={() => setChosen(null)}
          />
        )}
        <h2 className="flex-1 font-semibold">History</h2>
        <IconButton icon="close" label="Close the history" size="s" onClick={onClose} />
      </header>
      {chosen !== null ? (
        <Then
          key={chosen.id}
          {...{ space, page, mayWrite }}
          run={chosen}
          onBringBack={(json) => {
            onBringBack(json);
            setChosen(null);
          }}
        />
      ) : (
        <div className="min-h-0 flex-1 overflow-y-auto p-2">
          {error && !data ? (
            <Failure retry={<Button onClick={() => void refetch()}>Try again</Button>}>
              {sentenceOf(error)}
            </Failure>
          ) : !data ? (
            <Loading />
          ) : data.length === 0 ? (
            <p className="p-2 text-small text-text-2">Nothing has been written here yet.</p>
          ) : (
            <ol>
              {data.map((run) => (
                <li key={run.id}>
                  <Run space={space} run={run} onOpen={() => setChosen(run)} />
                </li>
              ))}
            </ol>
          )}
        </div>
      )}
    </aside>
  );
}

function useAuthor(space: string, { person, name }: PageRun) {
  const hue = useHues(space);
  const member = useMembers(space).data?.find((one) => one.person === person);
  return {
    name: member?.name ?? name,
    hue: hue(person),
    picture: ownUrl(member?.picture),
  };
}

function Run({ space, run, onOpen }: { space: string; run: PageRun; onOpen: () => void }) {
  const now = useNow();
  const author = useAuthor(space, run);
  return (
    <button
      type="button"
      onClick={onOpen}
      className="flex min-h-13 w-full items-center gap-3 rounded-control px-2 py-1.5 text-left hover:bg-soft"
    >
      <Avatar {...author} size="m" />
      <span className="min-w-0 flex-1">
        <span className="block truncate font-medium">
          <Name>{author.name}</Name>
        </span>
        <time
          dateTime={new Date(run.to_ms).toISOString()}
          title={formatExact(run.to_ms)}
          className="block truncate text-small text-text-3 nums"
        >
          {formatWhen(run.to_ms, now)}
        </time>
      </span>
    </button>
  );
}

function Then({
  space,
  page,
  run,
  mayWrite,
  onBringBack,
}: {
  space: string;
  page: string;
  run: PageRun;
  mayWrite: boolean;
  onBringBack: (json: unknown) => void;
}) {
  const { data, error, refetch } = usePageThen(space, page, run.id);
  const now = useNow();
  const author = useAuthor(space, run);
  if (error && !data) {
    return (
      <Failure retry={<Button onClick={() => void refetch()}>Try again</Button>}>
        {sentenceOf(error)}
      </Failure>
    );
  }
  if (!data) return <Loading />;
  return (
    <>
      <p className="flex flex-none items-center gap-2 border-b border-line px-4 py-2 text-small text-text-2">
        <Avatar {...author} />
        <span className="min-w-0 truncate">
          as <Name>{author.name}</Name> left it
        </span>
        <time
          dateTime={new Date(run.to_ms).toISOString()}
          title={formatExact(run.to_ms)}
          className="ml-auto flex-none nums"
        >
          {formatWhen(run.to_ms, now)}
        </time>
      </p>
      <div
        role="region"
        aria-label="The page as it was"
        // What scrolls must be reachable by keyboard.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        className="min-h-0 flex-1 overflow-y-auto px-4 py-3"
      >
        {data.markdown.trim() === '' ? (
          <p className="text-small text-text-2">It was empty.</p>
        ) : (
          <MessageText text={data.markdown} />
        )}
      </div>
      <div className="flex flex-none flex-wrap justify-end gap-2 border-t border-line p-3">
        <Button
          icon="copy"
          onClick={() =>
            void copyText(data.markdown).then((done) =>
              tell(done ? 'Copied.' : 'Copying did not work here.'),
            )
          }
        >
          Copy
        </Button>
        {mayWrite && (
          <Button kind="primary" icon="retry" onClick={() => onBringBack(data.json)}>
            Bring back
          </Button>
        )}
      </div>
    </>
  );
}

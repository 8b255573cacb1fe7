/** Moving a message, or it and what comes after it, to another topic. */
import { useId, useState } from 'react';
import { createTopic, moveMessages } from '~/api/actions';
import { sentenceOf } from '~/api/client';
import { idsFrom, useTopics } from '~/api/queries';
import { general } from '~/api/talk';
import type { Space } from '~/api/types';
import { Button } from '~/kit/Button';
import { Dialog } from '~/kit/Dialog';
import { TextField } from '~/kit/Field';
import { plural } from '~/kit/format';
import { useAction } from '~/kit/hooks';
import { plainName } from '~/kit/text';
import { tellFailure, tellUndoable } from '~/kit/toast';
import { titleLength } from './TopicDialogs';

/** Topics that are offered at once. */
const offered = 8;

export function MoveDialog({
  space,
  place,
  message,
  onClose,
}: {
  space: Space;
  place: string;
  message: string;
  onClose: () => void;
}) {
  const id = space.space;
  const name = useId();
  const [query, setQuery] = useState('');
  const [to, setTo] = useState<string | null>(null);
  const [following, setFollowing] = useState(false);
  const wanted = query.trim();
  const topics = (useTopics(id).data ?? [])
    .filter((topic) => topic.id !== place)
    .map((topic) => ({ id: topic.id, title: topic.id === general ? 'Chat' : (topic.title ?? '') }))
    .filter(({ title }) => title.toLowerCase().includes(wanted.toLowerCase()))
    .slice(0, offered);
  const chosen = topics.find((topic) => topic.id === to) ?? (wanted === '' ? undefined : topics[0]);
  const isNew = wanted !== '' && (to === 'new' || topics.length === 0);
  const { run, busy, error } = useAction(async () => {
    const ids = following ? await idsFrom({ space: id, place }, message) : [message];
    const target = isNew ? (await createTopic(id, wanted)).id : chosen?.id;
    if (target === undefined) return;
    const moved = await moveMessages(id, ids, target);
    onClose();
    const title = isNew ? wanted : (chosen?.title ?? '');
    const back = () =>
      void moveMessages(id, ids, place).catch((failure: unknown) =>
        tellFailure(sentenceOf(failure)),
      );
    tellUndoable(`Moved ${plural(moved, 'message')} to ${plainName(title)}.`, null, back);
  }, sentenceOf);
  const choice =
    'flex min-h-9 items-center gap-2.5 rounded-control px-2 hover:bg-soft touch:min-h-11';
  return (
    <Dialog
      open
      onClose={onClose}
      title="Move to a topic"
      about="For everybody in the space. Who wrote it and when stays as it is."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form="move"
            kind="primary"
            busy={busy}
            disabled={!isNew && chosen === undefined}
          >
            Move
          </Button>
        </>
      }
    >
      <form
        id="move"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (isNew || chosen !== undefined) void run();
        }}
      >
        <TextField
          label="Find a topic, or name a new one"
          value={query}
          onChange={(next) => {
            setQuery(next);
            setTo(null);
          }}
          maxLength={titleLength}
          error={error}
        />
        <fieldset>
          <legend className="sr-only">Where to</legend>
          {topics.map((topic) => (
            <label key={topic.id} className={choice}>
              <input
                type="radio"
                name={`${name}-to`}
                checked={!isNew && chosen?.id === topic.id}
                onChange={() => setTo(topic.id)}
                className="accent-accent"
              />
              <span className="min-w-0 truncate">{plainName(topic.title)}</span>
            </label>
          ))}
          {wanted !== '' && (
            <label className={choice}>
              <input
                type="radio"
                name={`${name}-to`}
                checked={isNew}
                onChange={() => setTo('new')}
                className="accent-accent"
              />
              <span className="min-w-0 truncate">New topic “{plainName(wanted)}”</span>
            </label>
          )}
        </fieldset>
        <fieldset>
          <legend className="mb-1 text-small text-text-2">What</legend>
          {(
            [
              [false, 'Only this message'],
              [true, 'This message and all after it'],
            ] as const
          ).map(([value, words]) => (
            <label key={words} className={choice}>
              <input
                type="radio"
                name={`${name}-what`}
                checked={following === value}
                onChange={() => setFollowing(value)}
                className="accent-accent"
              />
              {words}
            </label>
          ))}
        </fieldset>
      </form>
    </Dialog>
  );
}

/** Starting a topic and giving it another title. */
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { changeTopic, createTopic } from '~/api/actions';
import { sentenceOf } from '~/api/client';
import { useTopics } from '~/api/queries';
import { talkPath } from '~/api/talk';
import type { Space, Topic } from '~/api/types';
import { Button } from '~/kit/Button';
import { Dialog } from '~/kit/Dialog';
import { TextField } from '~/kit/Field';
import { useAction } from '~/kit/hooks';
import { plainName } from '~/kit/text';

/** Characters of a title. */
export const titleLength = 200;

export function TopicDialog({ space, onClose }: { space: Space; onClose: () => void }) {
  const navigate = useNavigate();
  return (
    <TitleDialog
      heading="Start a topic"
      about="What is said about one thing stays together there."
      button="Start"
      space={space}
      onClose={onClose}
      onTitle={async (title) => {
        const topic = await createTopic(space.space, title);
        onClose();
        await navigate({ href: talkPath({ space: space.space, place: topic.id }) });
      }}
    />
  );
}

export function RenameTopicDialog({
  space,
  topic,
  onClose,
}: {
  space: Space;
  topic: string;
  onClose: () => void;
}) {
  const now = useTopics(space.space).data?.find(({ id }) => id === topic);
  if (now === undefined) return null;
  return (
    <TitleDialog
      heading="Rename this topic"
      about="Everybody in the space sees the new title."
      button="Rename"
      space={space}
      now={now}
      onClose={onClose}
      onTitle={async (title) => {
        await changeTopic(space.space, topic, { title });
        onClose();
      }}
    />
  );
}

function TitleDialog({
  heading,
  about,
  button,
  space,
  now,
  onClose,
  onTitle,
}: {
  heading: string;
  about: string;
  button: string;
  space: Space;
  /** The topic that gets the title, if it is there already. */
  now?: Topic;
  onClose: () => void;
  onTitle: (title: string) => Promise<void>;
}) {
  const [title, setTitle] = useState(now?.title ?? '');
  const wanted = title.trim();
  const same = (useTopics(space.space).data ?? []).some(
    (other) =>
      other.id !== now?.id &&
      other.title !== null &&
      wanted !== '' &&
      plainName(other.title).toLowerCase() === plainName(wanted).toLowerCase(),
  );
  const { run, busy, error } = useAction(() => onTitle(wanted), sentenceOf);
  return (
    <Dialog
      open
      onClose={onClose}
      title={heading}
      about={about}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form="topic" kind="primary" busy={busy} disabled={wanted === ''}>
            {button}
          </Button>
        </>
      }
    >
      <form
        id="topic"
        onSubmit={(event) => {
          event.preventDefault();
          if (wanted !== '') void run();
        }}
      >
        <TextField
          label="Title"
          value={title}
          onChange={setTitle}
          maxLength={titleLength}
          hint={same ? 'There is a topic of this title already.' : undefined}
          error={error}
        />
      </form>
    </Dialog>
  );
}

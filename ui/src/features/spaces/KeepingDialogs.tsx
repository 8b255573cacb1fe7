/** What a manager decides about what a space keeps: making it read-only, and how long messages stay. */
import { useState } from 'react';
import { archiveSpace, keepMessages } from '~/api/actions';
import { sentenceOf } from '~/api/client';
import type { Space } from '~/api/types';
import { Button } from '~/kit/Button';
import { Dialog } from '~/kit/Dialog';
import { Choice, TextField } from '~/kit/Field';
import { useAction } from '~/kit/hooks';
import { plainName } from '~/kit/text';
import { tell } from '~/kit/toast';
import { Question, useRooms } from './SpaceDialogs';

interface Props {
  space: Space;
  onClose: () => void;
}

/** For how many days messages can be kept. */
const fewest = 7;
const most = 3650;

export function ArchiveDialog({ space, onClose }: Props) {
  const name = plainName(space.name);
  const rooms = useRooms(space);
  return (
    <Question
      title={`Archive ${name}?`}
      action="Archive"
      kind="primary"
      onClose={onClose}
      act={async () => {
        await archiveSpace(space.space, true);
        onClose();
        tell(`${name} is archived.`);
      }}
    >
      <p>
        Everybody in it can go on reading and fetching files, and nobody writes: no messages,
        issues, boards or topics. Whoever manages it can take that back at any time.
      </p>
      {rooms.words !== '' && <p>The same goes for its {rooms.words}.</p>}
    </Question>
  );
}

export function RetentionDialog({ space, onClose }: Props) {
  const now = space.retention?.days;
  const rooms = useRooms(space);
  const [kept, setKept] = useState<'always' | 'some'>(now === undefined ? 'always' : 'some');
  const [typed, setTyped] = useState(String(now ?? 90));
  const days = /^\d{1,4}$/.test(typed.trim()) ? Number(typed) : NaN;
  const valid = kept === 'always' || (days >= fewest && days <= most);
  const { run, busy, error } = useAction(async () => {
    await keepMessages(space.space, kept === 'always' ? null : days);
    onClose();
  }, sentenceOf);
  return (
    <Dialog
      open
      onClose={onClose}
      title="How long messages stay"
      about="This holds for everybody in the space, and everybody sees it."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form="retention"
            kind={kept === 'some' ? 'danger' : 'primary'}
            busy={busy}
            disabled={!valid}
          >
            {kept === 'always' ? 'Keep all' : valid ? `Delete after ${days} days` : 'Delete'}
          </Button>
        </>
      }
    >
      <form
        id="retention"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (valid) void run();
        }}
      >
        <Choice
          label="Messages stay"
          value={kept}
          onChange={setKept}
          options={[
            { value: 'always', label: 'For good' },
            { value: 'some', label: 'For some days' },
          ]}
        />
        {kept === 'some' && (
          <>
            <TextField
              label="Days"
              inputMode="numeric"
              value={typed}
              onChange={setTyped}
              maxLength={4}
              error={valid ? undefined : `A number from ${fewest} to ${most.toLocaleString()}`}
            />
            <p className="text-small text-text-2">
              Older messages in the chat and in topics are deleted on every computer, with all their
              versions, from tomorrow on. Pinned messages stay, and so do issues and boards with
              what is said at them, and the list of files.
            </p>
          </>
        )}
        {rooms.words !== '' && (
          <p className="text-small text-text-2">The same goes for its {rooms.words}.</p>
        )}
        {error !== undefined && (
          <p role="alert" className="text-small text-need">
            {error}
          </p>
        )}
      </form>
    </Dialog>
  );
}

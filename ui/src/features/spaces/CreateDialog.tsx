/** A new space needs nothing but a name. */
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { createSpace } from '~/api/actions';
import { sentenceOf } from '~/api/client';
import { useSpaces } from '~/api/queries';
import { Button } from '~/kit/Button';
import { Dialog } from '~/kit/Dialog';
import { TextField } from '~/kit/Field';
import { useAction } from '~/kit/hooks';
import { nameNote } from './names';

export function CreateDialog({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const note = nameNote(name, useSpaces().data ?? []);
  const { run, busy, error } = useAction(async () => {
    const { space } = await createSpace(name.trim());
    onClose();
    await navigate({ to: '/s/$space/chat', params: { space } });
  }, sentenceOf);
  return (
    <Dialog
      open
      onClose={onClose}
      title="Create a space"
      about="For a team, a project, a family. It lives on its members' computers and nowhere else."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form="create"
            kind="primary"
            busy={busy}
            disabled={name.trim() === ''}
          >
            Create
          </Button>
        </>
      }
    >
      <form
        id="create"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== '') void run();
        }}
      >
        <TextField
          label="Name"
          value={name}
          onChange={setName}
          maxLength={80}
          hint={note}
          error={error}
        />
      </form>
    </Dialog>
  );
}

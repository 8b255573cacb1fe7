/** Asks what something is called. */
import { useState } from 'react';
import { sentenceOf } from '~/api/client';
import { Button } from '~/kit/Button';
import { Dialog } from '~/kit/Dialog';
import { TextField } from '~/kit/Field';
import { useAction } from '~/kit/hooks';

export function TitleDialog({
  title,
  action,
  now = '',
  onTitle,
  onClose,
}: {
  title: string;
  action: string;
  now?: string;
  onTitle: (title: string) => Promise<void>;
  onClose: () => void;
}) {
  const [text, setText] = useState(now);
  const { run, busy, error } = useAction(() => onTitle(text.trim()), sentenceOf);
  const empty = text.trim() === '';
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form="its-title" kind="primary" busy={busy} disabled={empty}>
            {action}
          </Button>
        </>
      }
    >
      <form
        id="its-title"
        onSubmit={(event) => {
          event.preventDefault();
          if (!empty) void run();
        }}
      >
        <TextField label="Title" value={text} onChange={setText} maxLength={200} error={error} />
      </form>
    </Dialog>
  );
}

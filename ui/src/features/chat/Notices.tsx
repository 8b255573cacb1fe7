/** What stands above the composer when what is written here does not reach the others. */
import { useState, type ReactNode } from 'react';
import { settleUndelivered, type Settling } from '~/api/actions';
import { sentenceOf } from '~/api/client';
import type { Space } from '~/api/types';
import { Button } from '~/kit/Button';
import { formatCount, plural } from '~/kit/format';
import { Icon } from '~/kit/Icon';
import { tell, tellFailure } from '~/kit/toast';
import { showDialog } from '~/parts/dialogs';

export function Notices({ space }: { space: Space }) {
  return (
    <>
      {space.state === 'shutout' && <ShutOut />}
      {space.undelivered > 0 && <Undelivered space={space} />}
    </>
  );
}

function ShutOut() {
  return (
    <Notice
      actions={<Button onClick={() => showDialog({ kind: 'join' })}>I have an invitation</Button>}
    >
      Those in this space who are online do not let this computer in: you were probably removed. You
      see it as it was then, and what you write stays here. A new invitation brings you back.
    </Notice>
  );
}

function Undelivered({ space }: { space: Space }) {
  const [busy, setBusy] = useState<Settling | null>(null);
  const count = space.undelivered;
  const settle = (how: Settling) => {
    setBusy(how);
    settleUndelivered(space.space, how)
      .then(
        (settled) => {
          if (how === 'send' && settled < count)
            tell(`${plural(count - settled, 'file')} changed since and cannot be sent again.`);
        },
        (error: unknown) => tellFailure(sentenceOf(error)),
      )
      .finally(() => setBusy(null));
  };
  return (
    <Notice
      actions={
        <>
          {space.state === 'active' && space.level !== 'read' && (
            <Button busy={busy === 'send'} onClick={() => settle('send')}>
              {count === 1 ? 'Send again' : 'Send all again'}
            </Button>
          )}
          <Button busy={busy === 'discard'} onClick={() => settle('discard')}>
            {count === 1 ? 'Discard' : 'Discard all'}
          </Button>
        </>
      }
    >
      {count === 1 ? 'Something' : `${formatCount(count)} things`} you wrote or shared here reached
      nobody: you had been removed, or could not write any more.
    </Notice>
  );
}

function Notice({ actions, children }: { actions: ReactNode; children: ReactNode }) {
  return (
    <div
      role="status"
      className="mb-2 flex animate-fade flex-wrap items-center gap-x-3 gap-y-2 rounded-card bg-wait-soft px-4 py-2.5 text-small text-wait"
    >
      <Icon name="alert" size={16} className="flex-none" />
      <p className="min-w-60 flex-1">{children}</p>
      <span className="ml-auto flex gap-2">{actions}</span>
    </div>
  );
}

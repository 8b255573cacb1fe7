/** Nothing here yet: what a space is, and the two ways to get one. */
import type { Status } from '~/api/types';
import { Button } from '~/kit/Button';
import { plainName } from '~/kit/text';
import { showDialog } from '~/parts/dialogs';
import { Mark } from './Mark';

function greeting(hour: number): string {
  if (hour < 5) return 'Hello';
  if (hour < 12) return 'Good morning';
  return hour < 18 ? 'Good afternoon' : 'Good evening';
}

export function Welcome({ status }: { status: Status }) {
  const name = plainName(status.name ?? '').split(' ')[0] ?? '';
  return (
    <div className="m-auto flex max-w-md animate-rise flex-col items-center p-6 text-center">
      <Mark />
      <h1 className="mt-4 mb-1 text-title font-semibold">
        {greeting(new Date().getHours())}, <bdi>{name}</bdi>
      </h1>
      <p className="mb-5 text-balance text-text-2">
        A space is a place for a few people and their work. It lives on your computers and nowhere
        else.
      </p>
      <div className="flex flex-wrap justify-center gap-2">
        <Button kind="primary" big onClick={() => showDialog({ kind: 'create' })}>
          Create a space
        </Button>
        <Button big onClick={() => showDialog({ kind: 'join' })}>
          I have an invitation
        </Button>
        <Button big onClick={() => showDialog({ kind: 'import-space' })}>
          Import a space
        </Button>
      </div>
      <p className="mt-4 text-small text-text-3 touch:hidden">
        You can also drop a <code className="font-mono">.compeer</code> file anywhere on this page.
      </p>
    </div>
  );
}

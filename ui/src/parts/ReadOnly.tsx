/** What stands in place of a composer where nobody, or not I, may write. */
import { archiveSpace } from '~/api/actions';
import { sentenceOf } from '~/api/client';
import type { Space } from '~/api/types';
import { Button } from '~/kit/Button';
import { useAction } from '~/kit/hooks';
import { Name } from '~/kit/Text';
import { tell } from '~/kit/toast';
import { plainName } from '~/kit/text';

export function ReadOnly({ space }: { space: Space }) {
  const { run, busy, error } = useAction(async () => {
    await archiveSpace(space.space, false);
    tell(`${plainName(space.name)} is in use again.`);
  }, sentenceOf);
  const look =
    'flex flex-wrap items-center justify-center gap-x-3 gap-y-1 rounded-card border border-line bg-panel px-4 py-2 text-center text-small text-text-2 min-h-[46px]';
  if (space.archived === null) {
    return <p className={look}>You can read here. To write, ask someone who manages this space.</p>;
  }
  return (
    <div role="status" className={look}>
      <p>
        <Name>{space.archived.by_name}</Name> archived this space: it can be read, and nobody
        writes.
      </p>
      {space.archived.may_restore && (
        <Button busy={busy} onClick={() => void run()}>
          Take it back
        </Button>
      )}
      {error !== undefined && (
        <p role="alert" className="text-need">
          {error}
        </p>
      )}
    </div>
  );
}

/** The whole page takes files: an invitation opens the way in, anything else goes to the open space or its next message. */
import { useEffect, useState } from 'react';
import { upload, type ToUpload } from '~/api/uploads';
import type { Talk } from '~/api/talk';
import type { Space } from '~/api/types';
import { Icon } from '~/kit/Icon';
import { Name } from '~/kit/Text';
import { tell, tellFailure } from '~/kit/toast';
import { attach } from '~/parts/attachments';
import { showDialog } from '~/parts/dialogs';
import { droppedFiles } from './dropped';

/** An invitation is a line of text; anything longer is not one. */
const mostInvite = 64 * 1024;

export function DropZone({ space, talk }: { space: Space | undefined; talk: Talk | null }) {
  const [over, setOver] = useState(false);
  const place = talk?.place ?? null;
  const writable = space !== undefined && space.level !== 'read';
  const id = space?.space;
  useEffect(() => {
    let depth = 0;
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
    const enter = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      depth += 1;
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    // Without this a browser leaves the page to show the dropped file.
    const allow = (event: DragEvent) => {
      if (hasFiles(event)) event.preventDefault();
    };
    const drop = (event: DragEvent) => {
      depth = 0;
      setOver(false);
      if (event.dataTransfer === null || !hasFiles(event) || event.defaultPrevented) return;
      event.preventDefault();
      take(event.dataTransfer, writable ? id : undefined, (to, files) => {
        // The talk in front of the person, or the space's files.
        if (place === null) upload(to, files);
        else attach({ space: to, place }, files);
      }).catch(() => tellFailure('What was dropped could not be read.'));
    };
    addEventListener('dragenter', enter);
    addEventListener('dragleave', leave);
    addEventListener('dragover', allow);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragenter', enter);
      removeEventListener('dragleave', leave);
      removeEventListener('dragover', allow);
      removeEventListener('drop', drop);
    };
  }, [id, writable, place]);
  if (!over) return null;
  return (
    <div className="pointer-events-none fixed inset-0 z-30 grid animate-fade place-items-center bg-(--veil) p-6">
      <div className="flex max-w-sm flex-col items-center gap-3 rounded-card border-2 border-dashed border-accent bg-raised px-10 py-8 text-center shadow-float">
        <Icon name="upload" size={32} className="text-accent" />
        {writable ? (
          <p className="font-medium text-balance">
            {place !== null ? 'Drop to attach to a message in' : 'Drop to share with'}{' '}
            <Name>{space.name}</Name>
          </p>
        ) : (
          <p className="font-medium">Drop an invitation to join its space</p>
        )}
      </div>
    </div>
  );
}

async function take(
  data: DataTransfer,
  space: string | undefined,
  share: (space: string, files: ToUpload[]) => void,
): Promise<void> {
  const files = await droppedFiles(data);
  const [first] = files;
  if (first === undefined) return;
  if (files.length === 1 && first.name.endsWith('.compeer') && first.file.size <= mostInvite) {
    showDialog({ kind: 'join', invite: (await first.file.text()).trim() });
  } else if (space === undefined) {
    tell('Open a space that you can write in, then drop files there.');
  } else {
    share(space, files);
  }
}

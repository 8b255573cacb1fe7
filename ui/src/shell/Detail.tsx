/** The panel beside the main pane: a person, a file, everybody, or what is pinned. Esc closes it. */
import { useEffect, useRef } from 'react';
import type { Space } from '~/api/types';
import { PinsPanel } from '~/features/chat/PinsPanel';
import { FilePanel } from '~/features/files/FilePanel';
import { PeoplePanel } from '~/features/people/PeoplePanel';
import { PersonPanel } from '~/features/people/PersonPanel';
import { IconButton } from '~/kit/Button';
import { usePhone } from '~/kit/hooks';
import { detailWidth, type Detail } from './detail';

const titles = { people: 'People', pins: 'Pinned', person: 'Person', file: 'File' };

export function DetailPanel({
  space,
  detail,
  onClose,
}: {
  space: Space;
  detail: Detail;
  onClose: () => void;
}) {
  // On a phone it is the whole page.
  const phone = usePhone();
  const Frame = phone ? 'section' : 'aside';
  const Heading = phone ? 'h1' : 'h2';
  const frame = useRef<HTMLElement>(null);
  const shown = 'id' in detail ? detail.id : detail.kind;
  useEffect(() => {
    // What led here may be gone or out of sight: then the focus would be nowhere.
    const { activeElement } = document;
    const lost = activeElement === document.body || activeElement?.checkVisibility() !== true;
    if (lost) frame.current?.focus({ preventScroll: true });
  }, [shown]);
  return (
    <Frame
      ref={frame}
      tabIndex={-1}
      aria-label={titles[detail.kind]}
      style={{ width: phone ? undefined : detailWidth }}
      className="flex flex-none animate-sheet flex-col border-l border-line bg-panel phone:w-full phone:flex-1 phone:border-l-0 phone:bg-raised"
    >
      <header className="flex h-13 flex-none items-center gap-1 border-b border-line pr-2 pl-4 phone:pl-1">
        <IconButton icon="back" label="Back" className="desk:hidden!" onClick={onClose} />
        <Heading className="flex-1 text-body font-semibold phone:pl-1">
          {titles[detail.kind]}
        </Heading>
        <IconButton icon="close" label="Close" className="phone:hidden!" onClick={onClose} />
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto">
        {detail.kind === 'people' && <PeoplePanel space={space} />}
        {detail.kind === 'pins' && <PinsPanel space={space} />}
        {detail.kind === 'person' && (
          <PersonPanel key={detail.id} space={space} person={detail.id} />
        )}
        {detail.kind === 'file' && (
          <FilePanel key={detail.id} space={space} file={detail.id} onClose={onClose} />
        )}
      </div>
    </Frame>
  );
}

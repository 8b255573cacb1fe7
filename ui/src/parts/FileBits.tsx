/** The pieces that every drawing of a file is made of: its icon, its state, its buttons, its card. */
import { useEffect, useState } from 'react';
import { silent } from '~/api/client';
import { useStore } from '~/api/store';
import type { FileRef, SharedFile } from '~/api/types';
import { Button, IconButton } from '~/kit/Button';
import { formatSize, percent } from '~/kit/format';
import { usePhone } from '~/kit/hooks';
import { Icon, type IconName } from '~/kit/Icon';
import { Pill } from '~/kit/Pill';
import { Progress } from '~/kit/Progress';
import { Name } from '~/kit/Text';
import { plainName } from '~/kit/text';
import {
  canOpen,
  contentUrl,
  isPicture,
  startCancel,
  startFetch,
  startPause,
  startResume,
} from './fileActions';
import { PictureCard } from './PictureCard';
import { fileWord, splitPath, transferWord } from './words';

export function fileIcon(name: string, media: string | null | undefined): IconName {
  if (media?.startsWith('image/') === true) return 'image';
  if (media?.startsWith('video/') === true) return 'film';
  if (media?.startsWith('audio/') === true) return 'sound';
  return /\.(zip|tar|gz|xz|zst|7z|laz|las|iso|dmg|deb|bin)$/i.test(name) ? 'box' : 'file';
}

export function FileState({ file }: { file: SharedFile }) {
  const { meaning, word, about } = fileWord(file, useStore(silent));
  const state = file.transfer?.state;
  if (state === 'paused') {
    return (
      <Pill meaning="off" icon="pause">
        paused
      </Pill>
    );
  }
  if (state === 'waiting') return <Pill meaning="wait">waiting</Pill>;
  if (state === 'failed') return <Pill meaning="need">stopped</Pill>;
  if (file.transfer && state === 'running') {
    return (
      <Pill meaning="accent" icon="download">
        {percent(file.transfer.done, file.transfer.size)} %
      </Pill>
    );
  }
  return (
    <Pill meaning={meaning} title={about} {...(meaning === 'off' ? { icon: null } : {})}>
      {word}
    </Pill>
  );
}

/** The one or two things to do next with this file, as icons. */
export function FileButtons({
  space,
  file,
  tabIndex,
  size = 's',
}: {
  space: string;
  file: SharedFile;
  tabIndex?: number;
  size?: 'm' | 's';
}) {
  const name = plainName(splitPath(file.name).name);
  const shared = { size, tabIndex, side: 'top' } as const;
  const { transfer } = file;
  if (transfer !== null && transfer.state !== 'done') {
    return (
      <>
        {transfer.state === 'running' || transfer.state === 'waiting' ? (
          <IconButton
            {...shared}
            icon="pause"
            label={`Pause ${name}`}
            onClick={() => startPause(space, file.id)}
          />
        ) : (
          <IconButton
            {...shared}
            icon={transfer.state === 'failed' ? 'retry' : 'play'}
            label={`${transfer.state === 'failed' ? 'Try again' : 'Resume'}: ${name}`}
            onClick={() => startResume(space, file.id)}
          />
        )}
        <IconButton
          {...shared}
          icon="close"
          label={`Cancel ${name}`}
          onClick={() => startCancel(space, file.id)}
        />
      </>
    );
  }
  if (file.state === 'remote' && file.holders.length > 0) {
    return (
      <IconButton
        {...shared}
        icon="download"
        label={`Fetch ${name}`}
        onClick={() => startFetch(space, file.id)}
      />
    );
  }
  return file.here && file.state !== 'missing' ? (
    <OpenLink space={space} file={file} tabIndex={tabIndex} />
  ) : null;
}

const iconLink =
  'grid size-[30px] flex-none place-items-center rounded-control text-text-2 hover:bg-soft hover:text-text touch:size-11';

function OpenLink({
  space,
  file,
  tabIndex,
}: {
  space: string;
  file: SharedFile;
  tabIndex: number | undefined;
}) {
  const name = plainName(splitPath(file.name).name);
  return canOpen(file.media) ? (
    <a
      href={contentUrl(space, file.id)}
      target="_blank"
      rel="noopener noreferrer"
      aria-label={`Open ${name}`}
      title="Open"
      tabIndex={tabIndex}
      className={iconLink}
    >
      <Icon name="open" size={16} />
    </a>
  ) : (
    <a
      href={contentUrl(space, file.id, true)}
      download={splitPath(file.name).name}
      aria-label={`Save a copy of ${name}`}
      title="Save a copy"
      tabIndex={tabIndex}
      className={iconLink}
    >
      <Icon name="save" size={16} />
    </a>
  );
}

/** Progress with its words, for a file that is on its way. */
export function TransferLine({ file }: { file: SharedFile }) {
  const { transfer } = file;
  const down = useStore(silent);
  if (transfer === null || transfer.state === 'done') return null;
  return (
    <div className="min-w-0">
      <div
        className={`truncate text-small nums ${transfer.state === 'failed' ? 'text-need' : 'text-text-2'}`}
        title={transferWord(transfer, down)}
      >
        {transferWord(transfer, down, true)}
      </div>
      <div className="mt-1.5">
        <Progress
          label={`Fetching ${plainName(file.name)}`}
          value={percent(transfer.done, transfer.size)}
          still={transfer.state !== 'running' || down}
        />
      </div>
    </div>
  );
}

/** A file as it stands in the chat: a card, or the picture itself once it is here. */
export function FileCard({
  space,
  fileRef,
  file,
  known,
  tabIndex,
  onOpen,
}: {
  space: string;
  /** What the message itself says about the file. */
  fileRef: FileRef;
  /** The file's row; absent when it has been taken off the list. */
  file: SharedFile | undefined;
  /** Whether the list is loaded. */
  known: boolean;
  tabIndex: number;
  onOpen: () => void;
}) {
  const down = useStore(silent);
  const phone = usePhone();
  const [broken, setBroken] = useState<string | null>(null);
  // What could not be loaded because nobody answered may be whole.
  useEffect(() => {
    if (!down) setBroken(null);
  }, [down]);
  const path = file?.name ?? fileRef.name;
  const size = file?.size ?? fileRef.size;
  if (path === null || size === null || (known && file === undefined)) {
    return (
      <p className="flex items-center gap-1.5 text-small text-text-3">
        <Icon name="file" size={16} />
        This file is no longer on the list.
      </p>
    );
  }
  const { name } = splitPath(path);
  const media = file?.media ?? fileRef.media;
  if (file?.here === true && file.state === 'here' && isPicture(media) && broken !== file.blob) {
    return (
      <PictureCard
        key={file.blob}
        {...{ space, file, tabIndex, onOpen }}
        onBroken={() => setBroken(file.blob)}
      />
    );
  }
  return (
    // Beside the state of its message only where there is room for both.
    <div className="mt-1.5 flex max-w-[460px] min-w-[min(100%,260px)] items-center gap-3 rounded-card border border-line bg-raised p-3 phone:flex-wrap phone:gap-y-2">
      <span className="grid size-10 flex-none place-items-center rounded-control bg-accent-soft text-accent-text">
        <Icon name={fileIcon(name, media)} />
      </span>
      <div className="min-w-0 flex-1">
        <button
          type="button"
          tabIndex={tabIndex}
          disabled={!file}
          onClick={onOpen}
          className="block max-w-full truncate text-left font-medium not-disabled:hover:underline"
        >
          <Name>{name}</Name>
        </button>
        {file?.transfer && !phone ? (
          <TransferLine file={file} />
        ) : (
          <div className="truncate text-small text-text-2 nums">
            {formatSize(size)}
            {file && !file.transfer && ` · ${fileWord(file, down).word}`}
          </div>
        )}
      </div>
      {file?.state === 'remote' && !file.transfer && file.holders.length > 0 ? (
        <Button tabIndex={tabIndex} onClick={() => startFetch(space, file.id)}>
          Fetch
        </Button>
      ) : (
        file && (
          <span className="flex">
            <FileButtons space={space} file={file} tabIndex={tabIndex} />
          </span>
        )
      )}
      {/* Beside two buttons a phone has no room for its words. */}
      {file?.transfer && phone && (
        <div className="basis-full">
          <TransferLine file={file} />
        </div>
      )}
    </div>
  );
}

/** One file: what it is, where it lies, who has it, and what can be done. */
import type { ReactNode } from 'react';
import { silent } from '~/api/client';
import { useFiles, useMembers } from '~/api/queries';
import { useStore } from '~/api/store';
import type { SharedFile, Space } from '~/api/types';
import { Avatar } from '~/kit/Avatar';
import { Button, IconButton } from '~/kit/Button';
import { Loading } from '~/kit/EmptyState';
import { formatExact, formatSize, formatWhen, percent } from '~/kit/format';
import { copyText, useNow } from '~/kit/hooks';
import { Icon } from '~/kit/Icon';
import { Pill } from '~/kit/Pill';
import { Progress } from '~/kit/Progress';
import { Name } from '~/kit/Text';
import { plainName, plainText } from '~/kit/text';
import { tell } from '~/kit/toast';
import {
  canOpen,
  contentUrl,
  startCancel,
  startFetch,
  startPause,
  startRemove,
  startResume,
} from '~/parts/fileActions';
import { fileIcon, FileState } from '~/parts/FileBits';
import { fileWord, splitPath, transferWord } from '~/parts/words';
import { Preview } from './Preview';

export function FilePanel({
  space,
  file: id,
  onClose,
}: {
  space: Space;
  file: string;
  onClose: () => void;
}) {
  const files = useFiles(space.space);
  const file = files.data?.find((item) => item.id === id);
  if (file === undefined) {
    return files.data ? (
      <p className="p-4 text-text-2">This file is no longer on the list.</p>
    ) : (
      <Loading />
    );
  }
  return <Panel space={space} file={file} onClose={onClose} />;
}

const linkLook =
  'inline-flex h-[34px] items-center gap-2 rounded-control border px-3 text-[14px] font-medium touch:h-11';

function Panel({ space, file, onClose }: { space: Space; file: SharedFile; onClose: () => void }) {
  const id = space.space;
  const now = useNow();
  const down = useStore(silent);
  const members = useMembers(id).data ?? [];
  const { name, folder } = splitPath(file.name);
  const hueOf = (person: string) => members.find((member) => member.person === person)?.hue ?? 0;
  const mine = members.some((member) => member.me && member.person === file.author);
  const readable = file.here && file.state !== 'missing';
  return (
    <div className="flex flex-col gap-5 p-4">
      {readable && file.state === 'here' && <Preview space={id} file={file} />}
      <div className="flex items-start gap-2.5">
        <Icon name={fileIcon(name, file.media)} className="mt-0.5 text-text-2" />
        <div className="min-w-0 flex-1 font-semibold [overflow-wrap:anywhere]">
          <Name>{name}</Name>
        </div>
        <FileState file={file} />
      </div>
      {file.transfer ? (
        <Transfer space={id} file={file} />
      ) : (
        <p className="-mt-3 text-small text-text-2">{fileWord(file, down).about}</p>
      )}
      <div className="flex flex-wrap gap-2 empty:hidden">
        {readable && canOpen(file.media) && (
          <a
            href={contentUrl(id, file.id)}
            target="_blank"
            rel="noopener noreferrer"
            className={`${linkLook} border-transparent bg-accent text-on-accent hover:brightness-110`}
          >
            Open
          </a>
        )}
        {readable && (
          <a
            href={contentUrl(id, file.id, true)}
            download={name}
            className={`${linkLook} border-edge bg-raised hover:bg-soft`}
          >
            Save a copy
          </a>
        )}
        {file.state === 'remote' && !file.transfer && file.holders.length > 0 && (
          <Button kind="primary" icon="download" onClick={() => startFetch(id, file.id)}>
            Fetch
          </Button>
        )}
      </div>
      <Facts>
        <Fact word="Size">{formatSize(file.size)}</Fact>
        <Fact word="Shared by">
          <Name>{file.author_name}</Name>
        </Fact>
        <Fact word="Shared">
          <span title={formatExact(file.time)}>{formatWhen(file.time, now)}</span>
        </Fact>
        {folder !== '' && (
          <Fact word="Folder">
            <Name>{folder}</Name>
          </Fact>
        )}
        {file.path !== null && (
          <Fact word="On this disk">
            <span className="flex items-start gap-1">
              <span className="min-w-0 [overflow-wrap:anywhere]">
                <bdi>{plainText(file.path)}</bdi>
              </span>
              <IconButton
                icon="copy"
                size="s"
                label="Copy path"
                className="-my-1"
                onClick={() =>
                  void copyText(file.path ?? '').then((done) =>
                    tell(done ? 'Path copied.' : 'Copying did not work here.'),
                  )
                }
              />
            </span>
          </Fact>
        )}
        <Fact word="Fingerprint">
          <code className="font-mono text-[12px] [overflow-wrap:anywhere] text-text-2">
            {file.blob}
          </code>
        </Fact>
      </Facts>
      <section>
        <h3 className="mb-1 text-small font-semibold">Held by</h3>
        {file.holders.length === 0 && (
          <p className="text-small text-text-3">
            {file.here ? 'Only this device, so far.' : 'Nobody who is known.'}
          </p>
        )}
        <ul>
          {file.holders.map((holder) => (
            <li key={holder.person} className="flex items-center gap-2.5 py-1.5">
              <Avatar
                name={holder.name}
                hue={hueOf(holder.person)}
                presence={down ? 'unknown' : holder.online ? 'online' : 'offline'}
              />
              <span className="min-w-0 flex-1 truncate">
                <Name>{holder.name}</Name>
              </span>
              {down ? null : holder.online ? (
                <Pill meaning="held">online</Pill>
              ) : (
                <Pill meaning="off" icon={null}>
                  offline
                </Pill>
              )}
            </li>
          ))}
        </ul>
      </section>
      {(mine || space.level === 'manage') && (
        <div className="border-t border-line pt-4">
          <Button
            icon="trash"
            onClick={() => {
              startRemove(id, file);
              onClose();
            }}
          >
            Remove from the list
          </Button>
          <p className="mt-1.5 text-small text-text-3">
            Nobody can fetch it any more. Copies that people have stay with them.
          </p>
        </div>
      )}
    </div>
  );
}

function Transfer({ space, file }: { space: string; file: SharedFile }) {
  const { transfer } = file;
  const down = useStore(silent);
  if (transfer === null) return null;
  const running = transfer.state === 'running' || transfer.state === 'waiting';
  return (
    <div>
      <Progress
        label={`Fetching ${plainName(file.name)}`}
        value={percent(transfer.done, transfer.size)}
        still={transfer.state !== 'running' || down}
      />
      <p
        className={`mt-2 text-small nums ${transfer.state === 'failed' ? 'text-need' : 'text-text-2'}`}
      >
        {transferWord(transfer, down)}
      </p>
      <div className="mt-3 flex gap-2">
        {running ? (
          <Button icon="pause" onClick={() => startPause(space, file.id)}>
            Pause
          </Button>
        ) : (
          <Button
            kind="primary"
            icon={transfer.state === 'failed' ? 'retry' : 'play'}
            onClick={() => startResume(space, file.id)}
          >
            {transfer.state === 'failed' ? 'Try again' : 'Resume'}
          </Button>
        )}
        <Button icon="close" onClick={() => startCancel(space, file.id)}>
          Cancel
        </Button>
      </div>
    </div>
  );
}

const Facts = ({ children }: { children: ReactNode }) => (
  <dl className="grid grid-cols-[96px_minmax(0,1fr)] gap-x-3 gap-y-1.5 text-small nums">
    {children}
  </dl>
);

const Fact = ({ word, children }: { word: string; children: ReactNode }) => (
  <>
    <dt className="text-text-3">{word}</dt>
    <dd>{children}</dd>
  </>
);

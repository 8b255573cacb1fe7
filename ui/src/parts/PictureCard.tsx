/** A picture in the conversation, as large as there is room for. */
import { useState } from 'react';
import { createKeptStore } from '~/api/store';
import type { SharedFile } from '~/api/types';
import { plainName } from '~/kit/text';
import { contentUrl } from './fileActions';
import { splitPath } from './words';

type Size = [width: number, height: number];

/** So many sizes are remembered; the oldest give way. */
const most = 400;

/** How large the pictures are that were seen, by blob: their room is exact from then on, also after a reload. */
const sizes = createKeptStore<Record<string, Size>>('compeer.pictures', {});

function remember(blob: string, size: Size): void {
  sizes.set((before) => {
    const entries: [string, Size][] = [...Object.entries(before), [blob, size]];
    return Object.fromEntries(entries.slice(-most));
  });
}

export function PictureCard({
  space,
  file,
  tabIndex,
  onOpen,
  onBroken,
}: {
  space: string;
  file: SharedFile;
  tabIndex: number;
  onOpen: () => void;
  /** It could not be loaded, or is no picture after all. */
  onBroken: () => void;
}) {
  const [size, setSize] = useState(() => sizes.get()[file.blob]);
  const name = plainName(splitPath(file.name).name);
  // A small picture is not blown up, and what is a dot can still be pressed.
  const style = size && {
    aspectRatio: `${size[0]} / ${size[1]}`,
    width: `min(100%, calc(var(--tall) * ${size[0] / size[1]}), ${Math.max(size[0], 44)}px)`,
  };
  return (
    <button
      type="button"
      tabIndex={tabIndex}
      onClick={onOpen}
      aria-label={`${name}: show details`}
      style={style}
      // Until its size is known it has the most room it can take, so that what stands below never moves down.
      className={`mt-1.5 block max-w-full min-h-8 min-w-8 overflow-hidden rounded-card border border-line bg-soft [--tall:240px] phone:[--tall:192px] ${size ? '' : 'h-(--tall) w-80'}`}
    >
      <img
        src={contentUrl(space, file.id)}
        alt={name}
        onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) => {
          if (width === 0 || height === 0 || size !== undefined) return;
          remember(file.blob, [width, height]);
          setSize([width, height]);
        }}
        onError={onBroken}
        className={`size-full ${size ? 'object-cover' : 'object-contain'}`}
      />
    </button>
  );
}

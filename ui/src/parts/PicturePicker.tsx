/** Choosing one's own picture: by button, by dropping a file on it, or none. */
import { useRef, useState } from 'react';
import { Avatar } from '~/kit/Avatar';
import { Button } from '~/kit/Button';
import { toPicture } from './picture';

export interface PickedPicture {
  base64: string;
  url: string;
}

export function PicturePicker({
  name,
  hue,
  picture,
  onPick,
  onRemove,
}: {
  name: string;
  hue: number;
  /** What is shown now. */
  picture: string | null;
  onPick: (picture: PickedPicture) => void;
  onRemove: () => void;
}) {
  const input = useRef<HTMLInputElement>(null);
  const [error, setError] = useState<string>();
  const take = async (file: File | undefined) => {
    if (file === undefined) return;
    try {
      onPick(await toPicture(file));
      setError(undefined);
    } catch (cause) {
      setError(cause instanceof Error ? cause.message : String(cause));
    }
  };
  return (
    // Dropping is one more way; the button does the same for everybody.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div
      className="flex items-center gap-4"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        event.stopPropagation();
        void take(event.dataTransfer.files[0]);
      }}
    >
      <Avatar name={name === '' ? '?' : name} hue={hue} picture={picture} size="xl" />
      <div>
        <div className="flex flex-wrap gap-2">
          <Button icon="image" onClick={() => input.current?.click()}>
            {picture === null ? 'Add a picture' : 'Change picture'}
          </Button>
          {picture !== null && <Button onClick={onRemove}>Remove</Button>}
        </div>
        <p
          role={error === undefined ? undefined : 'alert'}
          className={`mt-1.5 text-small text-balance ${error === undefined ? 'text-text-3' : 'text-need'}`}
        >
          {error ?? 'Optional. Without one, your initials stand in.'}
        </p>
      </div>
      <input
        ref={input}
        type="file"
        accept="image/png,image/jpeg,image/webp"
        hidden
        onChange={(event) => {
          void take(event.target.files?.[0]);
          event.target.value = '';
        }}
      />
    </div>
  );
}

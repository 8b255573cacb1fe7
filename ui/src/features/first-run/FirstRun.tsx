/** The very first page: a name and, if one likes, a picture. Then everything else can begin. */
import { useEffect, useRef, useState } from 'react';
import { saveProfile } from '~/api/actions';
import { sentenceOf } from '~/api/client';
import type { Status } from '~/api/types';
import { Button } from '~/kit/Button';
import { TextField } from '~/kit/Field';
import { useAction } from '~/kit/hooks';
import { PicturePicker, type PickedPicture } from '~/parts/PicturePicker';
import { Mark } from './Mark';

export function FirstRun({ status }: { status: Status }) {
  const [name, setName] = useState('');
  const [device, setDevice] = useState(status.device_name);
  const [picture, setPicture] = useState<PickedPicture | null>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // On a phone this would open the keyboard over what one came to read.
    if (matchMedia('(hover: hover)').matches) field.current?.focus();
  }, []);
  const { run, busy, error } = useAction(async () => {
    await saveProfile({
      name: name.trim(),
      ...(device.trim() === '' ? {} : { device_name: device.trim() }),
      ...(picture === null ? {} : { picture: picture.base64 }),
    });
  }, sentenceOf);
  return (
    <main className="grid h-full place-items-center overflow-y-auto bg-raised p-6 phone:place-items-start">
      <form
        className="w-full max-w-md animate-rise"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== '') void run();
        }}
      >
        <Mark />
        <h1 className="mt-4 text-title font-semibold">Welcome to Compeer</h1>
        <p className="mt-1 mb-6 text-text-2">
          Work together from computer to computer. There is no account and no server: your name
          stays on this computer and goes only to people you share a space with.
        </p>
        <div className="flex flex-col gap-5">
          <TextField
            ref={field}
            label="Your name"
            value={name}
            onChange={setName}
            placeholder="As others know you"
            maxLength={80}
            required
            error={error}
          />
          <div>
            <div className="mb-2 text-[14px]/5 font-medium">Your picture</div>
            <PicturePicker
              name={name}
              hue={status.hue}
              picture={picture?.url ?? null}
              onPick={setPicture}
              onRemove={() => setPicture(null)}
            />
          </div>
          <TextField
            label="This computer's name"
            value={device}
            onChange={setDevice}
            maxLength={80}
            hint="So that people can tell your devices apart."
          />
          <div>
            <Button
              type="submit"
              kind="primary"
              big
              busy={busy}
              disabled={name.trim() === ''}
              className="phone:w-full"
            >
              Continue
            </Button>
          </div>
        </div>
      </form>
    </main>
  );
}

/** The person, the look, notices, and what this program is. */
import { useState } from 'react';
import { saveProfile, signOut } from '~/api/actions';
import { ownUrl, reportExpired, sentenceOf } from '~/api/client';
import { useStatus } from '~/api/queries';
import { useStore } from '~/api/store';
import type { Status } from '~/api/types';
import { Button } from '~/kit/Button';
import { Loading } from '~/kit/EmptyState';
import { Choice, TextField } from '~/kit/Field';
import { useAction } from '~/kit/hooks';
import { plainText } from '~/kit/text';
import { tell, tellFailure } from '~/kit/toast';
import { showDialog } from '~/parts/dialogs';
import { PaneHeader } from '~/parts/PaneHeader';
import { PicturePicker } from '~/parts/PicturePicker';
import { MailServer } from './MailServer';
import { Notices, Others } from './Notices';
import { QuietHours } from './QuietHours';
import { Section } from './Section';
import { theme, type Theme } from './preferences';

export function SettingsPane() {
  const status = useStatus().data;
  return (
    <>
      <PaneHeader title="Settings" />
      {status === undefined ? (
        <Loading />
      ) : (
        <div className="relative min-h-0 flex-1 overflow-y-auto">
          <div className="mx-auto flex w-full max-w-[640px] flex-col gap-9 px-6 pt-6 pb-12 phone:px-4">
            <You status={status} />
            <Look />
            <Notices />
            <QuietHours />
            <Others />
            <MailServer />
            <FromTerminal status={status} />
            <About status={status} />
          </div>
        </div>
      )}
    </>
  );
}

function You({ status }: { status: Status }) {
  const savePicture = (picture: string | null) => {
    saveProfile({ picture }).then(
      () => tell(picture === null ? 'Picture removed.' : 'Picture saved.'),
      (error: unknown) => tellFailure(sentenceOf(error), () => savePicture(picture)),
    );
  };
  return (
    <Section title="You">
      <PicturePicker
        name={status.name ?? ''}
        hue={status.hue}
        picture={ownUrl(status.picture)}
        onPick={({ base64, url }) => {
          URL.revokeObjectURL(url);
          savePicture(base64);
        }}
        onRemove={() => savePicture(null)}
      />
      <NameField
        label="Your name"
        saved={status.name ?? ''}
        hint="The people you share a space with see it."
        save={(name) => saveProfile({ name })}
      />
      <NameField
        label="This computer's name"
        saved={status.device_name}
        hint="So that people can tell your devices apart."
        save={(device_name) => saveProfile({ device_name })}
      />
    </Section>
  );
}

function NameField({
  label,
  saved,
  hint,
  save,
}: {
  label: string;
  saved: string;
  hint: string;
  save: (value: string) => Promise<unknown>;
}) {
  const [value, setValue] = useState<string | null>(null);
  const shown = value ?? saved;
  const changed = shown.trim() !== saved && shown.trim() !== '';
  const { run, busy, error } = useAction(async () => {
    await save(shown.trim());
    setValue(null);
    tell('Saved.');
  }, sentenceOf);
  return (
    <form
      className="relative"
      onSubmit={(event) => {
        event.preventDefault();
        if (changed) void run();
      }}
    >
      <TextField
        label={label}
        value={shown}
        onChange={setValue}
        hint={hint}
        error={error}
        maxLength={80}
        className={changed ? 'pr-20!' : ''}
      />
      {changed && (
        <Button
          type="submit"
          kind="primary"
          busy={busy}
          className="absolute! top-[30px] right-1 h-8! touch:top-[28px] touch:min-h-10!"
        >
          Save
        </Button>
      )}
    </form>
  );
}

function Look() {
  return (
    <Section title="Look">
      <Choice<Theme>
        label="Theme"
        labelHidden
        value={useStore(theme)}
        onChange={theme.set}
        options={[
          { value: 'light', label: 'Light', icon: 'sun' },
          { value: 'dark', label: 'Dark', icon: 'moon' },
          { value: 'system', label: 'System', icon: 'screen' },
        ]}
      />
    </Section>
  );
}

function FromTerminal({ status: { command } }: { status: Status }) {
  const lines = ['status', 'space list', 'chat send SPACE "Hello"', 'events --json'];
  return (
    <Section title="From a terminal">
      <p className="-mt-2 text-[14px]/5 text-text-2">
        Almost everything that this page can do, the <Code>compeer</Code> command can do too, and
        every command takes <Code>--json</Code> for scripts.
      </p>
      <pre className="-mt-2 whitespace-pre-wrap rounded-card border border-line bg-panel p-3 font-mono text-[13px]/5 [overflow-wrap:anywhere]">
        {lines.map((line) => `${command} ${line}`).join('\n')}
      </pre>
      <p className="-mt-2 text-small text-text-3">
        The same API is described at{' '}
        <a
          href="/api/v1/openapi.json"
          target="_blank"
          rel="noopener noreferrer"
          className="text-accent-text underline underline-offset-2"
        >
          /api/v1/openapi.json
        </a>
        .
      </p>
      <div>
        <Button icon="keyboard" onClick={() => showDialog({ kind: 'shortcuts' })}>
          Keyboard shortcuts
        </Button>
      </div>
    </Section>
  );
}

const Code = ({ children }: { children: string }) => (
  <code className="rounded-[5px] bg-soft px-1.5 py-px font-mono text-[13px]">{children}</code>
);

function About({ status }: { status: Status }) {
  const { run, busy } = useAction(
    async () => {
      await signOut();
      reportExpired();
    },
    (error) => {
      tellFailure(sentenceOf(error));
      return '';
    },
  );
  return (
    <Section title="About">
      <dl className="-mt-1 grid grid-cols-[104px_minmax(0,1fr)] gap-x-4 gap-y-1.5 text-[14px]/5">
        <dt className="text-text-3">Compeer</dt>
        <dd>version {status.version}, MIT or Apache-2.0</dd>
        <dt className="text-text-3">Your data</dt>
        <dd className="[overflow-wrap:anywhere]">
          <code className="font-mono text-[13px]">{plainText(status.home)}</code>
        </dd>
        <dt className="text-text-3">You are</dt>
        <dd className="[overflow-wrap:anywhere]">
          <code className="font-mono text-[12px] text-text-2">{status.person}</code>
        </dd>
      </dl>
      <div>
        <Button icon="leave" busy={busy} onClick={() => void run()}>
          Sign out of this browser
        </Button>
        <p className="mt-1.5 text-small text-text-3">
          Compeer keeps running and receiving. To come back, run{' '}
          <Code>{`${status.command} open`}</Code>.
        </p>
      </div>
    </Section>
  );
}

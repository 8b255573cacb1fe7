/** How this computer says that something is new, and what others are told of it. */
import { useState } from 'react';
import { testNotification } from '~/api/actions';
import { sentenceOf } from '~/api/client';
import { useSettings } from '~/api/queries';
import { useStore } from '~/api/store';
import type { Settings } from '~/api/types';
import { Button } from '~/kit/Button';
import { Choice } from '~/kit/Field';
import { useAction } from '~/kit/hooks';
import { change, onOff } from './change';
import { notify } from './preferences';
import { Section } from './Section';

export function Notices() {
  return (
    <Section title="Notifications">
      <OfBrowser />
      <OfDesktop />
    </Section>
  );
}

function OfBrowser() {
  const possible = 'Notification' in globalThis;
  const [permission, setPermission] = useState(
    possible ? Notification.permission : ('denied' as const),
  );
  const on = useStore(notify) && permission === 'granted';
  const set = async (next: string) => {
    if (next === 'on' && permission !== 'granted') {
      setPermission(await Notification.requestPermission());
    }
    notify.set(next === 'on');
  };
  return (
    <Choice
      label="By this browser"
      value={on ? 'on' : 'off'}
      disabled={!possible || permission === 'denied'}
      onChange={(next) => void set(next)}
      options={onOff}
      hint={
        !possible
          ? 'This browser has no notifications.'
          : permission === 'denied'
            ? 'This browser does not allow them for Compeer. Its own settings for this page can change that.'
            : 'New messages are announced while this page is open but not in front. They never leave this computer.'
      }
    />
  );
}

/** Whether the desktop can do it, in words. */
function desktopWord(settings: Settings): string {
  switch (settings.desktop_state) {
    case 'ready':
      return 'New messages are announced while no page is open. They never leave this computer.';
    case 'no-session':
      return 'There is no desktop that Compeer could reach. Start it from within your desktop to have them.';
    case 'no-program':
      return 'The program that sends them is missing: install notify-send (on Debian, the package libnotify-bin).';
    case 'failed':
      return `The last one was not shown. ${settings.desktop_failure ?? ''}`;
  }
}

function OfDesktop() {
  const settings = useSettings().data;
  const [shown, setShown] = useState(false);
  const { run, busy, error } = useAction(async () => {
    setShown(false);
    await testNotification();
    setShown(true);
  }, sentenceOf);
  if (settings === undefined) return null;
  const possible = settings.desktop_state === 'ready' || settings.desktop_state === 'failed';
  return (
    <>
      <Choice
        label="By the desktop"
        value={settings.desktop ? 'on' : 'off'}
        onChange={(next) => change({ desktop: next === 'on' })}
        options={onOff}
        hint={desktopWord(settings)}
      />
      {possible && settings.desktop && (
        <>
          <Choice
            label="What the desktop shows"
            value={settings.words ? 'words' : 'place'}
            onChange={(next) => change({ words: next === 'words' })}
            options={[
              { value: 'words', label: 'Who wrote what' },
              { value: 'place', label: 'Only where' },
            ]}
            hint={
              settings.words
                ? 'Whoever sees this screen can read it, also while it is locked on some systems.'
                : 'Only “New message in” and the name of the space.'
            }
          />
          <div className="flex flex-wrap items-center gap-3">
            <Button icon="bell" busy={busy} onClick={() => void run()}>
              Show one now
            </Button>
            <span role="status" className={`text-small ${error ? 'text-need' : 'text-text-3'}`}>
              {error ?? (shown ? 'Shown on the desktop.' : '')}
            </span>
          </div>
        </>
      )}
    </>
  );
}

/** What others are told of this computer. */
export function Others() {
  const settings = useSettings().data;
  if (settings === undefined) return null;
  return (
    <Section title="What others see">
      <Choice
        label="Show when I am away"
        value={settings.show_away ? 'on' : 'off'}
        onChange={(next) => change({ show_away: next === 'on' })}
        options={onOff}
        hint="After five minutes without a touch, or when the screen shows something else, people you share a space with see since when. Nothing more is told."
      />
    </Section>
  );
}

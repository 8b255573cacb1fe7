/** When nothing is announced: for a while from now on, and at certain times of the day. */
import { useState } from 'react';
import { useSettings } from '~/api/queries';
import type { Quiet, Settings } from '~/api/types';
import { Button } from '~/kit/Button';
import { Choice, Field, inputLook } from '~/kit/Field';
import { Icon } from '~/kit/Icon';
import { quietWord } from '~/parts/words';
import { change, onOff } from './change';
import { Section } from './Section';

const days = [
  ['mon', 'Monday', 'Mon'],
  ['tue', 'Tuesday', 'Tue'],
  ['wed', 'Wednesday', 'Wed'],
  ['thu', 'Thursday', 'Thu'],
  ['fri', 'Friday', 'Fri'],
  ['sat', 'Saturday', 'Sat'],
  ['sun', 'Sunday', 'Sun'],
] as const;

const usual: Quiet = { days: days.map(([day]) => day), from: '22:00', to: '07:00' };

export function QuietHours() {
  const settings = useSettings().data;
  if (settings === undefined) return null;
  return (
    <Section title="Quiet">
      <Pause settings={settings} />
      <Hours settings={settings} />
      <Choice
        label="What names me"
        value={settings.mentions_pass ? 'on' : 'off'}
        onChange={(next) => change({ mentions_pass: next === 'on' })}
        options={[
          { value: 'on', label: 'Announce it even then' },
          { value: 'off', label: 'Quiet, too' },
        ]}
        hint="Badges count whatever comes, quiet or not."
      />
    </Section>
  );
}

function Pause({ settings }: { settings: Settings }) {
  const paused = settings.paused_until !== null;
  return (
    <div>
      <div className="mb-1.5 text-[14px]/5 font-medium">Pause</div>
      <div className="flex flex-wrap items-center gap-2">
        {paused ? (
          <Button icon="play" onClick={() => change({ pause: 'off' })}>
            Go on
          </Button>
        ) : (
          <>
            <Button icon="pause" onClick={() => change({ pause: '1h' })}>
              For 1 hour
            </Button>
            <Button onClick={() => change({ pause: 'tomorrow' })}>Until tomorrow</Button>
          </>
        )}
        <span role="status" className="inline-flex items-center gap-1.5 text-small text-text-2">
          {settings.quiet_now && (
            <>
              <Icon name="moon" size={14} />
              {quietWord(settings)}.
            </>
          )}
        </span>
      </div>
    </div>
  );
}

function Hours({ settings: { quiet } }: { settings: Settings }) {
  // What was set before it was turned off is offered again.
  const [last, setLast] = useState<Quiet>(usual);
  const set = (next: Quiet | null) => {
    if (next !== null) setLast(next);
    else if (quiet !== null) setLast(quiet);
    change({ quiet: next });
  };
  return (
    <>
      <Choice
        label="Quiet hours"
        value={quiet === null ? 'off' : 'on'}
        onChange={(next) => set(next === 'on' ? last : null)}
        options={onOff}
        hint={
          quiet === null
            ? 'At these times nothing is announced, by this page or by the desktop.'
            : undefined
        }
      />
      {quiet !== null && (
        <div className="flex flex-col gap-4 border-l-2 border-line pl-4">
          <fieldset>
            <legend className="mb-1.5 text-[14px]/5 font-medium">They begin on</legend>
            <div className="grid max-w-[400px] grid-cols-7 gap-1">
              {days.map(([day, name, short]) => {
                const on = quiet.days.includes(day);
                const alone = on && quiet.days.length === 1;
                return (
                  <button
                    key={day}
                    type="button"
                    aria-pressed={on}
                    // At least one day: none at all is off.
                    aria-disabled={alone || undefined}
                    title={alone ? 'At least one day stays; turn them off above.' : name}
                    onClick={() => {
                      if (alone) return;
                      const kept = days
                        .map(([each]) => each)
                        .filter((each) => (each === day ? !on : quiet.days.includes(each)));
                      set({ ...quiet, days: kept });
                    }}
                    className="h-9 rounded-control border border-edge bg-raised text-[14px] text-text-2 aria-pressed:border-transparent aria-pressed:bg-accent-soft aria-pressed:font-medium aria-pressed:text-accent-text touch:h-11"
                  >
                    {short}
                  </button>
                );
              })}
            </div>
          </fieldset>
          <div className="flex flex-wrap gap-4">
            <Time label="From" value={quiet.from} onSave={(from) => set({ ...quiet, from })} />
            <Time label="To" value={quiet.to} onSave={(to) => set({ ...quiet, to })} />
          </div>
          <p className="-mt-2 text-small text-text-3">
            {quiet.from < quiet.to
              ? 'By the clock of this computer.'
              : quiet.from === quiet.to
                ? 'For a whole day from then on, by the clock of this computer.'
                : 'Until the next day, by the clock of this computer.'}
          </p>
        </div>
      )}
    </>
  );
}

/** A time of the day, saved when it is whole and left. */
function Time({
  label,
  value,
  onSave,
}: {
  label: string;
  value: string;
  onSave: (value: string) => void;
}) {
  const [typed, setTyped] = useState<string | null>(null);
  const save = () => {
    if (typed !== null && /^\d\d:\d\d$/.test(typed) && typed !== value) onSave(typed);
    setTyped(null);
  };
  return (
    <Field label={label}>
      {(tied) => (
        <input
          type="time"
          {...tied}
          value={typed ?? value}
          onChange={(event) => setTyped(event.target.value)}
          onBlur={save}
          onKeyDown={(event) => {
            if (event.key === 'Enter') save();
          }}
          className={`h-10 w-36! touch:h-11 ${inputLook}`}
        />
      )}
    </Field>
  );
}

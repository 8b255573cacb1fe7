/** Changes a setting, and says so only when it did not work. */
import { changeSettings } from '~/api/actions';
import { sentenceOf } from '~/api/client';
import type { SettingsChange } from '~/api/types';
import { tellFailure } from '~/kit/toast';

export function change(what: SettingsChange): void {
  changeSettings(what).catch((error: unknown) =>
    tellFailure(sentenceOf(error), () => change(what)),
  );
}

export const onOff = [
  { value: 'on' as const, label: 'On' },
  { value: 'off' as const, label: 'Off' },
];

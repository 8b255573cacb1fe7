/** How much somebody can want to hear, in words. */
import type { Attention } from '~/api/types';

export const attentions: [Attention, string][] = [
  ['all', 'Tell me everything'],
  ['mentions', 'Tell me what names me'],
  ['muted', 'Mute'],
];

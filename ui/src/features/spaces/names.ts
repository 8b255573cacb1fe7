/** What to say of a space's name while it is typed. */
import type { Space } from '~/api/types';

const plain = (name: string): string => name.normalize('NFC').trim().toLowerCase();

/** Two spaces may have one name, but whoever makes the second should know. */
export const nameNote = (name: string, others: Pick<Space, 'name'>[]): string | undefined =>
  plain(name) !== '' && others.some((other) => plain(other.name) === plain(name))
    ? 'You are in a space of this name already. This one would be another.'
    : undefined;

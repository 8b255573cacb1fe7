/** The space one was in last: the page comes back to it. */
import { createKeptStore } from '~/api/store';

export const lastSpace = createKeptStore<string | null>('compeer.space', null);

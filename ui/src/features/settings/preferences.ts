/** What this browser remembers about how the person likes the page. */
import { createKeptStore } from '~/api/store';

export type Theme = 'light' | 'dark' | 'system';

/** `public/theme.js` reads the same key before the first paint. */
export const theme = createKeptStore<Theme>('compeer.theme', 'system', { follow: true });

/** Raise a notification when something new arrives and the page is not being looked at. */
export const notify = createKeptStore<boolean>('compeer.notify', true, { follow: true });

/** Whether this browser raises them. */
export const browserTells = () =>
  'Notification' in globalThis && Notification.permission === 'granted' && notify.get();

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { startEvents } from '~/api/events';
import { startTyping } from '~/api/typing';
import { fetchAhead } from '~/kit/later';
import { App } from '~/shell/App';
import { startAttendance } from '~/shell/attendance';
import { startNotifications } from '~/shell/notify';
import { router } from '~/shell/router';
import { startTheme } from '~/shell/theme';
import './styles.css';

startTheme();
startEvents();
startTyping();
startNotifications(router);
startAttendance();

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}

// The rest of the page, once the first view had time to come. Safari has no word for being idle.
addEventListener('load', () => {
  setTimeout(() => {
    if ('requestIdleCallback' in window) requestIdleCallback(() => void fetchAhead());
    else void fetchAhead();
  }, 2000);
});

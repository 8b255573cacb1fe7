/** Puts the chosen theme on the page; "system" is the stylesheet's own doing. */
import { theme } from '~/features/settings/preferences';

export function startTheme(): void {
  const apply = () => {
    const root = document.documentElement;
    const chosen = theme.get();
    if (chosen === 'light' || chosen === 'dark') root.dataset['theme'] = chosen;
    else delete root.dataset['theme'];
  };
  theme.subscribe(apply);
  apply();
}

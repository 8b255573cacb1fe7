/** The keys of the page. They keep out of the way of whoever is typing. */
import { useEffect } from 'react';
import { closeDialog, openDialog, showDialog } from '~/parts/dialogs';

export const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);
export const mod = isMac ? '⌘' : 'Ctrl';

export interface Keys {
  nextUnread: (step: 1 | -1) => Promise<void>;
  /** Leads to the search. */
  search: () => void;
  /** Closes the detail panel. False when there is none. */
  closeDetail: () => boolean;
}

export const sheet: [string[], string][] = [
  [[mod, 'K'], 'Jump to anything'],
  [['?'], 'This list'],
  [['Alt', '↑ or ↓'], 'Previous or next unread topic'],
  [['J or K'], 'Down or up in a list'],
  [['/'], 'Search everything, or find in files or issues'],
  [['M'], 'Write a message'],
  [['C'], 'New issue, from anywhere'],
  [['S'], 'Set the status of an issue'],
  [['P'], 'Set its priority'],
  [['A'], 'Set its assignee'],
  [['L'], 'Set its labels'],
  [['D'], 'Set its due day'],
  [['X'], 'Choose an issue, to change many at once'],
  [['Shift', '← or →'], 'Move a card of the board'],
  [['/'], 'On a page: headings, lists, tasks, code, pictures'],
  [['@ or [['], 'On a page: link to a page, an issue or a message'],
  [[mod, 'B, I or E'], 'On a page: bold, italic, code'],
  [[mod, 'Alt', '1 to 3'], 'On a page: a heading'],
  [[mod, 'Enter'], 'On a page: tick a task, or leave code'],
  [[mod, 'Shift', '↑ or ↓'], 'On a page: move a paragraph'],
  [[mod, 'Shift', 'L'], 'On a page: link what is selected'],
  [[mod, 'Alt', 'M'], 'On a page: comment on what is selected'],
  [['Alt', 'F10'], 'On a page: to the tools of what is selected'],
  [['Enter'], 'Send, or open what is chosen'],
  [['Shift', 'Enter'], 'A new line'],
  [['Esc'], 'Close the detail or the issue, or leave a field'],
];

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest('input:not([type=radio]), textarea, select, [contenteditable]') !== null
  );
}

/** Moves the focus through the things of the main pane that can be opened. */
function step(by: 1 | -1): void {
  const items = [...document.querySelectorAll<HTMLElement>('main [data-nav]')];
  const at = items.indexOf(document.activeElement as HTMLElement);
  // From outside, into what is in sight.
  const next = at < 0 ? items.filter(inSight).at(by > 0 ? 0 : -1) : items[at + by];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

function inSight(item: HTMLElement): boolean {
  const frame = (item.closest('[role=region]') ?? document.documentElement).getBoundingClientRect();
  const { top, bottom } = item.getBoundingClientRect();
  return bottom > frame.top && top < frame.bottom;
}

/** Whether there is such a thing. */
function focusOn(selector: string): boolean {
  const found = document.querySelector<HTMLElement>(selector);
  found?.focus();
  return found !== null;
}

export function useShortcuts({ nextUnread, search, closeDetail }: Keys): void {
  useEffect(() => {
    // Wherever the keys are: a board would take it for a link.
    const onPalette = (event: KeyboardEvent) => {
      const command = event.ctrlKey || event.metaKey;
      if (!command || event.altKey || event.key.toLowerCase() !== 'k' || event.isComposing) return;
      event.preventDefault();
      event.stopPropagation();
      const open = openDialog.get();
      if (open?.kind === 'palette') closeDialog();
      else if (open === null) showDialog({ kind: 'palette' });
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const open = openDialog.get();
      const command = event.ctrlKey || event.metaKey;
      if (open !== null) return;
      if (event.altKey && !command && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
        event.preventDefault();
        void nextUnread(event.key === 'ArrowDown' ? 1 : -1);
        return;
      }
      if (command || event.altKey || isTyping(event.target)) return;
      switch (event.key) {
        case '?':
          showDialog({ kind: 'shortcuts' });
          break;
        case 'j':
          step(1);
          break;
        case 'k':
          step(-1);
          break;
        case '/':
          if (!focusOn('[data-find]')) search();
          break;
        case 'c':
          showDialog({ kind: 'new-issue' });
          break;
        case 'm':
          focusOn('#composer');
          break;
        default:
          return;
      }
      event.preventDefault();
    };
    // Before a tip can take it for itself: whoever is on a button means the detail.
    const onEscape = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.isComposing || openDialog.get() !== null) return;
      // What is open over the page has the first claim.
      const over =
        '[data-radix-popper-content-wrapper] :is([role=menu], [role=dialog]), [data-over]';
      if (document.querySelector(over) !== null) return;
      if (!closeDetail() && isTyping(event.target)) (event.target as HTMLElement).blur();
    };
    addEventListener('keydown', onPalette, { capture: true });
    addEventListener('keydown', onKey);
    addEventListener('keydown', onEscape, { capture: true });
    return () => {
      removeEventListener('keydown', onPalette, { capture: true });
      removeEventListener('keydown', onKey);
      removeEventListener('keydown', onEscape, { capture: true });
    };
  }, [nextUnread, search, closeDetail]);
}

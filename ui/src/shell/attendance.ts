/**
 * Tells the node whether somebody is at this browser: a tab was touched lately, and one can be seen. The node tells others that
 * nobody is here, and nothing else. The tab that listens to events speaks for all.
 */
import { attend } from '~/api/actions';
import { greetings, leading } from '~/api/events';
import { browserTells, notify } from '~/features/settings/preferences';
import { anyLooking, anyVisible } from '~/parts/attention';

/** Nobody has touched any tab for so long: nobody is here. */
export const idleAfter = 5 * 60_000;
/** No tab can be seen for so long: the screen is locked, or shows something else. A glance elsewhere is no absence. */
export const hiddenAfter = 60_000;
/** How often it is looked. */
const lookEvery = 15_000;
/** How often a tab says that it is being touched. */
const sayEvery = 5_000;

const touches = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

/** Whether somebody is here, by when a tab was last touched and when one was last seen. */
export const isActive = (now: number, touched: number, seen: number): boolean =>
  now - touched < idleAfter && now - seen < hiddenAfter;

export function startAttendance(): void {
  const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel('compeer.touched') : null;
  // Whoever opens a page is at it.
  let touched = Date.now();
  let seen = touched;
  let told: string | null = null;
  let said = 0;

  const look = async () => {
    const now = Date.now();
    const [visible, looking] = await Promise.all([anyVisible(), anyLooking()]);
    if (visible) seen = now;
    if (!leading) {
      told = null;
      return;
    }
    const active = isActive(now, touched, seen);
    const tells = looking || browserTells();
    const word = `${active} ${tells}`;
    if (word === told) return;
    told = word;
    attend(active, tells).catch(() => {
      // Nobody heard it; the next greeting asks for it again.
      told = null;
    });
  };
  const touch = () => {
    const now = Date.now();
    const wasIdle = now - touched >= idleAfter;
    touched = now;
    if (now - said < sayEvery && !wasIdle) return;
    said = now;
    channel?.postMessage(null);
    void look();
  };
  for (const name of touches) addEventListener(name, touch, { passive: true, capture: true });
  channel?.addEventListener('message', () => {
    touched = Date.now();
    void look();
  });
  const again = () => void look();
  addEventListener('focus', again);
  addEventListener('blur', again);
  document.addEventListener('visibilitychange', again);
  notify.subscribe(again);
  greetings.subscribe(() => {
    told = null;
    again();
  });
  setInterval(again, lookEvery);
}

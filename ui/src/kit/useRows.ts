/** Draws only the rows in sight of a long list whose rows are all of one height. */
import { useEffect, useState, type RefObject } from 'react';

export interface Rows {
  first: number;
  /** One past the last row to draw. */
  end: number;
  /** Pixels to leave free before and after the drawn rows. */
  above: number;
  below: number;
}

/** Rows drawn beyond each edge, so that a quick scroll and the keyboard find them there. */
const spare = 12;
/** Short lists are drawn whole: find-in-page and screen readers then see everything. */
const whole = 120;

export function rowsInSight(count: number, height: number, scrolled: number, seen: number): Rows {
  if (count <= whole) return { first: 0, end: count, above: 0, below: 0 };
  const first = Math.max(0, Math.min(Math.floor(scrolled / height) - spare, count - 1));
  const end = Math.min(count, Math.ceil((scrolled + seen) / height) + spare);
  return { first, end, above: first * height, below: (count - end) * height };
}

export function useRows(
  scroller: RefObject<HTMLElement | null>,
  count: number,
  height: number,
): Rows {
  const [view, setView] = useState({ scrolled: 0, seen: 900 });
  useEffect(() => {
    const element = scroller.current;
    if (element === null || count <= whole) return;
    const look = () => setView({ scrolled: element.scrollTop, seen: element.clientHeight });
    look();
    element.addEventListener('scroll', look, { passive: true });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => {
      element.removeEventListener('scroll', look);
      observer.disconnect();
    };
  }, [scroller, count]);
  return rowsInSight(count, height, view.scrolled, view.seen);
}

/**
 * Keeps what is being read where it is. Whatever grows above, below or inside, the row at the top
 * of the view stays put; only a reader at the very end is taken along.
 */
import { useCallback, useLayoutEffect, useRef, useState, type RefObject } from 'react';

export type Anchor = 'end' | { row: string; top: number };

/** Where each conversation was left, for as long as the page lives. */
const left = new Map<string, Anchor>();

/** This close to the end counts as being there. */
const nearEnd = 32;

export interface Anchored {
  atEnd: boolean;
  /** More than a screen away from the end. */
  farFromEnd: boolean;
  onScroll: () => void;
  /** At once: a smooth way there would stop wherever something grows meanwhile. */
  toEnd: () => void;
  /** Puts a row near the top or in the middle of the view. False when it is not drawn. */
  toRow: (row: string, where: 'top' | 'middle') => boolean;
}

export function useAnchor(
  place: string,
  scroller: RefObject<HTMLElement | null>,
  content: RefObject<HTMLElement | null>,
  /** Whatever changes the drawn rows. */
  drawn: unknown,
): Anchored {
  const anchor = useRef<Anchor>(left.get(place) ?? 'end');
  const [view, setView] = useState({ atEnd: anchor.current === 'end', farFromEnd: false });
  /** Where this hook itself has put the view last. The browser tells of that later, like of a reader's scrolling. */
  const put = useRef<number | null>(null);

  const look = useCallback(() => {
    const element = scroller.current;
    if (element === null) return;
    const fromEnd = element.scrollHeight - element.scrollTop - element.clientHeight;
    const atEnd = anchor.current === 'end';
    const farFromEnd = fromEnd > element.clientHeight;
    setView((before) =>
      before.atEnd === atEnd && before.farFromEnd === farFromEnd ? before : { atEnd, farFromEnd },
    );
  }, [scroller]);

  const hold = useCallback(() => {
    const element = scroller.current;
    if (element === null) return;
    const to = anchor.current;
    if (to === 'end') {
      element.scrollTop = element.scrollHeight;
    } else {
      const row = rowOf(element, to.row);
      if (row !== null) {
        const moved = topWithin(element, row) - to.top;
        if (Math.abs(moved) >= 1) element.scrollTop += moved;
      }
    }
    put.current = element.scrollTop;
    look();
  }, [scroller, look]);

  const settle = useCallback(() => {
    const element = scroller.current;
    if (element === null) return;
    const fromEnd = element.scrollHeight - element.scrollTop - element.clientHeight;
    anchor.current = fromEnd <= nearEnd ? 'end' : (firstInSight(element) ?? anchor.current);
    look();
  }, [scroller, look]);

  const onScroll = useCallback(() => {
    // Something may have grown since: a view that nobody moved is still where it belongs.
    if (scroller.current?.scrollTop === put.current) {
      look();
      return;
    }
    put.current = null;
    settle();
  }, [scroller, look, settle]);

  useLayoutEffect(hold, [hold, drawn]);

  useLayoutEffect(() => {
    // Pictures, fonts, a growing composer and a turned phone change heights without a render.
    const observer = new ResizeObserver(hold);
    if (scroller.current) observer.observe(scroller.current);
    if (content.current) observer.observe(content.current);
    return () => observer.disconnect();
  }, [hold, scroller, content]);

  useLayoutEffect(
    () => () => {
      left.set(place, anchor.current);
    },
    [place],
  );

  const toEnd = useCallback(() => {
    anchor.current = 'end';
    hold();
  }, [hold]);

  const toRow = useCallback(
    (id: string, where: 'top' | 'middle') => {
      const element = scroller.current;
      const row = element && rowOf(element, id);
      if (!element || !row) return false;
      const room = element.clientHeight - row.offsetHeight;
      anchor.current = { row: id, top: where === 'top' ? 72 : Math.max(24, room / 2) };
      hold();
      settle();
      return true;
    },
    [scroller, hold, settle],
  );

  return { ...view, onScroll, toEnd, toRow };
}

export const wasLeftAt = (place: string): Anchor | undefined => left.get(place);

function rowOf(scroller: HTMLElement, row: string): HTMLElement | null {
  return scroller.querySelector<HTMLElement>(`[data-row="${CSS.escape(row)}"]`);
}

const topWithin = (scroller: HTMLElement, row: HTMLElement) =>
  row.getBoundingClientRect().top - scroller.getBoundingClientRect().top;

function firstInSight(scroller: HTMLElement): Anchor | null {
  const rows = scroller.querySelectorAll<HTMLElement>('[data-row]');
  const edge = scroller.getBoundingClientRect().top;
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.getBoundingClientRect().bottom ?? 0) > edge) high = middle;
    else low = middle + 1;
  }
  const row = rows[low];
  return row?.dataset['row'] === undefined
    ? null
    : { row: row.dataset['row'], top: topWithin(scroller, row) };
}

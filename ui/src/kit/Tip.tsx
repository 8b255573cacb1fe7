/**
 * A tooltip: says more about what the pointer or the focus is on. Never the only place for it.
 *
 * A page has hundreds of things that can say more, and one at a time does, so each of them only carries its words, and the one
 * tooltip that there is watches for all of them.
 */
import * as Radix from '@radix-ui/react-tooltip';
import { cloneElement, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { HTMLAttributes, ReactElement, ReactNode } from 'react';

type Side = 'top' | 'bottom' | 'left' | 'right';

/** So long the pointer rests before more is said, in ms. */
const rest = 450;
/** Not so long when something else has just said more, in ms. */
const again = 200;

export function Tip({
  label,
  side = 'top',
  children,
}: {
  label: string;
  side?: Side;
  children: ReactElement<HTMLAttributes<HTMLElement>>;
}) {
  const words: HTMLAttributes<HTMLElement> & Record<`data-${string}`, string> = {
    'data-tip': label,
    'data-tip-side': side,
  };
  return cloneElement(children, words);
}

export const TipProvider = ({ children }: { children: ReactNode }) => (
  <>
    {children}
    <Radix.Provider>
      <Shown />
    </Radix.Provider>
  </>
);

/** What says more now, or is about to. */
function useTold(): HTMLElement | null {
  const [told, setTold] = useState<HTMLElement | null>(null);
  useEffect(() => {
    let near: HTMLElement | null = null;
    let timer = 0;
    let hidden = -again;
    let shown = false;
    const hide = () => {
      clearTimeout(timer);
      if (shown) hidden = performance.now();
      near = null;
      shown = false;
      setTold(null);
    };
    const show = (element: HTMLElement) => {
      shown = true;
      setTold(element);
    };
    const turn = (target: EventTarget | null, wait: number) => {
      const found = target instanceof Element ? target.closest<HTMLElement>('[data-tip]') : null;
      if (found === near) return;
      hide();
      near = found;
      if (found === null) return;
      if (wait === 0) show(found);
      else timer = window.setTimeout(() => show(found), wait);
    };
    const over = (event: PointerEvent) => {
      if (event.pointerType !== 'touch')
        turn(event.target, performance.now() - hidden < again ? 0 : rest);
    };
    const focus = ({ target }: FocusEvent) => {
      if (target instanceof Element && target.matches(':focus-visible')) turn(target, 0);
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key === 'Escape') hide();
    };
    const gone = setInterval(() => {
      if (shown && !near?.isConnected) hide();
    }, again);
    document.addEventListener('pointerover', over);
    document.addEventListener('focusin', focus);
    document.addEventListener('focusout', hide);
    document.addEventListener('pointerdown', hide, true);
    document.addEventListener('keydown', escape, true);
    document.addEventListener('scroll', hide, { capture: true, passive: true });
    document.documentElement.addEventListener('pointerleave', hide);
    return () => {
      hide();
      clearInterval(gone);
      document.removeEventListener('pointerover', over);
      document.removeEventListener('focusin', focus);
      document.removeEventListener('focusout', hide);
      document.removeEventListener('pointerdown', hide, true);
      document.removeEventListener('keydown', escape, true);
      document.removeEventListener('scroll', hide, true);
      document.documentElement.removeEventListener('pointerleave', hide);
    };
  }, []);
  return told;
}

function Shown() {
  const told = useTold();
  const anchor = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    const described = anchor.current?.getAttribute('aria-describedby');
    if (told === null || !described || told.hasAttribute('aria-describedby')) return;
    told.setAttribute('aria-describedby', described);
    return () => told.removeAttribute('aria-describedby');
  }, [told]);
  if (told === null) return null;
  const { left, top, width, height } = told.getBoundingClientRect();
  return (
    <Radix.Root open>
      <Radix.Trigger asChild>
        <span
          ref={anchor}
          className="pointer-events-none fixed"
          style={{ left, top, width, height }}
        />
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          side={(told.dataset['tipSide'] ?? 'top') as Side}
          sideOffset={6}
          collisionPadding={8}
          className="pointer-events-none z-50 max-w-72 animate-fade rounded-md bg-text px-2 py-1 text-tiny text-canvas shadow-float"
        >
          {told.dataset['tip']}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

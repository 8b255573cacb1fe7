/** A short word about what just happened, with at most one thing to do about it. */
import { useEffect, useLayoutEffect, useRef, type RefObject } from 'react';
import { createStore, useStore } from '~/api/store';
import { IconButton } from './Button';
import { Icon } from './Icon';

interface Toast {
  id: number;
  text: string;
  failed: boolean;
  action: { label: string; run: () => void } | null;
  /** Called when it goes away without its action having been taken. */
  settled: (() => void) | null;
}

const toasts = createStore<Toast[]>([]);
let count = 0;

function push(toast: Omit<Toast, 'id'>): number {
  count += 1;
  const id = count;
  // Three are enough to read; the oldest gives way.
  const before = toasts.get();
  for (const old of before.slice(0, Math.max(0, before.length - 2))) old.settled?.();
  toasts.set([...before.slice(-2), { ...toast, id }]);
  return id;
}

function close(toast: Toast, taken: boolean): void {
  if (!toasts.get().some(({ id }) => id === toast.id)) return;
  toasts.set((items) => items.filter(({ id }) => id !== toast.id));
  if (!taken) toast.settled?.();
}

export const tell = (text: string) => push({ text, failed: false, action: null, settled: null });

/** With one thing to do about it, if somebody wants to. */
export const tellWith = (text: string, label: string, run: () => void) =>
  push({ text, failed: false, action: { label, run }, settled: null });

/** A failure, in a sentence, with the way to try again where there is one. */
export const tellFailure = (text: string, retry?: () => void) =>
  push({
    text,
    failed: true,
    action: retry ? { label: 'Try again', run: retry } : null,
    settled: null,
  });

/**
 * Does `commit` only after the person had the time to change their mind: `undo` brings back what
 * was taken away from sight. Leaving the page commits at once. Without `commit` it is done already.
 */
export function tellUndoable(text: string, commit: (() => void) | null, undo: () => void): void {
  let done = false;
  const settle = () => {
    if (done) return;
    done = true;
    removeEventListener('pagehide', settle);
    commit?.();
  };
  addEventListener('pagehide', settle);
  push({
    text,
    failed: false,
    action: {
      label: 'Undo',
      run: () => {
        done = true;
        removeEventListener('pagehide', settle);
        undo();
      },
    },
    settled: settle,
  });
}

/** How high the foot of the pane is, where words are written: notices stand above it. */
const foot = createStore(0);

/** Keeps notices off this element at the foot of the pane. */
export function useFoot(element: RefObject<HTMLElement | null>): void {
  useLayoutEffect(() => {
    if (element.current === null) return;
    const observer = new ResizeObserver(([entry]) =>
      foot.set(Math.ceil(entry?.borderBoxSize[0]?.blockSize ?? 0)),
    );
    observer.observe(element.current);
    return () => {
      observer.disconnect();
      foot.set(0);
    };
  }, [element]);
}

export function Toasts() {
  const items = useStore(toasts);
  const above = useStore(foot);
  return (
    <div
      role="region"
      aria-label="Notices"
      aria-live="polite"
      style={{ '--foot': `${above}px` } as React.CSSProperties}
      className="pointer-events-none fixed right-4 bottom-[calc(16px+var(--foot))] z-50 flex w-[min(400px,calc(100vw-32px))] flex-col gap-2 phone:bottom-[calc(72px+env(safe-area-inset-bottom)+var(--foot))]"
    >
      {items.map((toast) => (
        <Card key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function Card({ toast }: { toast: Toast }) {
  const card = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Time runs only while nobody is on it; failures stay until they are dealt with.
    if (toast.failed && toast.action) return;
    const lasts = toast.action ? 7000 : toast.failed ? 9000 : 4000;
    let timer = setTimeout(() => close(toast, false), lasts);
    const element = card.current;
    const hold = () => clearTimeout(timer);
    const go = () => {
      clearTimeout(timer);
      timer = setTimeout(() => close(toast, false), lasts);
    };
    element?.addEventListener('pointerenter', hold);
    element?.addEventListener('focusin', hold);
    element?.addEventListener('pointerleave', go);
    element?.addEventListener('focusout', go);
    return () => {
      clearTimeout(timer);
      element?.removeEventListener('pointerenter', hold);
      element?.removeEventListener('focusin', hold);
      element?.removeEventListener('pointerleave', go);
      element?.removeEventListener('focusout', go);
    };
  }, [toast]);
  return (
    <div
      ref={card}
      className="pointer-events-auto flex animate-rise items-center gap-3 rounded-card bg-text py-2 pr-2 pl-4 text-[14px]/5 text-canvas shadow-float"
    >
      {toast.failed && <Icon name="alert" size={16} />}
      <span className="min-w-0 flex-1 break-words">{toast.text}</span>
      {toast.action && (
        <button
          type="button"
          className="h-8 flex-none rounded-md px-2 font-semibold underline underline-offset-2 hover:no-underline touch:h-11"
          onClick={() => {
            toast.action?.run();
            close(toast, true);
          }}
        >
          {toast.action.label}
        </button>
      )}
      <IconButton
        icon="close"
        label="Dismiss"
        size="s"
        side="top"
        className="text-inherit! hover:bg-transparent! hover:opacity-70"
        onClick={() => close(toast, false)}
      />
    </div>
  );
}

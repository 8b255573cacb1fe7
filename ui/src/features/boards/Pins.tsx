/** Where on the board something was said: a mark at the corner of each element with comments, which moves along with it. */
import { useLayoutEffect, useRef } from 'react';
import type { Comment } from '~/api/types';
import { Icon } from '~/kit/Icon';

/** Where an element's upper right corner is seen, in pixels of the pane; null when it is not there. */
export type Corner = (element: string) => { x: number; y: number } | null;

/** `watch`: calls back whenever something of the picture moved. */
export function Pins({
  comments,
  corner,
  watch,
  onPick,
}: {
  comments: Comment[];
  corner: Corner;
  watch: (moved: () => void) => () => void;
  onPick: (element: string) => void;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const counts = new Map<string, number>();
  for (const { element } of comments) {
    if (element !== null) counts.set(element, (counts.get(element) ?? 0) + 1);
  }
  useLayoutEffect(() => {
    const place = () => {
      for (const pin of frame.current?.querySelectorAll<HTMLElement>('[data-element]') ?? []) {
        const at = corner(pin.dataset['element'] ?? '');
        pin.hidden = at === null;
        if (at !== null) pin.style.transform = `translate(${at.x}px, ${at.y}px)`;
      }
    };
    place();
    return watch(place);
  });
  return (
    <div ref={frame} className="pointer-events-none absolute inset-0 z-[2] overflow-hidden">
      {[...counts].map(([element, count]) => (
        <button
          key={element}
          type="button"
          hidden
          data-element={element}
          onClick={() => onPick(element)}
          aria-label={`Comments here: ${count}`}
          className="pointer-events-auto absolute top-0 left-0 -mt-3 -ml-3 flex h-6 min-w-6 items-center justify-center gap-1 rounded-full bg-accent px-1.5 text-tiny font-medium text-on-accent shadow-raised [&[hidden]]:hidden"
        >
          <Icon name="chat" size={13} />
          {count > 1 && <span className="nums">{count}</span>}
        </button>
      ))}
    </div>
  );
}

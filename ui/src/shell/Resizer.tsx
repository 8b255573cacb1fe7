/** The edge of the sidebar: dragged, or moved with the arrow keys. */
import { createKeptStore, useStore } from '~/api/store';

export const sidebarWidth = createKeptStore('compeer.sidebar', 264);

const least = 200;
const most = 400;
const clamp = (width: number) => Math.round(Math.min(most, Math.max(least, width)));

export function Resizer() {
  const width = useStore(sidebarWidth);
  return (
    // A separator that can be moved is a control by the ARIA definition.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      role="separator"
      aria-label="Width of the sidebar"
      aria-orientation="vertical"
      aria-valuemin={least}
      aria-valuemax={most}
      aria-valuenow={width}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      onKeyDown={(event) => {
        const by = { ArrowLeft: -16, ArrowRight: 16 }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        sidebarWidth.set((before) => clamp(before + by));
      }}
      onPointerDown={(event) => {
        event.preventDefault();
        const edge = event.currentTarget;
        const from = event.clientX - width;
        edge.setPointerCapture(event.pointerId);
        const move = (moved: PointerEvent) => sidebarWidth.set(clamp(moved.clientX - from));
        edge.addEventListener('pointermove', move);
        edge.addEventListener(
          'lostpointercapture',
          () => edge.removeEventListener('pointermove', move),
          { once: true },
        );
      }}
      onDoubleClick={() => sidebarWidth.set(264)}
      className="absolute inset-y-0 -right-1 z-10 w-2 cursor-col-resize touch-none transition-colors hover:bg-accent/30 focus-visible:bg-accent/40 focus-visible:outline-none"
    />
  );
}

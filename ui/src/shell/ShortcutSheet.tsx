/** All keys on one sheet. */
import { Dialog } from '~/kit/Dialog';
import { sheet } from './shortcuts';

export function ShortcutSheet({ onClose }: { onClose: () => void }) {
  return (
    <Dialog open onClose={onClose} title="Keyboard shortcuts">
      {/* Longer than a low window: whoever has no wheel scrolls by its focus. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <dl tabIndex={0} aria-label="Keys" className="flex flex-col">
        {sheet.map(([keys, what]) => (
          <div
            key={what}
            className="flex items-center justify-between gap-4 border-b border-soft py-2 last:border-b-0"
          >
            <dt className="text-[14px]/5">{what}</dt>
            <dd className="flex flex-none gap-1">
              {keys.map((key) => (
                <Key key={key}>{key}</Key>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

export const Key = ({ children }: { children: string }) => (
  <kbd className="rounded border border-line bg-canvas px-1.5 font-sans text-[11px]/[18px] font-medium text-text-3">
    {children}
  </kbd>
);

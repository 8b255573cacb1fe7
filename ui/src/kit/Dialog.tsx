/**
 * A dialog: traps the focus, closes on Esc and outside, gives the focus back. The veil is our own
 * element: Radix's overlay brings a scroll lock that writes a <style>, which the page's policy
 * forbids, and nothing behind the veil can scroll anyway.
 */
import * as Radix from '@radix-ui/react-dialog';
import { useRef, type ReactNode } from 'react';
import { IconButton } from './Button';

export interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  /** One line under the title. */
  about?: ReactNode;
  children?: ReactNode;
  /** The row of buttons at the end. */
  footer?: ReactNode;
  wide?: boolean;
}

export function Dialog({ open, onClose, title, about, children, footer, wide }: DialogProps) {
  const before = useRef<Element | null>(null);
  return (
    <Radix.Root open={open} onOpenChange={(next) => next || onClose()}>
      <Radix.Portal>
        <div aria-hidden="true" className="fixed inset-0 z-40 animate-fade bg-(--veil)" />
        <div className="pointer-events-none fixed inset-0 z-40 grid place-items-center p-4 phone:items-end phone:p-0">
          <Radix.Content
            // Opened by state and not by a trigger, Radix would not know where the focus belongs.
            onOpenAutoFocus={(event) => {
              before.current = document.activeElement;
              // At the first field or choice; where there is none, at the dialog itself.
              event.preventDefault();
              const dialog = event.currentTarget as HTMLElement;
              const field = dialog.querySelector<HTMLElement>('input:not([hidden]), textarea');
              (dialog.querySelector<HTMLElement>('input:checked') ?? field ?? dialog).focus();
            }}
            onCloseAutoFocus={(event) => {
              event.preventDefault();
              if (before.current instanceof HTMLElement) before.current.focus();
            }}
            {...(about === undefined ? { 'aria-describedby': undefined } : {})}
            className={`pointer-events-auto relative flex max-h-full w-full animate-rise flex-col overflow-hidden rounded-card bg-raised shadow-float outline-none phone:max-h-[92dvh] phone:rounded-b-none ${wide === true ? 'max-w-xl' : 'max-w-md'} phone:max-w-none`}
          >
            <div className="pt-5 pr-14 pl-6 phone:pl-4">
              <Radix.Title className="text-[17px]/6 font-semibold">{title}</Radix.Title>
              {about !== undefined && (
                <Radix.Description className="mt-1 text-[14px]/5 text-pretty text-text-2">
                  {about}
                </Radix.Description>
              )}
            </div>
            <div className="min-h-0 flex-1 overflow-y-auto px-6 pt-4 pb-6 phone:px-4">
              {children}
            </div>
            {footer !== undefined && (
              <div className="flex flex-wrap justify-end gap-2 border-t border-line px-6 py-3 phone:px-4 phone:pb-[max(12px,env(safe-area-inset-bottom))]">
                {footer}
              </div>
            )}
            {/* Last in the order of the Tab key, so that a dialog starts at its first field. */}
            <Radix.Close asChild>
              <IconButton
                icon="close"
                label="Close"
                className="absolute! top-[15px] right-4 phone:right-2 touch:top-2.5"
              />
            </Radix.Close>
          </Radix.Content>
        </div>
      </Radix.Portal>
    </Radix.Root>
  );
}

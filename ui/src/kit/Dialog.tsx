/**
 * A dialog: traps the focus, closes on Esc and outside, gives the focus back. The veil is our own
 * element: Radix's overlay brings a scroll lock that writes a <style>, which the page's policy
 * forbids, and nothing behind the veil can scroll anyway.
 */
import * as Radix from '@radix-ui/react-dialog';
import type { ReactNode } from 'react';
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
  return (
    <Radix.Root open={open} onOpenChange={(next) => next || onClose()}>
      <Radix.Portal>
        <div aria-hidden="true" className="fixed inset-0 z-40 animate-fade bg-(--veil)" />
        <div className="pointer-events-none fixed inset-0 z-40 grid place-items-center p-4 phone:items-end phone:p-0">
          <Radix.Content
            {...(about === undefined ? { 'aria-describedby': undefined } : {})}
            className={`pointer-events-auto flex max-h-full w-full animate-rise flex-col overflow-hidden rounded-card bg-raised shadow-float outline-none phone:max-h-[92dvh] phone:rounded-b-none ${wide === true ? 'max-w-xl' : 'max-w-md'} phone:max-w-none`}
          >
            <div className="flex items-start gap-4 px-6 pt-5 phone:px-4">
              <div className="min-w-0 flex-1">
                <Radix.Title className="text-[17px]/6 font-semibold">{title}</Radix.Title>
                {about !== undefined && (
                  <Radix.Description className="mt-1 text-[14px]/5 text-text-2">
                    {about}
                  </Radix.Description>
                )}
              </div>
              <Radix.Close asChild>
                <IconButton icon="close" label="Close" className="-mt-1 -mr-2" />
              </Radix.Close>
            </div>
            <div className="min-h-0 flex-1 overflow-y-auto px-6 pt-4 pb-6 phone:px-4">
              {children}
            </div>
            {footer !== undefined && (
              <div className="flex flex-wrap justify-end gap-2 border-t border-line px-6 py-3 phone:px-4 phone:pb-[max(12px,env(safe-area-inset-bottom))]">
                {footer}
              </div>
            )}
          </Radix.Content>
        </div>
      </Radix.Portal>
    </Radix.Root>
  );
}

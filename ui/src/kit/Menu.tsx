/**
 * A menu of actions, and a popover for more than that. Not modal: modal ones write a <style>.
 *
 * A page has hundreds of them and few are ever opened, so until then there is only the button: what opens costs more than all else
 * in a row of a list.
 */
import * as RadixMenu from '@radix-ui/react-dropdown-menu';
import * as RadixPopover from '@radix-ui/react-popover';
import { cloneElement, createContext, useContext, useRef, useState } from 'react';
import type { HTMLAttributes, KeyboardEvent, MouseEvent, PointerEvent } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { Icon, type IconName } from './Icon';

const surface =
  'z-50 animate-fade rounded-[10px] border border-line bg-raised p-1 shadow-float outline-none';

/** The button of what opens. */
export type Trigger = ReactElement<HTMLAttributes<HTMLElement>>;

/** The keys that open a menu, as Radix has them. */
const opening = ['Enter', ' ', 'ArrowDown'];

/** What was chosen, to be done once the menu is gone and has given the focus back. */
const Chosen = createContext<{ current: (() => void) | null }>({ current: null });

export function Menu({
  trigger,
  children,
  align = 'end',
  onOpenChange,
}: {
  trigger: Trigger;
  children: ReactNode;
  align?: 'start' | 'end';
  onOpenChange?: (open: boolean) => void;
}) {
  const chosen = useRef<(() => void) | null>(null);
  const [used, setUsed] = useState(false);
  const first = (event: PointerEvent<HTMLElement> | KeyboardEvent<HTMLElement>) => {
    // The focus goes into the menu.
    event.preventDefault();
    setUsed(true);
    onOpenChange?.(true);
  };
  if (!used) {
    return cloneElement(trigger, {
      'aria-haspopup': 'menu',
      'aria-expanded': false,
      onPointerDown: (event) => {
        if (event.button === 0 && !event.ctrlKey) first(event);
      },
      onKeyDown: (event) => {
        if (opening.includes(event.key)) first(event);
      },
    });
  }
  return (
    <RadixMenu.Root defaultOpen modal={false} {...(onOpenChange ? { onOpenChange } : {})}>
      <RadixMenu.Trigger asChild>{trigger}</RadixMenu.Trigger>
      <RadixMenu.Portal>
        <RadixMenu.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          onCloseAutoFocus={() => {
            // A dialog that opens now remembers the menu's button, and gives the focus back to it.
            const act = chosen.current;
            chosen.current = null;
            if (act !== null) setTimeout(act);
          }}
          className={`min-w-52 ${surface}`}
        >
          <Chosen value={chosen}>{children}</Chosen>
        </RadixMenu.Content>
      </RadixMenu.Portal>
    </RadixMenu.Root>
  );
}

export function MenuItem({
  icon,
  danger = false,
  disabled = false,
  onSelect,
  children,
}: {
  icon?: IconName;
  danger?: boolean;
  disabled?: boolean;
  onSelect: () => void;
  children: ReactNode;
}) {
  const chosen = useContext(Chosen);
  return (
    <RadixMenu.Item
      disabled={disabled}
      onSelect={() => {
        chosen.current = onSelect;
      }}
      className={`flex h-8 items-center gap-2.5 rounded-md px-2 text-[14px] outline-none select-none data-disabled:opacity-50 data-highlighted:bg-soft touch:h-11 ${danger ? 'text-need' : ''}`}
    >
      {icon && <Icon name={icon} size={16} className={danger ? '' : 'text-text-2'} />}
      {children}
    </RadixMenu.Item>
  );
}

/** One of several, of which one is chosen. */
export function MenuChoice({
  chosen: isChosen,
  onSelect,
  children,
}: {
  chosen: boolean;
  onSelect: () => void;
  children: ReactNode;
}) {
  const chosen = useContext(Chosen);
  return (
    <RadixMenu.CheckboxItem
      checked={isChosen}
      onSelect={() => {
        chosen.current = onSelect;
      }}
      className="flex h-8 items-center gap-2.5 rounded-md px-2 text-[14px] outline-none select-none data-highlighted:bg-soft touch:h-11"
    >
      <Icon name="check" size={16} className={isChosen ? 'text-text-2' : 'opacity-0'} />
      {children}
    </RadixMenu.CheckboxItem>
  );
}

export const MenuLine = () => <RadixMenu.Separator className="my-1 h-px bg-line" />;

export function Popover({
  trigger,
  label,
  children,
  align = 'end',
  open,
  onOpenChange,
}: {
  trigger: Trigger;
  /** The popover's name for screen readers. */
  label: string;
  children: ReactNode;
  align?: 'start' | 'end';
  /** Whether it is open, where somebody else decides that. */
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
}) {
  const [used, setUsed] = useState(false);
  if (open === true && !used) setUsed(true);
  if (!used) {
    return cloneElement(trigger, {
      'aria-haspopup': 'dialog',
      'aria-expanded': false,
      onClick: (event: MouseEvent<HTMLElement>) => {
        trigger.props.onClick?.(event);
        setUsed(true);
        onOpenChange?.(true);
      },
    });
  }
  return (
    <RadixPopover.Root
      defaultOpen
      {...(open === undefined ? {} : { open })}
      {...(onOpenChange ? { onOpenChange } : {})}
    >
      <RadixPopover.Trigger asChild>{trigger}</RadixPopover.Trigger>
      <RadixPopover.Portal>
        <RadixPopover.Content
          aria-label={label}
          align={align}
          sideOffset={4}
          collisionPadding={8}
          className={`w-72 max-w-[calc(100vw-16px)] ${surface}`}
        >
          {children}
        </RadixPopover.Content>
      </RadixPopover.Portal>
    </RadixPopover.Root>
  );
}

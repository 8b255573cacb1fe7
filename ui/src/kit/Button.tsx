/** Buttons: one look per weight of what happens, 44 pixels on touch. */
import type { ButtonHTMLAttributes, Ref } from 'react';
import { Icon, type IconName } from './Icon';
import { Tip } from './Tip';

type Kind = 'plain' | 'primary' | 'danger' | 'ghost';

const kinds: Record<Kind, string> = {
  plain: 'border-edge bg-raised text-text enabled:hover:bg-soft',
  primary:
    'border-transparent bg-accent text-on-accent enabled:hover:brightness-110 disabled:bg-soft disabled:text-text-3 disabled:opacity-100!',
  danger:
    'border-transparent bg-need text-on-need enabled:hover:brightness-110 disabled:bg-soft disabled:text-text-3 disabled:opacity-100!',
  ghost: 'border-transparent bg-transparent text-accent-text hover:bg-accent-soft',
};

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: Kind;
  icon?: IconName;
  big?: boolean;
  /** Something is under way: the button keeps its width, says so, and cannot be pressed again. */
  busy?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({
  kind = 'plain',
  icon,
  big = false,
  busy = false,
  className = '',
  children,
  disabled,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : rest.onClick}
      className={`relative inline-flex flex-none items-center justify-center gap-2 rounded-control border font-medium whitespace-nowrap transition-[background,filter] duration-150 select-none disabled:opacity-50 touch:min-h-11 ${big ? 'h-10 px-[18px] text-body' : 'h-[34px] px-3 text-[14px]'} ${kinds[kind]} ${className}`}
    >
      {icon && <Icon name={icon} size={16} />}
      <span className={busy ? 'opacity-0' : ''}>{children}</span>
      {busy && (
        <span className="absolute inset-0 grid place-items-center">
          <span className="size-4 animate-spin rounded-full border-2 border-current border-r-transparent" />
        </span>
      )}
    </button>
  );
}

export interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  icon: IconName;
  /** What it does; the tooltip and the name for screen readers. */
  label: string;
  size?: 'm' | 's';
  side?: 'top' | 'bottom' | 'left' | 'right';
  ref?: Ref<HTMLButtonElement>;
}

export function IconButton({
  icon,
  label,
  size = 'm',
  side = 'bottom',
  className = '',
  ...rest
}: IconButtonProps) {
  return (
    <Tip label={label} side={side}>
      <button
        type="button"
        aria-label={label}
        {...rest}
        className={`grid flex-none place-items-center rounded-control text-text-2 transition-colors duration-150 hover:bg-soft hover:text-text disabled:opacity-40 disabled:hover:bg-transparent aria-pressed:bg-accent-soft aria-pressed:text-accent-text touch:size-11 ${size === 's' ? 'size-[30px]' : 'size-[34px]'} ${className}`}
      >
        <Icon name={icon} size={size === 's' ? 16 : 18} />
      </button>
    </Tip>
  );
}

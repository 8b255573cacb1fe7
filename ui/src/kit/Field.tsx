/** Inputs with their label, hint and error tied to them. */
import { useId, type InputHTMLAttributes, type ReactNode, type Ref } from 'react';
import { Icon, type IconName } from './Icon';

export const inputLook =
  'w-full rounded-control border border-(--line-strong) bg-raised px-3 text-body text-text transition-colors hover:border-text-3 focus:border-accent focus:outline-1 focus:outline-accent focus:outline-offset-0 aria-invalid:border-need aria-invalid:focus:outline-need disabled:opacity-60';

export function Field({
  label,
  hint,
  error,
  hidden = false,
  children,
}: {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  /** The label is for screen readers only. */
  hidden?: boolean;
  children: (tied: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: true }) => ReactNode;
}) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div>
      <label htmlFor={id} className={hidden ? 'sr-only' : 'mb-1.5 block text-[14px]/5 font-medium'}>
        {label}
      </label>
      {children({
        id,
        ...(note === undefined ? {} : { 'aria-describedby': `${id}-note` }),
        ...(error === undefined ? {} : { 'aria-invalid': true }),
      })}
      {note !== undefined && (
        <div
          id={`${id}-note`}
          role={error === undefined ? undefined : 'alert'}
          className={`mt-1.5 text-small ${error === undefined ? 'text-text-3' : 'text-need'}`}
        >
          {note}
        </div>
      )}
    </div>
  );
}

export interface TextFieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange'> {
  label: string;
  value: string;
  onChange: (value: string) => void;
  hint?: ReactNode;
  error?: string | undefined;
  labelHidden?: boolean;
  ref?: Ref<HTMLInputElement>;
}

export function TextField({
  label,
  hint,
  error,
  labelHidden,
  onChange,
  className = '',
  ...rest
}: TextFieldProps) {
  return (
    <Field label={label} hint={hint} error={error} hidden={labelHidden ?? false}>
      {(tied) => (
        <input
          dir="auto"
          autoComplete="off"
          {...rest}
          {...tied}
          onChange={(event) => onChange(event.target.value)}
          className={`h-10 touch:h-11 ${inputLook} ${className}`}
        />
      )}
    </Field>
  );
}

/** A few choices side by side; the arrow keys move between them. */
export function Choice<T extends string>({
  label,
  value,
  options,
  onChange,
  hint,
  disabled = false,
  labelHidden = false,
}: {
  label: string;
  value: T;
  options: { value: T; label: string; icon?: IconName }[];
  onChange: (value: T) => void;
  hint?: ReactNode;
  disabled?: boolean;
  labelHidden?: boolean;
}) {
  const name = useId();
  return (
    <fieldset disabled={disabled} className="min-w-0">
      <legend className={labelHidden ? 'sr-only' : 'mb-1.5 text-[14px]/5 font-medium'}>
        {label}
      </legend>
      <div className="flex rounded-control bg-(--track) p-0.5">
        {options.map((option) => (
          <label
            key={option.value}
            className="relative flex h-8 flex-1 cursor-pointer items-center justify-center gap-2 rounded-md px-2 text-[14px] whitespace-nowrap text-text-2 transition-colors select-none hover:text-text has-checked:bg-(--thumb) has-checked:font-medium has-checked:text-text has-checked:shadow-[0_1px_2px_var(--shade-near)] has-focus-visible:outline-2 has-focus-visible:outline-accent has-disabled:cursor-default has-disabled:opacity-60 touch:h-11"
          >
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
              className="sr-only"
            />
            {option.icon && <Icon name={option.icon} size={16} />}
            {option.label}
          </label>
        ))}
      </div>
      {hint !== undefined && <div className="mt-1.5 text-small text-text-3">{hint}</div>}
    </fieldset>
  );
}

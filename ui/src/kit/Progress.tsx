/** How far something is. Without a value: under way, nobody knows how far. */
export function Progress({
  label,
  value,
  still = false,
}: {
  label: string;
  /** Percent. */
  value?: number;
  /** Paused or waiting: drawn quieter. */
  still?: boolean;
}) {
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={value}
      className="h-1 overflow-hidden rounded-sm bg-line"
    >
      {value === undefined ? (
        <div className="h-full w-1/3 animate-[sweep_1.4s_linear_infinite] rounded-sm bg-accent" />
      ) : (
        <div
          style={{ width: `${value}%` }}
          className={`h-full rounded-sm transition-[width] duration-300 ease-linear ${still ? 'bg-text-3' : 'bg-accent'}`}
        />
      )}
    </div>
  );
}

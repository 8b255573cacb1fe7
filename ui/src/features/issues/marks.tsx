/** Small pictures of how far an issue is and how much it matters, each with its word for screen readers. */
import type { IssuePriority, IssueStatus, IssueThing } from '~/api/types';
import { Name } from '~/kit/Text';
import { priorityWords, statusWords } from './filter';

const statusInk: Record<IssueStatus, string> = {
  triage: 'text-wait',
  backlog: 'text-text-3',
  todo: 'text-text-2',
  doing: 'text-wait',
  review: 'text-accent',
  done: 'text-held',
  cancelled: 'text-text-3',
};

/** How much of the ring is filled. */
const filled: Partial<Record<IssueStatus, number>> = { doing: 0.5, review: 0.8 };

export function StatusMark({ status, quiet = false }: { status: IssueStatus; quiet?: boolean }) {
  const part = filled[status];
  return (
    <span className={`inline-flex flex-none ${statusInk[status]}`}>
      <svg viewBox="0 0 16 16" width={16} height={16} aria-hidden="true" fill="none">
        {status === 'done' || status === 'cancelled' ? (
          <>
            <circle cx="8" cy="8" r="7" fill="currentColor" />
            <path
              d={status === 'done' ? 'm5 8.2 2.1 2.1L11.2 6' : 'm5.8 5.8 4.4 4.4M10.2 5.8l-4.4 4.4'}
              stroke="var(--raised)"
              strokeWidth="1.6"
              strokeLinecap="round"
              strokeLinejoin="round"
            />
          </>
        ) : (
          <circle
            cx="8"
            cy="8"
            r="6.2"
            stroke="currentColor"
            strokeWidth="1.6"
            strokeDasharray={status === 'backlog' ? '2 1.9' : undefined}
          />
        )}
        {part !== undefined && (
          <circle
            cx="8"
            cy="8"
            r="2"
            stroke="currentColor"
            strokeWidth="4"
            strokeDasharray={`${4 * Math.PI * part} 99`}
            transform="rotate(-90 8 8)"
          />
        )}
        {status === 'triage' && (
          <path d="M5 8h6M8.8 5.8 11 8l-2.2 2.2" stroke="currentColor" strokeWidth="1.4" />
        )}
      </svg>
      {!quiet && <span className="sr-only">{statusWords[status]}</span>}
    </span>
  );
}

const bars: Partial<Record<IssuePriority, number>> = { high: 3, medium: 2, low: 1 };

export function PriorityMark({
  priority,
  quiet = false,
}: {
  priority: IssuePriority;
  quiet?: boolean;
}) {
  const count = bars[priority] ?? 0;
  return (
    <span
      className={`inline-flex flex-none ${priority === 'urgent' ? 'text-need' : 'text-text-2'}`}
    >
      <svg viewBox="0 0 16 16" width={16} height={16} aria-hidden="true">
        {priority === 'urgent' && (
          <>
            <rect x="1.5" y="1.5" width="13" height="13" rx="3.5" fill="currentColor" />
            <path
              d="M8 4.4v4.2M8 11.4v.1"
              stroke="var(--raised)"
              strokeWidth="2"
              strokeLinecap="round"
            />
          </>
        )}
        {priority === 'none' &&
          [3, 8, 13].map((x) => (
            <rect key={x} x={x - 1.5} y="7.2" width="3" height="1.6" rx=".8" fill="var(--text-3)" />
          ))}
        {count > 0 &&
          [1, 2, 3].map((bar) => (
            <rect
              key={bar}
              x={bar * 4.5 - 3}
              y={13 - bar * 3.3}
              width="3"
              height={bar * 3.3}
              rx="1"
              fill="currentColor"
              opacity={bar <= count ? 1 : 0.3}
            />
          ))}
      </svg>
      {!quiet && <span className="sr-only">{priorityWords[priority]}</span>}
    </span>
  );
}

/** A label's colour, or one that goes with its id. */
export const hueOf = (thing: Pick<IssueThing, 'id' | 'hue'>): number =>
  thing.hue ?? Array.from(thing.id).reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 360, 7);

export function Dot({ hue }: { hue: number }) {
  return (
    <span
      aria-hidden="true"
      style={{ '--hue': hue } as React.CSSProperties}
      className="size-2.5 flex-none rounded-full hue-fill"
    />
  );
}

export function LabelChip({ thing }: { thing: IssueThing }) {
  return (
    <span className="flex h-[22px] max-w-36 flex-none items-center gap-1.5 rounded-full border border-line px-2 text-tiny text-text-2">
      <Dot hue={hueOf(thing)} />
      <span className="truncate">
        <Name>{thing.title}</Name>
      </span>
    </span>
  );
}

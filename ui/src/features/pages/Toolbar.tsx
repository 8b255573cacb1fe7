/** What can be done with what is selected, beside it. Alt+F10 leads into it, Escape back. */
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { IconButton } from '~/kit/Button';
import { tell } from '~/kit/toast';
import { Tip } from '~/kit/Tip';
import { switches, type Kind } from './commands';
import { typedHref } from './links';

export interface ToolbarState {
  on: Record<(typeof switches)[number]['name'], boolean>;
  kind: Kind | null;
  /** Where the link leads that is selected. */
  href: string | null;
  code: boolean;
}

const signs: Record<(typeof switches)[number]['name'], [string, string]> = {
  strong: ['B', 'font-bold'],
  em: ['I', 'italic font-serif'],
  strike: ['S', 'line-through'],
  code: ['<>', 'font-mono text-tiny'],
};

const kinds: [Kind, string, string][] = [
  ['heading1', 'Heading 1', 'H1'],
  ['heading2', 'Heading 2', 'H2'],
  ['heading3', 'Heading 3', 'H3'],
];

const look =
  'grid h-8 min-w-8 place-items-center rounded-md px-1.5 text-[14px] text-text-2 hover:bg-soft hover:text-text aria-pressed:bg-accent-soft aria-pressed:text-accent-text touch:h-11 touch:min-w-11';

export function Toolbar({
  state,
  at,
  linking,
  mac,
  onLinking,
  onMark,
  onKind,
  onLink,
  onComment,
  onOpen,
  onLeave,
}: {
  state: ToolbarState;
  at: { left: number; top: number; bottom: number };
  linking: boolean;
  mac: boolean;
  onLinking: (on: boolean) => void;
  onMark: (name: (typeof switches)[number]['name']) => void;
  onKind: (kind: Kind) => void;
  onLink: (href: string | null) => void;
  onComment: (() => void) | null;
  /** Follows the link. */
  onOpen: (href: string) => void;
  onLeave: () => void;
}) {
  const bar = useRef<HTMLDivElement>(null);
  const walk = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      if (linking) onLinking(false);
      onLeave();
      return;
    }
    if (linking || (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft')) return;
    const buttons = [...(bar.current?.querySelectorAll('button') ?? [])];
    const next =
      buttons.indexOf(event.target as HTMLButtonElement) + (event.key === 'ArrowRight' ? 1 : -1);
    buttons[(next + buttons.length) % buttons.length]?.focus();
    event.preventDefault();
  };
  const keysOf = (keys: string) =>
    keys.replaceAll('Mod', mac ? '⌘' : 'Ctrl').replaceAll('-', mac ? ' ' : '+');
  return (
    <div
      ref={bar}
      role="toolbar"
      aria-label="Selected text"
      tabIndex={-1}
      onKeyDown={walk}
      // The text keeps what is selected in it.
      onPointerDown={(event) => {
        if (!(event.target instanceof HTMLInputElement)) event.preventDefault();
      }}
      style={{ left: at.left, top: at.top }}
      className="absolute z-20 flex max-w-[calc(100%-16px)] animate-fade items-center gap-0.5 overflow-x-auto rounded-[10px] border border-line bg-raised p-1 shadow-float [scrollbar-width:none]"
    >
      {linking ? (
        <LinkField
          now={state.href ?? ''}
          onDone={(href) => {
            onLinking(false);
            onLink(href);
          }}
        />
      ) : (
        <>
          {!state.code &&
            switches.map(({ name, label, keys }) => (
              <Tip key={name} label={`${label} (${keysOf(keys)})`}>
                <button
                  type="button"
                  aria-label={label}
                  aria-pressed={state.on[name]}
                  className={`${look} ${signs[name][1]}`}
                  onClick={() => onMark(name)}
                >
                  {signs[name][0]}
                </button>
              </Tip>
            ))}
          {!state.code && (
            <IconButton
              icon="link"
              label="Link"
              side="top"
              size="s"
              aria-pressed={state.href !== null}
              onClick={() => onLinking(true)}
            />
          )}
          {state.href !== null && (
            <IconButton
              icon="open"
              label="Follow the link"
              side="top"
              size="s"
              onClick={() => onOpen(state.href ?? '')}
            />
          )}
          <span className="mx-1 h-5 w-px flex-none bg-line" />
          {kinds.map(([kind, label, sign]) => (
            <Tip key={kind} label={label}>
              <button
                type="button"
                aria-label={label}
                aria-pressed={state.kind === kind}
                className={`${look} text-small font-semibold`}
                onClick={() => onKind(kind)}
              >
                {sign}
              </button>
            </Tip>
          ))}
          <IconButton
            icon="list"
            label="Bulleted list"
            side="top"
            size="s"
            aria-pressed={state.kind === 'bullets'}
            onClick={() => onKind('bullets')}
          />
          <IconButton
            icon="check"
            label="Task list"
            side="top"
            size="s"
            aria-pressed={state.kind === 'tasks'}
            onClick={() => onKind('tasks')}
          />
          {onComment !== null && (
            <>
              <span className="mx-1 h-5 w-px flex-none bg-line" />
              <IconButton icon="chat" label="Comment" side="top" size="s" onClick={onComment} />
            </>
          )}
        </>
      )}
    </div>
  );
}

function LinkField({ now, onDone }: { now: string; onDone: (href: string | null) => void }) {
  const [text, setText] = useState(now);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <form
      className="flex items-center gap-1"
      onSubmit={(event) => {
        event.preventDefault();
        const href = text.trim() === '' ? null : typedHref(text, location.origin);
        if (text.trim() !== '' && href === null)
          tell('A link leads to a web page, a mail address, or a place in Compeer.');
        else onDone(href);
      }}
    >
      <input
        ref={field}
        aria-label="Where the link leads"
        placeholder="Address of a web page or a place here"
        value={text}
        onChange={(event) => setText(event.target.value)}
        className="h-8 w-64 rounded-md bg-soft px-2 text-[14px] outline-offset-0 touch:h-11"
      />
      <IconButton icon="check" label="Set the link" size="s" type="submit" />
      {now !== '' && (
        <IconButton icon="trash" label="Remove the link" size="s" onClick={() => onDone(null)} />
      )}
    </form>
  );
}

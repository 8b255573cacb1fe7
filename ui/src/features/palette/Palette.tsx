/** Jump to anything: type a few letters, choose with the arrows, Enter. */
import * as Radix from '@radix-ui/react-dialog';
import { useId, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { Icon } from '~/kit/Icon';
import { Name } from '~/kit/Text';
import { Marked } from '~/parts/Found';
import { findCommands, type Command } from './commands';

export function Palette({
  commands,
  query,
  onQuery,
  more,
  onClose,
}: {
  commands: Command[];
  /** What is typed. */
  query: string;
  onQuery: (query: string) => void;
  /** What else was found by it, beneath the commands. */
  more: Command[];
  onClose: () => void;
}) {
  const id = useId();
  const [chosen, setChosen] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const before = useRef<Element | null>(null);
  const found = useMemo(() => [...findCommands(commands, query), ...more], [commands, query, more]);
  const at = Math.min(chosen, found.length - 1);

  const choose = (index: number) => {
    setChosen(index);
    list.current
      ?.querySelector(`[data-index="${index}"]`)
      ?.scrollIntoView({ block: index === 0 ? 'end' : 'nearest' });
  };
  const run = (command: Command | undefined) => {
    if (command === undefined) return;
    onClose();
    // The palette gives the focus back first; what it leads to may then take it.
    setTimeout(command.run);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const count = Math.max(1, found.length);
    if (event.key === 'ArrowDown') choose((at + 1) % count);
    else if (event.key === 'ArrowUp') choose((at - 1 + count) % count);
    else if (event.key === 'Enter') run(found[at]);
    else return;
    event.preventDefault();
  };

  return (
    <Radix.Root open onOpenChange={(open) => open || onClose()}>
      <Radix.Portal>
        <div aria-hidden="true" className="fixed inset-0 z-40 animate-fade bg-(--veil)" />
        <div className="pointer-events-none fixed inset-0 z-40 flex justify-center p-4 pt-[12vh] phone:p-0">
          <Radix.Content
            aria-describedby={undefined}
            onOpenAutoFocus={() => {
              before.current = document.activeElement;
            }}
            onCloseAutoFocus={(event) => {
              event.preventDefault();
              if (before.current instanceof HTMLElement) before.current.focus();
            }}
            className="pointer-events-auto flex h-fit max-h-[min(538px,76vh)] w-full max-w-xl animate-rise flex-col overflow-hidden rounded-card bg-raised shadow-float outline-none phone:h-full phone:max-h-full phone:rounded-none"
          >
            <Radix.Title className="sr-only">Jump to anything</Radix.Title>
            <div className="flex flex-none items-center gap-3 border-b border-line px-4">
              <Icon name="search" className="text-text-3" />
              <input
                role="combobox"
                aria-expanded="true"
                aria-controls={`${id}-list`}
                aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
                aria-label="Jump to anything"
                autoComplete="off"
                spellCheck={false}
                placeholder="Jump to anything"
                value={query}
                onChange={(event) => {
                  onQuery(event.target.value);
                  setChosen(0);
                  if (list.current) list.current.scrollTop = 0;
                }}
                onKeyDown={onKeyDown}
                className="h-13 min-w-0 flex-1 bg-transparent text-[16px] outline-none"
              />
              <Radix.Close className="rounded px-1.5 text-small text-text-3 hover:text-text desk:hidden touch:h-11">
                Cancel
              </Radix.Close>
            </div>
            <div
              ref={list}
              id={`${id}-list`}
              role="listbox"
              aria-label="Found"
              className="min-h-0 overflow-y-auto p-2"
            >
              {found.map((command, index) => (
                <div key={command.key}>
                  {command.group !== found[index - 1]?.group && (
                    <div
                      role="presentation"
                      className="px-2 pt-2 pb-1 text-tiny font-medium text-text-3"
                    >
                      {command.group}
                    </div>
                  )}
                  <Option
                    id={`${id}-${index}`}
                    index={index}
                    command={command}
                    chosen={index === at}
                    onPoint={() => setChosen(index)}
                    onRun={() => run(command)}
                  />
                </div>
              ))}
              {found.length === 0 && (
                <p role="status" className="px-2 py-6 text-center text-text-3">
                  Nothing is called that here.
                </p>
              )}
            </div>
          </Radix.Content>
        </div>
      </Radix.Portal>
    </Radix.Root>
  );
}

function Option({
  id,
  index,
  command,
  chosen,
  onPoint,
  onRun,
}: {
  id: string;
  index: number;
  command: Command;
  chosen: boolean;
  onPoint: () => void;
  onRun: () => void;
}) {
  return (
    // The keys are the input's: the list is only pointed at from there.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      id={id}
      data-index={index}
      role="option"
      tabIndex={-1}
      aria-selected={chosen}
      onPointerMove={onPoint}
      onClick={onRun}
      className="flex h-9 items-center gap-3 rounded-control px-2 aria-selected:bg-accent-soft touch:h-11"
    >
      <Icon name={command.icon} className={chosen ? 'text-accent-text' : 'text-text-3'} />
      <span className="min-w-0 truncate">
        {command.parts ? <Marked parts={command.parts} /> : <Name>{command.label}</Name>}
      </span>
      {command.note !== undefined && (
        <span className="ml-auto max-w-[45%] min-w-0 flex-none truncate pl-3 text-small text-text-3">
          <Name>{command.note}</Name>
        </span>
      )}
    </div>
  );
}

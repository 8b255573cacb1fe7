/** Looks for words in everything: an answer for each key, and each result leads to its place. */
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import { sentenceOf } from '~/api/client';
import { usePeople, useSpaces } from '~/api/queries';
import { useFound } from '~/api/search';
import type { Found } from '~/api/types';
import { Button } from '~/kit/Button';
import { EmptyState, Failure } from '~/kit/EmptyState';
import { inputLook } from '~/kit/Field';
import { plural } from '~/kit/format';
import { useNow } from '~/kit/hooks';
import { Icon } from '~/kit/Icon';
import { hrefOf } from '~/parts/Found';
import { PaneHeader } from '~/parts/PaneHeader';
import { Filters } from './Filters';
import { FoundRow } from './FoundRow';

/** After so many milliseconds without a key the address says what is looked for. */
const settle = 300;

const none: Found[] = [];

export function SearchPane({ q }: { q: string }) {
  const id = useId();
  const navigate = useNavigate();
  const now = useNow();
  const people = usePeople();
  const spaces = useSpaces().data ?? [];
  const [text, setText] = useState(q);
  const [chosen, setChosen] = useState(0);
  const [told, setTold] = useState({ seen: q, sent: q });
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);

  // An address that is not of this field's making: somebody went back, or followed a link.
  if (q !== told.seen) {
    setTold({ ...told, seen: q });
    if (q !== told.sent) setText(q);
  }
  useEffect(() => {
    if (text === q) return;
    const timer = setTimeout(() => {
      setTold((before) => ({ ...before, sent: text }));
      void navigate({ to: '/search', search: text === '' ? {} : { q: text }, replace: true });
    }, settle);
    return () => clearTimeout(timer);
  }, [text, q, navigate]);

  const asked = text.trim();
  const {
    data,
    error,
    hasNextPage,
    isFetchingNextPage,
    fetchNextPage,
    refetch,
    isPlaceholderData,
  } = useFound(asked);
  const pages = asked === '' ? undefined : data?.pages;
  const results = pages?.flatMap(({ results }) => results) ?? none;
  const notes = pages?.[0]?.notes ?? [];
  const at = Math.min(chosen, results.length - 1);

  const look = (words: string) => {
    setText(words);
    setChosen(0);
    if (list.current) list.current.scrollTop = 0;
  };
  const choose = (index: number) => {
    setChosen(index);
    list.current?.querySelector(`[data-index="${index}"]`)?.scrollIntoView({ block: 'nearest' });
    if (index === results.length - 1 && hasNextPage) void fetchNextPage();
  };
  const open = (found: Found | undefined) => {
    if (found !== undefined) void navigate({ href: hrefOf(found) });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing || results.length === 0) return;
    if (event.key === 'ArrowDown') choose(Math.min(at + 1, results.length - 1));
    else if (event.key === 'ArrowUp') choose(Math.max(at - 1, 0));
    else if (event.key === 'Enter') open(results[at]);
    else return;
    event.preventDefault();
  };

  return (
    <>
      <PaneHeader title="Search" />
      <div className="mx-auto flex min-h-0 w-full max-w-[808px] flex-1 flex-col">
        <div className="flex-none px-6 pt-4 phone:px-4">
          <div className="relative">
            <Icon
              name="search"
              className="pointer-events-none absolute top-1/2 left-3 -translate-y-1/2 text-text-3"
            />
            <input
              ref={field}
              // Whoever comes here wants to write.
              // eslint-disable-next-line jsx-a11y/no-autofocus
              autoFocus
              data-find
              type="text"
              role="combobox"
              aria-expanded={results.length > 0}
              aria-controls={`${id}-list`}
              aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
              aria-label="Search everything"
              aria-describedby={`${id}-help`}
              autoComplete="off"
              enterKeyHint="search"
              spellCheck={false}
              dir="auto"
              placeholder="Search everything"
              maxLength={1000}
              value={text}
              onChange={(event) => look(event.target.value)}
              onKeyDown={onKeyDown}
              className={`h-11 pl-10! ${inputLook}`}
            />
          </div>
          <Filters
            query={text}
            spaces={spaces}
            people={people}
            onChange={(words) => {
              look(words);
              field.current?.focus();
            }}
          />
          <p
            id={`${id}-help`}
            className={`mt-2 text-small text-text-3 ${asked === '' ? '' : 'phone:hidden'}`}
          >
            <Word>&quot;a phrase&quot;</Word> <Word>-without</Word> <Word>from:name</Word>{' '}
            <Word>in:space</Word> <Word>topic:title</Word> <Word>has:file</Word>{' '}
            <Word>has:link</Word> <Word>is:pinned</Word> <Word>before:2026-11-27</Word>{' '}
            <Word>after:2026-11</Word> <Word>on:today</Word>
          </p>
          <p role="status" className="mt-3 min-h-[18px] text-small text-text-2 nums">
            {pages !== undefined && !isPlaceholderData && notes.length === 0 && (
              <>{countWord(results.length, hasNextPage, pages[0]?.count ?? 0)}</>
            )}
          </p>
        </div>
        {notes.map((note) => (
          <p key={note.text} role="alert" className="px-6 pt-2 text-text-2 phone:px-4">
            {note.text} {note.hint}
          </p>
        ))}
        {error && pages === undefined ? (
          <Failure retry={<Button onClick={() => void refetch()}>Try again</Button>}>
            {sentenceOf(error)}
          </Failure>
        ) : null}
        <div ref={list} className="min-h-0 flex-1 overflow-y-auto px-3 pb-6 phone:px-1">
          <div id={`${id}-list`} role="listbox" aria-label="Found" hidden={results.length === 0}>
            {results.map((found, index) => (
              <FoundRow
                key={`${found.kind}-${found.id}`}
                id={`${id}-${index}`}
                {...{ index, found, people, now }}
                chosen={index === at}
                onPoint={() => setChosen(index)}
                onOpen={() => open(found)}
              />
            ))}
          </div>
          {hasNextPage && results.length > 0 && (
            <div className="flex justify-center p-3">
              <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                Show more
              </Button>
            </div>
          )}
          {asked === '' && (
            <EmptyState icon="search" title="Find anything">
              Messages, files, topics and people of all your spaces, also without a network: it is
              all on this computer.
            </EmptyState>
          )}
          {pages !== undefined &&
            !isPlaceholderData &&
            results.length === 0 &&
            notes.length === 0 && (
              <EmptyState icon="search" title="Nothing was found">
                All words must be there. Try fewer, or the beginning of one.
              </EmptyState>
            )}
        </div>
      </div>
    </>
  );
}

const Word = ({ children }: { children: string }) => (
  <code className="rounded-[5px] bg-soft box-decoration-clone px-1.5 py-px font-mono text-tiny whitespace-nowrap">
    {children}
  </code>
);

/** As far as it was counted. */
function countWord(shown: number, more: boolean, counted: number): string {
  if (shown === 0) return '';
  const count = Math.max(shown, counted);
  return more && count >= 200 ? `More than ${count} results` : plural(count, 'result');
}

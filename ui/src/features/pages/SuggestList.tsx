/** What is offered at the caret. The text keeps the focus; its keys lead through the list. */
import { useEffect, useId, useMemo, useRef, useState } from 'react';
import { usePages } from '~/api/pages';
import { useMembers, useTopics } from '~/api/queries';
import { useFew } from '~/api/search';
import { general } from '~/api/talk';
import type { Found } from '~/api/types';
import { Icon, type IconName } from '~/kit/Icon';
import { Name } from '~/kit/Text';
import { plainName } from '~/kit/text';
import { wordsOf } from '~/parts/Found';
import type { Kind } from './commands';
import { placeHref } from './links';
import type { Suggestion } from './suggest';

export type Choice =
  | { do: 'kind'; kind: Kind }
  | { do: 'picture' }
  | { do: 'place' }
  | { do: 'link'; title: string; href: string }
  | { do: 'person'; name: string };

interface Option {
  key: string;
  label: string;
  note?: string;
  icon?: IconName;
  sign?: string;
  words?: string;
  choice: Choice;
}

const kinds: Option[] = (
  [
    ['paragraph', 'Text', 'T', 'plain paragraph', ''],
    ['heading1', 'Heading 1', 'H1', 'title large', '#'],
    ['heading2', 'Heading 2', 'H2', 'title medium', '##'],
    ['heading3', 'Heading 3', 'H3', 'title small', '###'],
    ['bullets', 'Bulleted list', '•', 'points unordered', '-'],
    ['numbers', 'Numbered list', '1.', 'ordered', '1.'],
    ['tasks', 'Task list', '☐', 'todo checkbox check', '[ ]'],
    ['quote', 'Quote', '”', 'citation', '>'],
    ['code', 'Code', '{}', 'program block', '```'],
    ['rule', 'Divider', '—', 'line rule', '---'],
  ] as const
).map(([kind, label, sign, words, note]) => ({
  key: kind,
  label,
  sign,
  words,
  note,
  choice: { do: 'kind', kind },
}));
const more: Option[] = [
  {
    key: 'picture',
    label: 'Picture',
    icon: 'image',
    words: 'image photo',
    choice: { do: 'picture' },
  },
  {
    key: 'place',
    label: 'Link to a page, issue or message',
    icon: 'link',
    note: '@',
    words: 'mention',
    choice: { do: 'place' },
  },
];

function fittingKinds(query: string): Option[] {
  const asked = query.trim().toLowerCase();
  return [...kinds, ...more].filter(({ label, words = '' }) =>
    `${label} ${words}`
      .toLowerCase()
      .split(' ')
      .some((_, at, all) => all.slice(at).join(' ').startsWith(asked)),
  );
}

const icons: Partial<Record<Found['kind'], IconName>> = {
  issue: 'issue',
  board: 'board',
  topic: 'hash',
  message: 'chat',
  page: 'page',
};

/** The place that was found, as a link has it. */
function placeOf(found: Found): Option | null {
  const { space, id, kind } = found;
  const label = wordsOf(kind === 'message' ? found.text : found.title).slice(0, 80);
  const href =
    kind === 'issue' || kind === 'board' || kind === 'topic' || kind === 'page'
      ? placeHref(space, kind, id)
      : kind === 'message'
        ? found.topic === null || found.topic === general
          ? `compeer:${space}/chat#${id}`
          : `${placeHref(space, 'topic', found.topic)}#${id}`
        : null;
  if (href === null || label === '') return null;
  return {
    key: `${kind}-${id}`,
    label,
    icon: icons[kind] ?? 'link',
    note: kind === 'message' ? (found.author_name ?? '') : kind,
    choice: { do: 'link', title: label, href },
  };
}

function useOptions(space: string, spaceName: string, suggestion: Suggestion): Option[] {
  const asked = suggestion.kind === 'places' ? suggestion.query.trim() : '';
  const pages = usePages(space).data;
  const members = useMembers(space).data;
  const topics = useTopics(space).data;
  const named = plainName(spaceName).replaceAll('"', '');
  const { data } = useFew(asked.length < 2 ? '' : `in:"${named}" ${asked}`, 8);
  return useMemo(() => {
    if (suggestion.kind === 'kinds') return fittingKinds(suggestion.query);
    const begins = (name: string) =>
      name
        .toLowerCase()
        .split(/\s+/)
        .some((_, at, all) => all.slice(at).join(' ').startsWith(asked.toLowerCase()));
    const people = (members ?? [])
      .filter(({ name }) => begins(name))
      .slice(0, 4)
      .map(({ person, name }): Option => ({
        key: person,
        label: plainName(name),
        icon: 'person',
        note: 'person',
        choice: { do: 'person', name: plainName(name) },
      }));
    const places = [
      ...(pages ?? [])
        .filter(({ archived, title }) => !archived && title !== null && begins(title))
        .slice(0, 5)
        .map(({ id, title }): Option => ({
          key: `page-${id}`,
          label: title ?? '',
          icon: 'page',
          note: 'page',
          choice: { do: 'link', title: title ?? '', href: placeHref(space, 'page', id) },
        })),
      ...(topics ?? [])
        .filter(({ id, title }) => id !== general && title !== null && begins(title))
        .slice(0, 3)
        .map(({ id, title }): Option => ({
          key: `topic-${id}`,
          label: title ?? '',
          icon: 'hash',
          note: 'topic',
          choice: { do: 'link', title: title ?? '', href: placeHref(space, 'topic', id) },
        })),
      ...(asked === ''
        ? []
        : (data?.results ?? []).map(placeOf).filter((option) => option !== null)),
    ];
    const seen = new Set<string>();
    return [...people, ...places].filter(({ key }) => !seen.has(key) && seen.add(key)).slice(0, 10);
  }, [suggestion, asked, pages, members, topics, data, space]);
}

export function SuggestList({
  space,
  spaceName,
  suggestion,
  at,
  keys,
  onChoose,
  onActive,
}: {
  space: string;
  spaceName: string;
  suggestion: Suggestion;
  /** Where the caret is, in the pane that scrolls. */
  at: { left: number; top: number; bottom: number; above: boolean };
  keys: React.RefObject<((event: KeyboardEvent) => boolean) | null>;
  onChoose: (choice: Choice) => void;
  /** The option that the keys are on, for whoever listens to the text. */
  onActive: (list: { list: string; option: string } | null) => void;
}) {
  const id = useId();
  const options = useOptions(space, spaceName, suggestion);
  const asked = `${suggestion.kind} ${suggestion.query}`;
  const [chosen, setChosen] = useState({ asked, index: 0 });
  const index = chosen.asked === asked ? Math.min(chosen.index, options.length - 1) : 0;
  const list = useRef<HTMLDivElement>(null);
  const option = options[index];
  const tell = useRef(onActive);
  tell.current = onActive;

  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
    tell.current(option === undefined ? null : { list: id, option: `${id}-${index}` });
  }, [id, index, option]);
  useEffect(() => () => tell.current(null), []);
  useEffect(() => {
    keys.current = (event) => {
      if (option === undefined || event.ctrlKey || event.metaKey || event.altKey) return false;
      const { length } = options;
      if (event.key === 'ArrowDown') setChosen({ asked, index: (index + 1) % length });
      else if (event.key === 'ArrowUp') setChosen({ asked, index: (index + length - 1) % length });
      else if (event.key === 'Enter' || event.key === 'Tab') onChoose(option.choice);
      else return false;
      return true;
    };
    return () => {
      keys.current = null;
    };
  });
  if (options.length === 0) return null;
  return (
    <div
      ref={list}
      id={id}
      data-over
      role="listbox"
      aria-label={suggestion.kind === 'kinds' ? 'Kinds of text' : 'Places and people'}
      style={{
        left: at.left,
        ...(at.above ? { bottom: `calc(100% - ${at.top - 6}px)` } : { top: at.bottom + 6 }),
      }}
      className="absolute z-30 max-h-72 w-72 max-w-[calc(100vw-24px)] animate-fade overflow-y-auto rounded-[10px] border border-line bg-raised p-1 shadow-float"
    >
      {options.map((one, place) => (
        <div
          key={one.key}
          id={`${id}-${place}`}
          role="option"
          tabIndex={-1}
          aria-selected={place === index}
          onPointerMove={() => place !== index && setChosen({ asked, index: place })}
          // Before the text loses the focus.
          onPointerDown={(event) => {
            event.preventDefault();
            onChoose(one.choice);
          }}
          className="flex h-9 cursor-default items-center gap-2.5 rounded-md px-2 text-[14px] aria-selected:bg-soft touch:h-11"
        >
          <span className="grid w-6 flex-none place-items-center text-small text-text-2 nums">
            {one.icon ? <Icon name={one.icon} size={16} /> : one.sign}
          </span>
          <span className="min-w-0 flex-1 truncate">
            <Name>{one.label}</Name>
          </span>
          {one.note !== undefined && one.note !== '' && (
            <span className="max-w-28 flex-none truncate text-tiny text-text-3">
              <Name>{one.note}</Name>
            </span>
          )}
        </div>
      ))}
    </div>
  );
}

/** What kind, in which space, from whom: each chip changes an operator in the words. */
import type { Member, Space } from '~/api/types';
import { Icon } from '~/kit/Icon';
import { Menu, MenuChoice } from '~/kit/Menu';
import { Name } from '~/kit/Text';
import { plainName } from '~/kit/text';
import { kinds, operatorOf, withOperator } from './operators';

/** So many names have room in a menu; others are typed. */
const listed = 12;

export function Filters({
  query,
  spaces,
  people,
  onChange,
}: {
  query: string;
  spaces: Space[];
  people: Map<string, Member>;
  onChange: (query: string) => void;
}) {
  const names = [...people.values()]
    .sort((a, b) => Number(b.me) - Number(a.me) || a.name.localeCompare(b.name))
    .slice(0, listed)
    .map(({ me, name }) => [me ? 'me' : plainName(name), me ? 'Me' : plainName(name)] as const);
  const places = spaces
    .slice(0, listed)
    .map(({ name }) => [plainName(name), plainName(name)] as const);
  return (
    <div className="-mx-1 mt-2 flex flex-wrap gap-2 px-1 py-0.5 phone:flex-nowrap phone:overflow-x-auto phone:[scrollbar-width:none]">
      <Chip operator="is" label="Kind" all="Everything" options={kinds} {...{ query, onChange }} />
      <Chip operator="in" label="In" all="All spaces" options={places} {...{ query, onChange }} />
      <Chip operator="from" label="From" all="Anybody" options={names} {...{ query, onChange }} />
    </div>
  );
}

function Chip({
  operator,
  label,
  all,
  options,
  query,
  onChange,
}: {
  operator: 'is' | 'in' | 'from';
  label: string;
  all: string;
  options: readonly (readonly [string, string])[];
  query: string;
  onChange: (query: string) => void;
}) {
  const value = operatorOf(query, operator);
  const word = options.find(([option]) => option.toLowerCase() === value?.toLowerCase())?.[1];
  return (
    <Menu
      align="start"
      trigger={
        <button
          type="button"
          aria-pressed={value !== null}
          className="flex h-8 max-w-full items-center phone:max-w-[60vw] phone:flex-none gap-1.5 rounded-full border border-edge bg-raised px-3 text-small text-text-2 hover:border-(--line-strong) aria-pressed:border-transparent aria-pressed:bg-accent-soft aria-pressed:font-medium aria-pressed:text-accent-text touch:h-11"
        >
          <span className="flex-none">{label}:</span>
          <span className="min-w-0 truncate">
            <Name>{value === null ? all : (word ?? value)}</Name>
          </span>
          <Icon name="down" size={14} />
        </button>
      }
    >
      <MenuChoice
        chosen={value === null}
        onSelect={() => onChange(withOperator(query, operator, null))}
      >
        {all}
      </MenuChoice>
      {options.map(([option, shown]) => (
        <MenuChoice
          key={option}
          chosen={word === shown}
          onSelect={() => onChange(withOperator(query, operator, option))}
        >
          <Name>{shown}</Name>
        </MenuChoice>
      ))}
    </Menu>
  );
}

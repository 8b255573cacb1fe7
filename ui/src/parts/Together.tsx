/** Who else is here now. */
import { Avatar } from '~/kit/Avatar';
import { Tip } from '~/kit/Tip';
import { plainName } from '~/kit/text';
import { useGuestNames } from './Guests';
import { useHues } from './hues';

/** More than these are a number. */
const shown = 5;

export function Together({
  people,
  space,
}: {
  people: { person: string; name: string }[];
  space: string;
}) {
  const hue = useHues(space);
  const called = useGuestNames(space);
  const each = [...new Map(people.map((one) => [one.person, one])).values()];
  if (each.length === 0) return null;
  const names = each.map((one) => plainName(called(one))).join(', ');
  return (
    <Tip label={`Here now: ${names}`} side="bottom">
      <span role="img" aria-label={`Here now: ${names}`} className="flex flex-none items-center">
        {each.slice(0, shown).map(({ person, name }) => (
          <Avatar
            key={person}
            name={name}
            hue={hue(person)}
            className="-ml-1 rounded-full ring-2 ring-raised first:ml-0"
          />
        ))}
        {each.length > shown && (
          <span className="ml-1 text-tiny text-text-3 nums">+{each.length - shown}</span>
        )}
      </span>
    </Tip>
  );
}

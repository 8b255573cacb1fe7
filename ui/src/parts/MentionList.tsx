/** The names that may be meant by what is typed after an @, above the field. The field keeps the focus and the arrow keys. */
import { Name } from '~/kit/Text';
import { everyone } from './mention';

export function MentionList({
  id,
  names,
  at,
  onChoose,
}: {
  id: string;
  names: string[];
  /** Which of them the keys are on. */
  at: number;
  onChoose: (name: string) => void;
}) {
  return (
    <div
      id={id}
      role="listbox"
      aria-label="Whom to mention"
      className="absolute bottom-full left-0 z-20 mb-1 min-w-56 animate-fade rounded-[10px] border border-line bg-raised p-1 shadow-float"
    >
      {names.map((name, index) => (
        <div
          key={name}
          id={`${id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === at}
          // Before the field loses the focus.
          onPointerDown={(event) => {
            event.preventDefault();
            onChoose(name);
          }}
          className="flex h-8 cursor-default items-center rounded-md px-2 text-[14px] aria-selected:bg-soft touch:h-11"
        >
          <Name>{name}</Name>
          {name === everyone && (
            <span className="ml-2 text-small text-text-3">all in this space</span>
          )}
        </div>
      ))}
    </div>
  );
}

/** What the palette offers, and in which order a few typed letters bring it up. */
import type { Part } from '~/api/types';
import type { IconName } from '~/kit/Icon';

export interface Command {
  key: string;
  group: 'Spaces' | 'Topics' | 'Pages' | 'People' | 'Files' | 'Actions' | 'Messages' | 'Search';
  label: string;
  /** The label with what was looked for marked. */
  parts?: Part[];
  /** Where it is or what it does, dimmed beside it. */
  note?: string;
  icon: IconName;
  /** Other words it is found by. */
  words?: string;
  run: () => void;
}

/**
 * How well `text` matches `query`: the start of it before the start of a word before anywhere
 * before scattered letters. Zero: not at all.
 */
export function matchScore(text: string, query: string): number {
  const hay = text.toLowerCase();
  const needle = query.toLowerCase();
  if (hay.startsWith(needle)) return 100;
  const at = hay.indexOf(needle);
  if (at > 0) return /[\s/_.-]/.test(hay[at - 1] ?? '') ? 80 : 50;
  let from = 0;
  for (const letter of needle.replace(/\s+/g, '')) {
    from = hay.indexOf(letter, from) + 1;
    if (from === 0) return 0;
  }
  return 10;
}

const perGroup = 6;
const groups: Command['group'][] = ['Spaces', 'Topics', 'Pages', 'People', 'Files', 'Actions'];

/** Without a query: where to go and what to do; files and people only when asked for. */
export function findCommands(commands: Command[], query: string): Command[] {
  const asked = query.trim();
  if (asked === '') {
    return commands.filter(
      ({ group, key }) =>
        group === 'Spaces' || (group === 'Actions' && !key.startsWith('message-')),
    );
  }
  const scored = commands
    .map((command) => ({
      command,
      score: Math.max(
        matchScore(command.label, asked),
        matchScore(command.words ?? '', asked) * 0.6,
      ),
    }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score);
  const best = (group: Command['group']) =>
    scored.find(({ command }) => command.group === group)?.score ?? 0;
  return [...groups]
    .sort((a, b) => best(b) - best(a))
    .flatMap((group) =>
      scored
        .filter(({ command }) => command.group === group)
        .slice(0, perGroup)
        .map(({ command }) => command),
    );
}

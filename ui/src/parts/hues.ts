/** Each person's own colour, the same everywhere. */
import { useCallback, useMemo } from 'react';
import { useMembers } from '~/api/queries';
import { hueOf } from './MessageHead';

export function useHues(space: string): (person: string) => number {
  const members = useMembers(space).data;
  const known = useMemo(() => new Map(members?.map(({ person, hue }) => [person, hue])), [members]);
  return useCallback((person) => known.get(person) ?? hueOf(person), [known]);
}

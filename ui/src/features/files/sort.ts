/** Finding and ordering in the list of files. */
import type { SharedFile } from '~/api/types';
import { splitPath } from '~/parts/words';

export const columns = ['name', 'size', 'time'] as const;
export type Column = (typeof columns)[number];
/** A column, with a minus for the other way round. */
export type Sort = Column | `-${Column}`;

export const isSort = (value: unknown): value is Sort =>
  typeof value === 'string' && columns.some((column) => value === column || value === `-${column}`);

const names = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

const compare: Record<Column, (a: SharedFile, b: SharedFile) => number> = {
  name: (a, b) => names.compare(splitPath(a.name).name, splitPath(b.name).name),
  size: (a, b) => a.size - b.size,
  time: (a, b) => a.time - b.time,
};

/** Every word must occur in the name, its folders, or the name of who shared it. */
export function findFiles(files: SharedFile[], query: string, sort: Sort): SharedFile[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found =
    words.length === 0
      ? [...files]
      : files.filter((file) => {
          const text = `${file.name} ${file.author_name}`.toLowerCase();
          return words.every((word) => text.includes(word));
        });
  const down = sort.startsWith('-');
  const column = (down ? sort.slice(1) : sort) as Column;
  return found.sort((a, b) => (down ? -1 : 1) * compare[column](a, b));
}

/**
 * The tree of pages. Where a page stands among its siblings is a text between those of its neighbours, so that moving one page
 * changes no other ("fractional indexing").
 */
import type { Page } from '~/api/types';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A text after `low` and before `high`, compared letter by letter; null is no bound. */
export function between(low: string | null, high: string | null): string {
  const floor = low ?? '';
  if (high !== null && floor >= high) return `${floor}V`;
  let made = '';
  for (let at = 0; ; at += 1) {
    const from = Math.max(0, digits.indexOf(floor[at] ?? '0'));
    const bound = !high?.startsWith(made) ? digits.length : digits.indexOf(high[at] ?? '0');
    if (bound - from > 1) return made + (digits[from + Math.floor((bound - from) / 2)] ?? 'V');
    made += digits[from] ?? '0';
    // The floor is left behind as soon as something lower than the bound was taken.
  }
}

export interface Branch {
  page: Page;
  children: Branch[];
}

const before = (one: Page, other: Page): number => {
  const [a, b] = [one.order, other.order];
  if (a !== b) return a < b ? -1 : 1;
  if (one.created_ms !== other.created_ms) return one.created_ms - other.created_ms;
  return one.id < other.id ? -1 : 1;
};

/**
 * The pages as a tree. Two people can at the same time put a page into the other's: of those that stand in each other, the one
 * that comes first stands at the top. Pages in an archived one are archived with it.
 */
export function treeOf(pages: Page[]): { open: Branch[]; archived: Page[] } {
  const known = new Map(pages.map((page) => [page.id, page]));
  const sorted = [...pages].sort(before);
  const inside = new Map<string | null, Page[]>();
  const placed = new Map<string, string | null>();
  const above = (page: Page): string | null => {
    const seen = new Set([page.id]);
    for (let at = page.parent; at !== null; at = known.get(at)?.parent ?? null) {
      if (!known.has(at)) return page.parent === at ? null : page.parent;
      if (seen.has(at)) return ring(page, known) ? null : page.parent;
      seen.add(at);
    }
    return page.parent;
  };
  for (const page of sorted) {
    const parent = above(page);
    placed.set(page.id, parent);
    inside.set(parent, [...(inside.get(parent) ?? []), page]);
  }
  const grow = (id: string | null): Branch[] =>
    (inside.get(id) ?? [])
      .filter(({ archived }) => !archived)
      .map((page) => ({ page, children: grow(page.id) }));
  return { open: grow(null), archived: sorted.filter(({ archived }) => archived) };
}

/** Whether a page is the one of a ring that stands at the top: the first of those in it. */
function ring(page: Page, known: Map<string, Page>): boolean {
  const members: Page[] = [];
  for (
    let at: Page | undefined = page;
    at && !members.includes(at);
    at = known.get(at.parent ?? '')
  )
    members.push(at);
  // Only those that lead back to themselves are in it.
  const last = members.at(-1);
  const start = members.findIndex(({ id }) => id === last?.parent);
  const round = start < 0 ? [] : members.slice(start);
  return round.includes(page) && [...round].sort(before)[0] === page;
}

/** All pages in it, itself included. */
export function within(branch: Branch): string[] {
  return [branch.page.id, ...branch.children.flatMap(within)];
}

export function flat(branches: Branch[], depth = 0): { branch: Branch; depth: number }[] {
  return branches.flatMap((branch) => [{ branch, depth }, ...flat(branch.children, depth + 1)]);
}

/** The siblings of a page, and the chain of pages that it stands in, from the top. */
export function pathTo(branches: Branch[], id: string): Branch[] {
  for (const branch of branches) {
    if (branch.page.id === id) return [branch];
    const below = pathTo(branch.children, id);
    if (below.length > 0) return [branch, ...below];
  }
  return [];
}

/** The order of a page that comes to stand before `at` among `siblings`; without it, last. */
export function orderBefore(siblings: Branch[], at: string | null, moving: string): string {
  const others = siblings.filter(({ page }) => page.id !== moving);
  const index = at === null ? others.length : others.findIndex(({ page }) => page.id === at);
  const place = index < 0 ? others.length : index;
  return between(others[place - 1]?.page.order ?? null, others[place]?.page.order ?? null);
}

/** The parent and the order that a page gets by being dropped on another: before it, into it, or after it. */
export function placeAt(
  branches: Branch[],
  moving: string,
  { page, where }: { page: string; where: 'before' | 'inside' | 'after' },
): { parent?: string | null; order?: string } {
  const path = pathTo(branches, page);
  const target = path.at(-1);
  if (target === undefined) return {};
  if (where === 'inside') {
    return { parent: page, order: orderBefore(target.children, null, moving) };
  }
  const above = path.at(-2);
  const siblings = (above?.children ?? branches).filter((one) => one.page.id !== moving);
  const at = siblings.findIndex((one) => one.page.id === page) + Number(where === 'after');
  return {
    parent: above?.page.id ?? null,
    order: between(siblings[at - 1]?.page.order ?? null, siblings[at]?.page.order ?? null),
  };
}

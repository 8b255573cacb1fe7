/** The tree of pages holds every page once, whatever their parents say, and moving one changes no other. */
import { describe, expect, it } from 'vitest';
import type { Page } from '~/api/types';
import { between, flat, orderBefore, pathTo, placeAt, treeOf, within } from './order';

const page = (id: string, parent: string | null = null, order = '', archived = false) =>
  ({ id, parent, order, archived, title: id, created_ms: 0 }) as unknown as Page;
const shape = (pages: Page[]) =>
  flat(treeOf(pages).open).map(({ branch, depth }) => `${depth}${branch.page.id}`);

describe('the order of siblings', () => {
  it('has room between any two', () => {
    let seed = 3;
    const orders = [between(null, null)];
    for (let step = 0; step < 2000; step += 1) {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      const at = seed % (orders.length + 1);
      const made = between(orders[at - 1] ?? null, orders[at] ?? null);
      if (at > 0) expect(made > (orders[at - 1] ?? '')).toBe(true);
      if (at < orders.length) expect(made < (orders[at] ?? '')).toBe(true);
      orders.splice(at, 0, made);
    }
    expect(Math.max(...orders.map(({ length }) => length))).toBeLessThan(64);
  });

  it('stays short at the end', () => {
    let last = between(null, null);
    for (let step = 0; step < 100; step += 1) last = between(last, null);
    expect(last.length).toBeLessThan(24);
  });

  it('copes with what is no order', () => {
    expect(between('z', 'a') > 'z').toBe(true);
    expect(between('a', 'a') > 'a').toBe(true);
    expect(between('!', null)).not.toBe('');
  });
});

describe('the tree', () => {
  it('is as its parents and orders say', () => {
    const pages = [page('c', null, 'c'), page('a', null, 'a'), page('b', 'a', 'x'), page('d', 'b')];
    expect(shape(pages)).toEqual(['0a', '1b', '2d', '0c']);
    const { open } = treeOf(pages);
    expect(pathTo(open, 'd').map(({ page: { id } }) => id)).toEqual(['a', 'b', 'd']);
    expect(open[0] && within(open[0])).toEqual(['a', 'b', 'd']);
  });

  it('shows each page once although they stand in each other, or in one that is not here', () => {
    expect(shape([page('a', 'b'), page('b', 'a')])).toEqual(['0a', '1b']);
    expect(shape([page('a', 'a')])).toEqual(['0a']);
    expect(shape([page('a', 'b'), page('b', 'c'), page('c', 'b'), page('d', 'a')]).sort()).toEqual(
      ['0b', '1a', '1c', '2d'].sort(),
    );
    expect(shape([page('a', 'gone')])).toEqual(['0a']);
    expect(shape([page('b', 'a'), page('a', 'gone')])).toEqual(['0a', '1b']);
  });

  it('puts archived pages aside', () => {
    const { open, archived } = treeOf([page('a', null, '', true), page('b', 'a'), page('c')]);
    expect(flat(open).map(({ branch }) => branch.page.id)).toEqual(['c']);
    expect(archived.map(({ id }) => id)).toEqual(['a']);
  });

  it('moves a page between two others', () => {
    const { open } = treeOf([page('a', null, 'a'), page('b', null, 'b'), page('c', null, 'c')]);
    const order = orderBefore(open, 'b', 'c');
    expect(order > 'a' && order < 'b').toBe(true);
    expect(orderBefore(open, null, 'a') > 'c').toBe(true);
    expect(orderBefore(open, 'a', 'c') < 'a').toBe(true);
  });

  it('takes a dropped page to where it was dropped', () => {
    const { open } = treeOf([
      page('a', null, 'a'),
      page('b', null, 'c'),
      page('in', 'a', 'm'),
      page('d', null, 'e'),
    ]);
    expect(placeAt(open, 'd', { page: 'in', where: 'inside' })).toMatchObject({ parent: 'in' });
    const before = placeAt(open, 'd', { page: 'in', where: 'before' });
    expect(before.parent).toBe('a');
    expect((before.order ?? '') < 'm').toBe(true);
    const after = placeAt(open, 'd', { page: 'a', where: 'after' });
    expect(after.parent).toBe(null);
    expect((after.order ?? '') > 'a' && (after.order ?? '') < 'c').toBe(true);
    expect(placeAt(open, 'd', { page: 'gone', where: 'after' })).toEqual({});
  });
});

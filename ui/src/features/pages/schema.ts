/**
 * What a page can hold. Whatever comes from others passes through `cleaned` before it becomes a node: only what stands here is
 * ever drawn, and only with values that stand here.
 */
import {
  Schema,
  type Attrs,
  type DOMOutputSpec,
  type MarkSpec,
  type NodeSpec,
} from 'prosemirror-model';
import { placeIn, safeHref } from './links';

/** A file of the space, as everywhere. */
const fileId = /^[a-z2-7]{52}$/;

const words = (value: unknown, most: number): string =>
  typeof value === 'string' ? value.slice(0, most) : '';

const whole = (value: unknown, least: number, most: number): number =>
  typeof value === 'number' && Number.isFinite(value)
    ? Math.min(most, Math.max(least, Math.trunc(value)))
    : least;

/** What each kind of node and mark makes of the attributes that somebody said; null: it cannot be one. */
const readers: Record<string, (said: Record<string, unknown>) => Attrs | null> = {
  heading: ({ level }) => ({ level: whole(level, 1, 3) }),
  ordered_list: ({ order }) => ({ order: whole(order, 1, 999_999_999) }),
  list_item: ({ checked }) => ({ checked: typeof checked === 'boolean' ? checked : null }),
  code_block: ({ params }) => ({ params: words(params, 40).replace(/[^\w+#.-]/g, '') }),
  image: ({ src, alt }) =>
    typeof src === 'string' && fileId.test(src) ? { src, alt: words(alt, 1000) } : null,
  link: ({ href }) => {
    const safe = safeHref(href);
    return safe === null ? null : { href: safe };
  },
};

/** Attributes that can be trusted, of the node or mark of that name; null when there is none such. */
export function cleaned(name: string, said: unknown): Attrs | null {
  const values =
    typeof said === 'object' && said !== null && !Array.isArray(said)
      ? (said as Record<string, unknown>)
      : {};
  return Object.hasOwn(readers, name) ? (readers[name]?.(values) ?? null) : {};
}

const level = (value: unknown) => `h${whole(value, 1, 3) + 1}`;

const nodes = {
  doc: { content: 'block+' },
  paragraph: {
    content: 'inline*',
    group: 'block',
    parseDOM: [{ tag: 'p' }],
    toDOM: () => ['p', { dir: 'auto' }, 0],
  },
  heading: {
    attrs: { level: { default: 1 } },
    content: 'inline*',
    group: 'block',
    defining: true,
    parseDOM: [1, 2, 3, 4, 5, 6].map((at) => ({
      tag: `h${at}`,
      attrs: { level: Math.min(3, Math.max(1, at - 1)) },
    })),
    // The page's title is its first heading.
    toDOM: (node) => [level(node.attrs['level']), { dir: 'auto' }, 0],
  },
  bullet_list: {
    content: 'list_item+',
    group: 'block',
    parseDOM: [{ tag: 'ul' }],
    toDOM: () => ['ul', 0],
  },
  ordered_list: {
    attrs: { order: { default: 1 } },
    content: 'list_item+',
    group: 'block',
    parseDOM: [
      {
        tag: 'ol',
        getAttrs: (dom) => ({
          order: whole(Number(dom.getAttribute('start') ?? 1), 1, 999_999_999),
        }),
      },
    ],
    toDOM: (node) => {
      const order = whole(node.attrs['order'], 1, 999_999_999);
      return order === 1 ? ['ol', 0] : ['ol', { start: String(order) }, 0];
    },
  },
  list_item: {
    attrs: { checked: { default: null } },
    content: 'paragraph block*',
    defining: true,
    parseDOM: [
      {
        tag: 'li',
        getAttrs: (dom) => {
          const box = dom.querySelector('input[type=checkbox]');
          const said = dom.getAttribute('data-checked');
          if (said === 'true' || said === 'false') return { checked: said === 'true' };
          return { checked: box === null ? null : box.hasAttribute('checked') };
        },
      },
    ],
    toDOM: (node) =>
      node.attrs['checked'] === null
        ? ['li', 0]
        : ['li', { 'data-checked': String(node.attrs['checked'] === true) }, 0],
  },
  blockquote: {
    content: 'block+',
    group: 'block',
    defining: true,
    parseDOM: [{ tag: 'blockquote' }],
    toDOM: () => ['blockquote', 0],
  },
  code_block: {
    attrs: { params: { default: '' } },
    content: 'text*',
    marks: '',
    group: 'block',
    code: true,
    defining: true,
    parseDOM: [
      {
        tag: 'pre',
        preserveWhitespace: 'full',
        getAttrs: (dom) => cleaned('code_block', { params: dom.getAttribute('data-language') }),
      },
    ],
    toDOM: (node) => [
      'pre',
      { 'data-language': words(node.attrs['params'], 40), dir: 'ltr' },
      ['code', 0],
    ],
  },
  horizontal_rule: {
    group: 'block',
    parseDOM: [{ tag: 'hr' }],
    toDOM: (): DOMOutputSpec => ['hr'],
  },
  image: {
    attrs: { src: {}, alt: { default: '' } },
    inline: true,
    group: 'inline',
    draggable: true,
    // Pictures of other pages have addresses elsewhere, and are not fetched: only our own are taken in.
    parseDOM: [
      {
        tag: 'span[data-file]',
        getAttrs: (dom) =>
          cleaned('image', {
            src: dom.getAttribute('data-file'),
            alt: dom.getAttribute('data-alt'),
          }) ?? false,
      },
    ],
    toDOM: (node) => [
      'span',
      { 'data-file': words(node.attrs['src'], 64), 'data-alt': words(node.attrs['alt'], 1000) },
    ],
  },
  text: { group: 'inline' },
  hard_break: {
    inline: true,
    group: 'inline',
    selectable: false,
    parseDOM: [{ tag: 'br' }],
    toDOM: (): DOMOutputSpec => ['br'],
  },
} satisfies Record<string, NodeSpec>;

const marks = {
  link: {
    attrs: { href: {} },
    inclusive: false,
    parseDOM: [
      {
        tag: 'a[href]',
        getAttrs: (dom) => cleaned('link', { href: dom.getAttribute('href') }) ?? false,
      },
    ],
    toDOM: (mark) => {
      const href = safeHref(mark.attrs['href']);
      if (href === null) return ['span', 0];
      const place = placeIn(href);
      return place === null
        ? ['a', { href, title: href, target: '_blank', rel: 'noopener noreferrer nofollow' }, 0]
        : ['a', { href: place, 'data-place': '' }, 0];
    },
  },
  strong: {
    parseDOM: [
      { tag: 'strong' },
      { tag: 'b', getAttrs: (dom) => dom.style.fontWeight !== 'normal' && null },
    ],
    toDOM: () => ['strong', 0],
  },
  em: { parseDOM: [{ tag: 'i' }, { tag: 'em' }], toDOM: () => ['em', 0] },
  strike: { parseDOM: [{ tag: 's' }, { tag: 'del' }], toDOM: () => ['s', 0] },
  code: { inclusive: false, code: true, parseDOM: [{ tag: 'code' }], toDOM: () => ['code', 0] },
} satisfies Record<string, MarkSpec>;

export const schema = new Schema<keyof typeof nodes, keyof typeof marks>({ nodes, marks });

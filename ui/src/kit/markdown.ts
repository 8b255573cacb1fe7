/**
 * A message as Markdown (CommonMark, with tables and strikethrough), cut into plain nodes for the view to draw. Nothing in it is
 * ever markup of the page: HTML stays the characters it is made of, and a picture is a link.
 */
import MarkdownIt, { type Token } from 'markdown-it';
import { addressOf, lineSegments, plainText, type Segment } from './text';

export type Inline =
  | Segment
  | { kind: 'break' }
  | { kind: 'strong' | 'emphasis' | 'strike'; parts: Inline[] }
  | { kind: 'anchor'; href: string; parts: Inline[] };

export type Block =
  | { kind: 'paragraph' | 'heading'; parts: Inline[] }
  | { kind: 'quote'; blocks: Block[] }
  /** `start`: the first number, null for a list without. */
  | { kind: 'list'; start: number | null; items: Block[][] }
  | { kind: 'code'; text: string; language: string }
  | { kind: 'table'; rows: Cell[][] }
  | { kind: 'rule' };

export interface Cell {
  head: boolean;
  align: 'left' | 'center' | 'right' | null;
  parts: Inline[];
}

/** Quotes and lists within each other. What goes deeper is drawn as it was written: the parser would leave it out. */
const deepest = 20;
/** More pieces than this make no message that anybody reads, but a page that hangs. */
const most = 3000;

// What surprises in a conversation is off: code by four spaces, headings by a line below, names for links that vanish.
const parser = new MarkdownIt({ html: false, linkify: false, breaks: true, maxNesting: deepest });
parser.disable(['code', 'lheading', 'reference', 'image']);

/** The blocks of a message; null when it is to be drawn as it was written. */
export function parseMarkdown(message: string, people: string[] = []): Block[] | null {
  const tokens = parser.parse(message.replace(/\r\n?/g, '\n'), {});
  const count = tokens.reduce((sum, { children }) => sum + 1 + (children?.length ?? 0), 0);
  if (count > most || tokens.some(({ level }) => level >= deepest - 1)) return null;
  return new Reader(tokens, (text) => lineSegments(text, people)).blocks(null);
}

/** Reads the flat list of tokens into a tree. Its depth is bounded by the parser's. */
class Reader {
  private at = 0;
  private readonly tokens: Token[];
  private readonly words: (text: string) => Segment[];

  constructor(tokens: Token[], words: (text: string) => Segment[]) {
    this.tokens = tokens;
    this.words = words;
  }

  private next(): Token | undefined {
    const token = this.tokens[this.at];
    this.at += 1;
    return token;
  }

  /** Everything up to the token of type `end`, which is taken as well. */
  blocks(end: string | null): Block[] {
    const blocks: Block[] = [];
    for (let token = this.next(); token !== undefined && token.type !== end; token = this.next()) {
      const block = this.block(token);
      if (block !== null) blocks.push(block);
    }
    return blocks;
  }

  private block(token: Token): Block | null {
    switch (token.type) {
      case 'paragraph_open':
        return { kind: 'paragraph', parts: this.line('paragraph_close') };
      case 'heading_open':
        return { kind: 'heading', parts: this.line('heading_close') };
      case 'blockquote_open':
        return { kind: 'quote', blocks: this.blocks('blockquote_close') };
      case 'bullet_list_open':
        return { kind: 'list', start: null, items: this.items('bullet_list_close') };
      case 'ordered_list_open': {
        const start = Number(token.attrGet('start') ?? 1);
        return { kind: 'list', start, items: this.items('ordered_list_close') };
      }
      case 'fence':
        return {
          kind: 'code',
          text: plainText(token.content.replace(/\n$/, '')),
          language: /^[\w+#.-]{1,20}/.exec(token.info)?.[0] ?? '',
        };
      case 'table_open':
        return { kind: 'table', rows: this.rows() };
      case 'hr':
        return { kind: 'rule' };
      default:
        return null;
    }
  }

  private items(end: string): Block[][] {
    const items: Block[][] = [];
    for (let token = this.next(); token !== undefined && token.type !== end; token = this.next()) {
      if (token.type === 'list_item_open') items.push(this.blocks('list_item_close'));
    }
    return items;
  }

  private rows(): Cell[][] {
    const rows: Cell[][] = [];
    for (let token = this.next(); token !== undefined; token = this.next()) {
      if (token.type === 'table_close') break;
      if (token.type === 'tr_open') rows.push([]);
      if (token.type !== 'th_open' && token.type !== 'td_open') continue;
      const head = token.type === 'th_open';
      const align = /text-align:(left|center|right)/.exec(String(token.attrGet('style')))?.[1];
      const parts = this.line(head ? 'th_close' : 'td_close');
      rows.at(-1)?.push({ head, align: (align as Cell['align'] | undefined) ?? null, parts });
    }
    return rows;
  }

  private line(end: string): Inline[] {
    const parts: Inline[] = [];
    for (let token = this.next(); token !== undefined && token.type !== end; token = this.next()) {
      if (token.type === 'inline') {
        parts.push(...new Reader(token.children ?? [], this.words).inline(null));
      }
    }
    return parts;
  }

  private inline(end: string | null): Inline[] {
    const parts: Inline[] = [];
    let text = '';
    // What the parser has cut for reasons of its own is one piece again: a name or an address may lie across the cut.
    const flush = () => {
      if (text !== '') parts.push(...this.words(text));
      text = '';
    };
    for (let token = this.next(); token !== undefined && token.type !== end; token = this.next()) {
      if (token.type === 'text' || token.type === 'text_special') {
        text += token.content;
        continue;
      }
      flush();
      const part = this.part(token);
      parts.push(...(Array.isArray(part) ? part : [part]));
    }
    flush();
    return parts;
  }

  private part(token: Token): Inline | Inline[] {
    switch (token.type) {
      case 'softbreak':
      case 'hardbreak':
        return { kind: 'break' };
      case 'code_inline':
        return { kind: 'code', text: plainText(token.content) };
      case 'strong_open':
        return { kind: 'strong', parts: this.inline('strong_close') };
      case 'em_open':
        return { kind: 'emphasis', parts: this.inline('em_close') };
      case 's_open':
        return { kind: 'strike', parts: this.inline('s_close') };
      case 'link_open': {
        const href = addressOf(String(token.attrGet('href')));
        const parts = this.inline('link_close');
        if (href === null) return parts;
        // Words that say another address than the one they lead to are not believed.
        const lies = parts.some((part) => part.kind === 'link' && part.href !== href);
        const shown: Inline[] = lies ? [{ kind: 'text', text: ` (${href})` }] : [];
        return { kind: 'anchor', href, parts: [...parts.map(unlinked), ...shown] };
      }
      default:
        return this.words(token.content);
    }
  }
}

/** A link within a link is its words. */
function unlinked(part: Inline): Inline {
  return part.kind === 'link' ? { kind: 'text', text: part.text } : part;
}

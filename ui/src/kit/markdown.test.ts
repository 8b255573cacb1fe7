import { describe, expect, it } from 'vitest';
import { parseMarkdown, type Block, type Inline } from './markdown';

/** Blocks in short: `p(…)`, `quote(…)`, `li(…)`. */
const show = (text: string, people: string[] = []): string =>
  parseMarkdown(text, people)?.map(block).join(' ') ?? 'as written';

function block(one: Block): string {
  switch (one.kind) {
    case 'paragraph':
      return `p(${line(one.parts)})`;
    case 'heading':
      return `h(${line(one.parts)})`;
    case 'quote':
      return `quote(${one.blocks.map(block).join(' ')})`;
    case 'list':
      return `${one.start === null ? 'ul' : `ol${one.start}`}(${one.items.map((item) => item.map(block).join(' ')).join(', ')})`;
    case 'code':
      return `code:${one.language}(${one.text})`;
    case 'table':
      return `table(${one.rows.map((row) => row.map((cell) => `${cell.head ? '*' : ''}${line(cell.parts)}`).join('|')).join('; ')})`;
    case 'rule':
      return 'rule';
  }
}

const line = (parts: Inline[]): string =>
  parts
    .map((part) => {
      switch (part.kind) {
        case 'text':
          return part.text;
        case 'break':
          return '/';
        case 'anchor':
          return `a<${part.href}>(${line(part.parts)})`;
        case 'strong':
        case 'emphasis':
        case 'strike':
          return `${part.kind}(${line(part.parts)})`;
        default:
          return `${part.kind}<${part.text}>`;
      }
    })
    .join('');

describe('a message as Markdown', () => {
  it.each([
    ['plain words', 'p(plain words)'],
    ['one\ntwo', 'p(one/two)'],
    ['one\r\ntwo\n\nthree', 'p(one/two) p(three)'],
    ['**loud**, _soft_ and ~~gone~~', 'p(strong(loud), emphasis(soft) and strike(gone))'],
    ['run `curl https://x.example` now', 'p(run code<curl https://x.example> now)'],
    ['- one\n- two\n  - three', 'ul(p(one), p(two) ul(p(three)))'],
    ['3. one\n4. two', 'ol3(p(one), p(two))'],
    ['> said\n\nanswer', 'quote(p(said)) p(answer)'],
    ['# Title\ntext', 'h(Title) p(text)'],
    ['see:\n```rust\nlet a = `b`;\n```', 'p(see:) code:rust(let a = `b`;)'],
    ['|a|b|\n|-|-|\n|1|2|', 'table(*a|*b; 1|2)'],
    ['a\n***\nb', 'p(a) rule p(b)'],
    ['2 * 3 * 4 and snake_case_name', 'p(2 * 3 * 4 and snake_case_name)'],
    ['a \\* b', 'p(a * b)'],
    // What is off.
    ['    four spaces', 'p(four spaces)'],
    ['text\n---', 'p(text) rule'],
    ['[a]: https://x.example', 'p([a]: link<https://x.example>)'],
  ])('%j', (text, shown) => {
    expect(show(text)).toBe(shown);
  });

  it('finds links and members in words, also where the parser cuts them', () => {
    expect(show('see https://x.example/a_b_c(d).')).toBe(
      'p(see link<https://x.example/a_b_c(d)>.)',
    );
    expect(show('**@Ann Lee**: hi @ann', ['Ann Lee'])).toBe(
      'p(strong(mention<@Ann Lee>): hi mention<@ann>)',
    );
    expect(show('[site](https://x.example/)')).toBe('p(a<https://x.example/>(site))');
    expect(show('<https://x.example/>')).toBe('p(a<https://x.example/>(https://x.example/))');
  });

  it('believes no link that says another address', () => {
    expect(show('[https://bank.example/](https://thief.example/)')).toBe(
      'p(a<https://thief.example/>(https://bank.example/ (https://thief.example/)))',
    );
  });

  it.each([
    '<img src=x onerror=alert(1)>',
    '<script>alert(1)</script>',
    '<!-- hidden -->',
    '<b>bold</b>',
  ])('draws %s as it is', (text) => {
    expect(show(text)).toBe(`p(${text})`);
  });

  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'vbscript:x',
    '//x.example',
    'https://a:b@x.example',
  ])('links nowhere by %s', (href) => {
    expect(show(`[here](${href})`)).not.toContain('a<');
  });

  it('fetches no picture', () => {
    expect(show('![alt](https://x.example/a.png)')).toBe('p(!a<https://x.example/a.png>(alt))');
  });

  it('shows control characters wherever they stand', () => {
    expect(show('a\u202eb')).toBe('p(acontrol<U+202E>b)');
    expect(show('`a\u202eb`')).toBe('p(code<a⟨U+202E⟩b>)');
    expect(show('```\na\u202eb\n```')).toBe('code:(a⟨U+202E⟩b)');
  });

  it('draws what is nested too deep, or cut too small, as it was written', () => {
    expect(show(`${'> '.repeat(30)}deep`)).toBe('as written');
    expect(show('- '.repeat(200) + 'deep')).toBe('as written');
    expect(show('a\n\n'.repeat(5000))).toBe('as written');
    expect(show('*a* '.repeat(3000))).toBe('as written');
  });

  const fill = (text: string) => text.repeat(Math.floor(32_768 / text.length));
  const fences = Array.from({ length: 250 }, (_, index) => '`'.repeat(index)).join(' ');
  // Whatever keeps the parser busy for longer than a test may take fails here.
  it.each([
    ...[
      '>',
      '[',
      '![',
      '*',
      '*a ',
      '_a_',
      '`a ',
      '<',
      '[a](',
      '*a **a ',
      '1. ',
      'www.',
      'http://a ',
    ].map(fill),
    ...['|\n', '~~a', '\\', '&amp', '*_`[<>~', '[a]: b\n', '```\n', '# a\n', '@'].map(fill),
    `|a|b|\n|-|-|\n${fill('|\n')}`,
    '['.repeat(16_000) + ']'.repeat(16_000),
    fences,
  ])('is not kept busy by %.12s', (bomb) => {
    expect(() => parseMarkdown(bomb, ['Ann Lee'])).not.toThrow();
  });
});

import { describe, expect, it } from 'vitest';
import { initials, isEmoji, lineSegments, nameSegments, plainName, plainText } from './text';

const kinds = (text: string, people?: string[]) =>
  lineSegments(text, people).map(({ kind, text: words }) => `${kind}:${words}`);

describe('characters that act instead of standing there', () => {
  it('become visible, with what they would have done', () => {
    expect(nameSegments('invoice\u202efdp.exe')).toEqual([
      { kind: 'text', text: 'invoice' },
      { kind: 'control', text: 'U+202E', name: 'right-to-left override' },
      { kind: 'text', text: 'fdp.exe' },
    ]);
    expect(plainText('a\u0007b\u001b[31m')).toBe('a⟨U+0007⟩b⟨U+001B⟩[31m');
    expect(plainText('zero\u200bwidth\ufeff')).toBe('zero⟨U+200B⟩width⟨U+FEFF⟩');
    expect(plainText('tag\u{e0041}')).toBe('tag⟨U+E0041⟩');
    expect(plainName('\u3164')).toBe('⟨U+3164⟩');
  });

  it('leaves lines, tabs, joined emoji and joined letters alone', () => {
    expect(plainText('a\r\nb\tc')).toBe('a\nb\tc');
    expect(plainText('👩‍🚀')).toBe('👩‍🚀');
    expect(nameSegments('می‌خواهم')).toHaveLength(1);
  });

  it('makes a name one line that is never empty', () => {
    expect(plainName('  Bo \n Tanaka ')).toBe('Bo Tanaka');
    expect(plainName('   ')).toBe('Unnamed');
  });
});

describe('links', () => {
  it('are only plain http and https addresses', () => {
    expect(kinds('see https://example.org/a?b=1.')).toEqual([
      'text:see ',
      'link:https://example.org/a?b=1',
      'text:.',
    ]);
    expect(kinds('javascript:alert(1) data:text/html,x file:///etc')).toEqual([
      'text:javascript:alert(1) data:text/html,x file:///etc',
    ]);
  });

  it('never carry somebody else’s name and password', () => {
    expect(kinds('https://bank.example@evil.example/')).toEqual([
      'text:https://bank.example@evil.example/',
    ]);
  });

  it('keep a bracket that belongs to them and leave one that does not', () => {
    expect(kinds('(https://example.org/a_(b))')).toEqual([
      'text:(',
      'link:https://example.org/a_(b)',
      'text:)',
    ]);
  });

  it('open what a look-alike host really is', () => {
    const [found] = lineSegments('https://аpple.com');
    expect(found).toMatchObject({ kind: 'link', href: 'https://xn--pple-43d.com/' });
  });

  it('end where a control character stands', () => {
    expect(kinds('https://example.org/\u202egpj.exe')).toEqual([
      'link:https://example.org/',
      'control:U+202E',
      'text:gpj.exe',
    ]);
  });
});

describe('mentions', () => {
  it('finds members by full or first name, at the edges of words', () => {
    expect(kinds('hi @Ann and @ann lee, not @Anna or x@Ann', ['Ann Lee'])).toEqual([
      'text:hi ',
      'mention:@Ann',
      'text: and ',
      'mention:@ann lee',
      'text:, not @Anna or x@Ann',
    ]);
  });

  it('takes a name as letters, not as a pattern', () => {
    expect(kinds('@a.*(b) @axxb', ['a.*(b)'])).toEqual(['mention:@a.*(b)', 'text: @axxb']);
    expect(kinds('@Jean-Luc', ['Jean-Luc Moreau'])).toEqual(['mention:@Jean-Luc']);
    const ascii = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join(
      '',
    );
    expect(kinds(`@${ascii}`, [ascii])).toEqual([`mention:@${ascii}`]);
  });
});

describe('emoji', () => {
  it.each([
    ['🎉', true],
    ['👩‍👩‍👧‍👦 👍🏽', true],
    ['❤️', true],
    ['🎉 done', false],
    ['🎉🎉🎉🎉', false],
    ['42', false],
    ['', false],
  ])('alone in %s: %s', (text, alone) => {
    expect(isEmoji(text)).toBe(alone);
  });
});

describe('initials', () => {
  it.each([
    ['Ann Lee', 'AL'],
    ['Bo', 'BO'],
    ['Dora Quist (imported)', 'DQ'],
    ['(Cy)', 'CY'],
    ['jonas van der Berg', 'JB'],
    ['مريم حداد', 'مح'],
    ['<b>x</b>', 'BX'],
    ['\u202e', '?'],
    ['🙂', '?'],
  ])('of %s are %s', (name, letters) => {
    expect(initials(name)).toBe(letters);
  });
});

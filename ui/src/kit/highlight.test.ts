import { common, createLowlight } from 'lowlight';
import { expect, it } from 'vitest';
import { languageOf } from './highlight';

it('tells a language by a name, and text from what is none', () => {
  const table: [string, string | null][] = [
    ['main.rs', 'rust'],
    ['Makefile', 'makefile'],
    ['A.TSX', 'typescript'],
    ['notes.txt', ''],
    ['LICENSE', ''],
    ['photo.png', null],
    ['archive', null],
    ['constructor', null],
    ['.constructor', null],
    ['', null],
  ];
  for (const [name, language] of table) expect(languageOf(name), name).toBe(language);
});

it('names only languages that can be coloured', () => {
  const lowlight = createLowlight(common);
  for (const name of [
    'a.rs',
    'a.ts',
    'a.kt',
    'a.cs',
    'a.m',
    'a.vb',
    'a.mk',
    'a.html',
    'a.graphql',
  ]) {
    expect(lowlight.registered(languageOf(name) ?? 'none'), name).toBe(true);
  }
});

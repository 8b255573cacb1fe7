import { describe, expect, it } from 'vitest';
import { nameNote } from './names';

describe('the name of a space', () => {
  const others = [{ name: 'Harbour' }, { name: '' }, { name: 'Zo\u00eb' }];

  it('is noted when another has it', () => {
    for (const name of ['Harbour', ' harbour ', 'Zoe\u0308']) {
      expect(nameNote(name, others)).toContain('already');
    }
  });

  it('is not noted otherwise', () => {
    for (const name of ['Harbour Quay', '', ' ']) expect(nameNote(name, others)).toBeUndefined();
  });
});

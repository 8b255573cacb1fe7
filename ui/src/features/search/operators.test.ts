import { expect, it } from 'vitest';
import { operatorOf, withOperator } from './operators';

it('reads what stands behind an operator', () => {
  expect(operatorOf('crane from:"Ann Lee" in:quay', 'from')).toBe('Ann Lee');
  expect(operatorOf('crane From:ann', 'from')).toBe('ann');
  expect(operatorOf('-from:ann xfrom:bo', 'from')).toBeNull();
  expect(operatorOf('from: crane', 'from')).toBeNull();
  expect(operatorOf('is:pinned is:file', 'is')).toBe('file');
  expect(operatorOf('is:pinned', 'is')).toBeNull();
});

it('changes one operator and leaves the rest', () => {
  expect(withOperator('crane wal', 'in', 'Harbour Quay')).toBe('in:"Harbour Quay" crane wal');
  expect(withOperator('in:"Harbour Quay" crane wal', 'in', 'Depot')).toBe('in:Depot crane wal');
  expect(withOperator('from:ann in:quay crane', 'in', null)).toBe('from:ann crane');
  expect(withOperator('is:pinned is:file x', 'is', 'message')).toBe('is:message is:pinned x');
  expect(withOperator('-in:quay x', 'in', null)).toBe('-in:quay x');
  expect(withOperator('x', 'from', 'A "B" C')).toBe('from:"A B C" x');
  expect(withOperator('', 'from', 'bo')).toBe('from:bo ');
});

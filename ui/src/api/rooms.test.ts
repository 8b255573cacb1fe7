import { describe, expect, it } from 'vitest';
import { firstPath, parentOf, roomFor, roomsOf, thingPath } from './rooms';
import type { Space } from './types';

const space = (id: string, room: Space['room'] = null, state: Space['state'] = 'active') =>
  ({ space: id, room, state }) as Space;
const room = { kind: 'topic', board: null, parent: 'quay', thing: 'crane', guests: 0 } as const;

const quay = space('quay');
const ended = space('old', { ...room }, 'ended');
const talk = space('talk', { ...room });
const drawing = space('drawing', { ...room, kind: 'board', board: 'inner', thing: 'plan' });
const asGuest = space('elsewhere', { ...room, parent: null, thing: null });
const spaces = [quay, ended, talk, drawing, asGuest];

describe('rooms', () => {
  it('belong to the space that one is in', () => {
    expect(parentOf(spaces, talk)).toBe(quay);
    expect(parentOf([talk], talk)).toBeUndefined();
    expect(parentOf(spaces, asGuest)).toBeUndefined();
    expect(parentOf(spaces, quay)).toBeUndefined();
    expect(roomsOf(spaces, 'quay')).toEqual([ended, talk, drawing]);
  });
  it('are found by what they were made for while they are in use', () => {
    expect(roomFor(spaces, 'quay', 'crane')).toBe(talk);
    expect(roomFor(spaces, 'quay', 'plan')).toBe(drawing);
    expect(roomFor(spaces, 'quay', 'other')).toBeUndefined();
    expect(roomFor([ended], 'quay', 'crane')).toBeUndefined();
  });
  it('begin with what is in them, and lead to what they were made for', () => {
    expect(firstPath(talk)).toBe('/s/talk/chat');
    expect(firstPath(drawing)).toBe('/s/drawing/boards/inner');
    expect(thingPath(talk)).toBe('/s/quay/topic/crane');
    expect(thingPath(drawing)).toBe('/s/quay/boards/plan');
    expect(thingPath(asGuest)).toBeNull();
    expect(thingPath(quay)).toBeNull();
  });
});

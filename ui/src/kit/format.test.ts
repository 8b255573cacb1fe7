import { describe, expect, it } from 'vitest';
import {
  formatDay,
  formatDuration,
  formatRate,
  formatRtt,
  formatSince,
  formatSize,
  formatUntil,
  formatWhen,
  listNames,
  percent,
} from './format';

describe('sizes and figures', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 KB'],
    [212_400, '212 KB'],
    [999_999, '1.0 MB'],
    [18_600_000, '18.6 MB'],
    [999_960_000, '1.0 GB'],
    [4_200_000_000, '4.2 GB'],
    [-1, '–'],
    [Number.NaN, '–'],
  ])('%d bytes are %s', (bytes, words) => {
    expect(formatSize(bytes)).toBe(words);
  });

  it('gives rates, durations, round trips and parts', () => {
    expect(formatRate(96_400_000)).toBe('96.4 MB/s');
    expect(formatRate(0)).toBe('–');
    expect(formatDuration(27)).toBe('0:27');
    expect(formatDuration(725)).toBe('12:05');
    expect(formatDuration(3723)).toBe('1:02:03');
    expect(formatDuration(100_000)).toBe('1 d 3 h');
    expect(formatRtt(0.42)).toBe('0.4 ms');
    expect(formatRtt(31.4)).toBe('31 ms');
    expect(formatRtt(null)).toBe('–');
    expect(percent(1, 3)).toBe(33);
    expect(percent(0, 0)).toBe(100);
  });

  it('names a few and counts the rest', () => {
    expect(listNames([])).toBe('nobody');
    expect(listNames(['Bo'])).toBe('Bo');
    expect(listNames(['Bo', 'Cy'])).toBe('Bo and Cy');
    expect(listNames(['Bo', 'Cy', 'Dee', 'Jo'])).toBe('Bo, Cy and 2 more');
  });
});

describe('times, in the zone of the tests', () => {
  // Friday 20 November 2026, 14:00 in Berlin.
  const now = Date.parse('2026-11-20T13:00:00Z');
  const minute = 60_000;
  const hour = 60 * minute;
  const day = 24 * hour;

  it('says the moment itself after "since"', () => {
    expect(formatSince(now - 5 * minute, now, 'en-GB')).toBe('13:55');
    expect(formatSince(now - 10_000, now, 'en-GB')).toBe('13:59');
    expect(formatSince(now - 3 * day, now, 'en-GB')).toBe('Tue 14:00');
  });

  it.each([
    [10_000, 'now'],
    [5 * minute, '5 min ago'],
    [3 * hour, '11:00'],
    [day, 'yesterday 14:00'],
    [3 * day, 'Tue 14:00'],
    [18 * day, '2 Nov'],
    [700 * day, '20 Dec 2024'],
  ])('%d ms ago is %s', (ago, words) => {
    expect(formatWhen(now - ago, now, 'en-GB')).toBe(words);
  });

  it('names days, by the calendar and not by hours', () => {
    expect(formatDay(now, now, 'en-GB')).toBe('Today');
    expect(formatDay(Date.parse('2026-11-19T23:30:00+01:00'), now, 'en-GB')).toBe('Yesterday');
    expect(formatDay(now - 4 * day, now, 'en-GB')).toBe('Monday 16 November');
    expect(formatDay(now - 400 * day, now, 'en-GB')).toContain('2025');
  });

  it('says how long something still lasts', () => {
    expect(formatUntil(now + 6 * day, now)).toBe('in 6 days');
    expect(formatUntil(now + 3 * hour, now)).toBe('in 3 hours');
    expect(formatUntil(now + minute, now)).toBe('in 1 minute');
    expect(formatUntil(now - 1, now)).toBe('over');
  });
});

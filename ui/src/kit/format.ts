/** Figures and times as people read them: in their own language and zone, short when fresh. */

/** Decimal units; whole below a megabyte, one decimal from there on. */
export function formatSize(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return '–';
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  // The unit is chosen after rounding, so that 999 999 bytes are 1.0 MB and not 1000 KB.
  const kilobytes = Math.round(bytes / 1000);
  if (kilobytes < 1000) return `${kilobytes} KB`;
  const units = ['MB', 'GB', 'TB', 'PB'];
  let value = bytes / 1e6;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(1)} ${units[unit] ?? 'PB'}`;
}

export const formatRate = (bytesPerSecond: number): string =>
  bytesPerSecond < 1 ? '–' : `${formatSize(bytesPerSecond)}/s`;

/** `0:27`, `12:05`, `1:02:03`; from a day on, days and hours. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor((whole % 86_400) / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const two = (value: number) => String(value).padStart(2, '0');
  if (days > 0) return `${days} d ${hours} h`;
  const tail = two(whole % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${tail}` : `${minutes}:${tail}`;
}

/** `0.4 ms`, `31 ms`; a decimal only where it matters. */
export function formatRtt(milliseconds: number | null): string {
  if (milliseconds === null) return '–';
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`;
}

const counts = new Intl.NumberFormat();

export const formatCount = (value: number): string => counts.format(value);

type Locale = string | undefined;
const cached = new Map<string, Intl.DateTimeFormat>();

/** Making a formatter is slow, and a chat asks for hundreds. */
function dates(options: Intl.DateTimeFormatOptions, locale: Locale): Intl.DateTimeFormat {
  const key = (locale ?? '') + JSON.stringify(options);
  let format = cached.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(locale, options);
    cached.set(key, format);
  }
  return format;
}

export const formatClock = (time: number, locale?: Locale): string =>
  dates({ hour: 'numeric', minute: '2-digit' }, locale).format(time);

/** The same without AM or PM, for where the room is short and the rest of it stands nearby. */
export const formatShortClock = (time: number, locale?: Locale): string =>
  dates({ hour: 'numeric', minute: '2-digit' }, locale)
    .formatToParts(time)
    .filter(({ type }) => type !== 'dayPeriod')
    .map(({ value }) => value)
    .join('')
    .trim();

export const formatExact = (time: number, locale?: Locale): string =>
  dates({ dateStyle: 'full', timeStyle: 'medium' }, locale).format(time);

/** The local calendar day, as something that can be compared. */
export function dayOf(time: number): number {
  const date = new Date(time);
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000;
}

/** A day divider: `Today`, `Yesterday`, `Friday 20 November`, with the year when it is another. */
export function formatDay(time: number, now: number, locale?: Locale): string {
  const ago = dayOf(now) - dayOf(time);
  if (ago === 0) return 'Today';
  if (ago === 1) return 'Yesterday';
  const year = new Date(time).getFullYear() !== new Date(now).getFullYear();
  return dates(
    { weekday: 'long', day: 'numeric', month: 'long', ...(year ? { year: 'numeric' } : {}) },
    locale,
  ).format(time);
}

/** A day to come: `Sat 28 Nov`. */
export const formatAhead = (time: number, locale?: Locale): string =>
  dates({ weekday: 'short', day: 'numeric', month: 'short' }, locale).format(time);

/** When something was: `now`, `5 min ago`, `14:20`, `yesterday 14:20`, `Tue 18:40`, `2 Nov`. */
export function formatWhen(time: number, now: number, locale?: Locale): string {
  const seconds = (now - time) / 1000;
  if (seconds < 45) return 'now';
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  const ago = dayOf(now) - dayOf(time);
  const clock = formatClock(time, locale);
  if (ago === 0) return clock;
  if (ago === 1) return `yesterday ${clock}`;
  if (ago < 7) return `${dates({ weekday: 'short' }, locale).format(time)} ${clock}`;
  const year = new Date(time).getFullYear() !== new Date(now).getFullYear();
  return dates(
    { day: 'numeric', month: 'short', ...(year ? { year: 'numeric' } : {}) },
    locale,
  ).format(time);
}

/** After "since": the moment itself, because "since 5 min ago" is nothing that anybody says. */
export function formatSince(time: number, now: number, locale?: Locale): string {
  return dayOf(now) === dayOf(time) ? formatClock(time, locale) : formatWhen(time, now, locale);
}

/** How long until something ends: `in 6 days`, `in 3 hours`, `in 5 minutes`. */
export function formatUntil(time: number, now: number): string {
  const minutes = (time - now) / 60_000;
  if (minutes <= 0) return 'over';
  if (minutes < 90) return plural(Math.max(1, Math.round(minutes)), 'minute', 'in ');
  if (minutes < 48 * 60) return plural(Math.round(minutes / 60), 'hour', 'in ');
  return plural(Math.round(minutes / 1440), 'day', 'in ');
}

export function plural(count: number, word: string, before = ''): string {
  return `${before}${formatCount(count)} ${word}${count === 1 ? '' : 's'}`;
}

/** `Bo`, `Bo and Cy`, `Bo, Cy and 2 more`. */
export function listNames(names: string[], most = 2): string {
  if (names.length === 0) return 'nobody';
  const shown = names.slice(0, most);
  const rest = names.length - shown.length;
  if (rest > 0) return `${shown.join(', ')} and ${rest} more`;
  const last = shown.at(-1) ?? '';
  return shown.length === 1 ? last : `${shown.slice(0, -1).join(', ')} and ${last}`;
}

export const percent = (done: number, size: number): number =>
  size <= 0 ? 100 : Math.min(100, Math.max(0, Math.round((done / size) * 100)));

// Dates and times as JSON has them: a day of the calendar, and RFC 3339 with a time zone.

const INSTANT = /^(\d{4}-\d\d-\d\d)[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/** `2026-01-31`, a day that the calendar has and PostgreSQL can store: it has no year 0000. */
export function isDay(text: string): boolean {
  return !text.startsWith('0000') && isOfCalendar(text);
}

function isOfCalendar(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  // JavaScript takes 30 February for 2 March.
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().slice(0, 10) === text;
}

/** RFC 3339, which has a year 0000, with a time zone, and a time that exists. */
export function isInstant(text: string): boolean {
  return isOfCalendar(INSTANT.exec(text)?.[1] ?? '') && !Number.isNaN(Date.parse(text.toUpperCase()));
}

/** The time in UTC in whole seconds, later parts cut off; null if the text is no such time. */
export function toUtcSeconds(text: string): string | null {
  if (!isInstant(text)) return null;
  const seconds = Math.floor(Date.parse(text.toUpperCase()) / 1000);
  const utc = new Date(seconds * 1000).toISOString();
  // A time zone may move the time out of the years that have four digits.
  return isDay(utc.slice(0, 10)) ? `${utc.slice(0, 19)}Z` : null;
}

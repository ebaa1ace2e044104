/** ISO 8601; null for anything else. */
export function readTime(value: unknown): Date | null {
  if (typeof value !== 'string' || !/^20\d\d-\d\d-\d\dT/.test(value)) return null;
  const time = new Date(value);
  return Number.isNaN(time.getTime()) ? null : time;
}

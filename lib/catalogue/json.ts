// JSON values in one order, so that two of them are the same if their texts are.
import type { Value } from './value.ts';

/** Deeper than any record of ours; PostgreSQL and JSON.stringify have limits of their own. */
const MAX_DEPTH = 50;

/** The value with the members of every object sorted by name; -0 is 0, as in JSON. */
export function sortKeys(value: Value): Value {
  if (!isShallow(value)) return value;
  return sorted(value);
}

/** The text of the value with sorted members: equal texts are equal values. */
export function sortedText(value: Value): string {
  return JSON.stringify(sortKeys(value));
}

/** Whether JSON and PostgreSQL can hold it: finite numbers, no NUL, no half of a surrogate pair. */
export function isStorable(value: Value): boolean {
  return brokenLimit(value) === null;
}

/** What JSON would have to be that the value is not: `JSON with at most 50 levels`; null if it can be held. */
export function brokenLimit(value: Value, depth = 0): string | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : LIMITS.number;
  if (typeof value === 'string') return isStorableText(value) ? null : LIMITS.text;
  if (typeof value !== 'object' || value === null) return null;
  if (depth >= MAX_DEPTH) return LIMITS.depth;
  for (const [name, member] of Object.entries(value)) {
    const broken = isStorableText(name) ? brokenLimit(member, depth + 1) : LIMITS.text;
    if (broken !== null) return broken;
  }
  return null;
}

export const LIMITS = {
  number: 'JSON with numbers of at most 1.8e308, above or below 0',
  text: 'JSON without a NUL character (\\u0000) or half of a surrogate pair (\\ud800 alone)',
  depth: `JSON with at most ${MAX_DEPTH} levels`,
};

export function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/** The value that the text is the JSON of; undefined if it is none. */
export function readJson(text: string): Value | undefined {
  try {
    return JSON.parse(text) as Value;
  } catch {
    return undefined;
  }
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** Whether the value has no more levels than JSON that can be held; asks no deeper than that. */
export function isShallow(value: Value, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth < MAX_DEPTH && Object.values(value).every((member) => isShallow(member, depth + 1));
}

function sorted(value: Value): Value {
  if (value === 0) return 0;
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map(sorted);
  // From entries, so that a member "__proto__" stays a member.
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}

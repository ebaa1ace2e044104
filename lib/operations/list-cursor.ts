// Where the next page of a list begins, as a text that a client sends back as it is. A cursor holds the
// place, and a checksum over the place, the list and its filter: a cursor that was cut, mistyped or
// made for another filter is refused instead of giving another page. It is no secret and protects
// nothing: whoever may ask for a page may ask for every page.
import { createHash } from 'node:crypto';

/** What a cursor belongs to: the name of the list, and the filter as the client wrote it. */
export type ListIdentity = { list: string; filter: Readonly<Record<string, unknown>> };

/** The limit of a page may change from page to page. */
const OF_THE_PAGE = ['after', 'limit'];

/** The parts are texts of digits, lowercase letters and dashes: a cursor needs no encoding in a URL. */
export function encodeCursor(of: ListIdentity, place: readonly (string | number)[]): string {
  const body = place.join('.');
  return `${body}.${checksum(of, body)}`;
}

/** What the parts of a place may be: a checksum can be made by anybody. */
export const placeForms = {
  number: /^[0-9]{1,15}$/,
  rank: /^[0-9]$/,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  key: /^[0-9a-z_-]{1,150}$/,
  /** Microseconds since 1970. */
  micros: /^-?[0-9]{1,17}$/,
} as const;

type Form = keyof typeof placeForms;

/** The parts of the place; null for a text that `encodeCursor` did not make for this list and filter. */
export function decodeCursor(of: ListIdentity, text: string, forms: readonly Form[]): string[] | null {
  const end = text.lastIndexOf('.');
  const body = text.slice(0, Math.max(end, 0));
  if (body === '' || checksum(of, body) !== text.slice(end + 1)) return null;
  const parts = body.split('.');
  const fits =
    parts.length === forms.length && forms.every((form, at) => placeForms[form].test(parts[at] ?? ''));
  return fits ? parts : null;
}

function checksum({ list, filter }: ListIdentity, body: string): string {
  const named = Object.entries(filter)
    .filter(([name, value]) => !OF_THE_PAGE.includes(name) && value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const whole = JSON.stringify([list, named, body]);
  return createHash('sha256').update(whole).digest('hex').slice(0, 12);
}

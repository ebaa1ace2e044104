// What a request says in its path, query, headers and body, checked; throws the Problem that says
// what is wrong where.

import type { Request } from 'express';
import type { Checked, Violation } from '../lib/catalogue/check.ts';
import { Problem, type ProblemDetail } from './problems.ts';

type Place = ProblemDetail['in'];

/** Takes what a check let through. */
export function demand<T>(place: Place, checked: Checked<T>): T {
  if (checked.ok) return checked.value;
  throw invalid(checked.violations.map((violation) => toDetail(place, violation)));
}

/**
 * The query as an object, with numbers where the schema wants them. Decoded by RFC 3986 and not as
 * a form: a plus sign is a plus sign, since it stands in emails and in times, and a blank in
 * neither.
 */
export function queryOf(req: Request, schema: Properties): Record<string, string | number> {
  const found = new Map<string, string | number>();
  const at = req.originalUrl.indexOf('?');
  const pairs = at < 0 ? [] : req.originalUrl.slice(at + 1).split('&');
  for (const pair of pairs.filter((each) => each !== '')) {
    const [name = '', ...value] = pair.split('=').map(decoded);
    if (found.has(name)) {
      const [pointer, detail] = [`/${name.slice(0, 60)}`, 'is given more than once; give it once'];
      throw invalid([{ in: 'query', pointer, code: 'duplicate', detail }]);
    }
    found.set(name, typed(schema, name, value.join('=')));
  }
  return Object.fromEntries(found);
}

export function paramsOf(req: Request, schema: Properties): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(req.params).map(([name, value]) => [
      name,
      typeof value === 'string' ? typed(schema, name, value) : value,
    ]),
  );
}

type Properties = { properties: Readonly<Record<string, { type?: string }>> };

/** Only what the schema has as a whole number becomes one: an email or a reason of digits is text. */
function typed({ properties }: Properties, name: string, text: string): string | number {
  const wanted = Object.hasOwn(properties, name) ? properties[name]?.type : undefined;
  return wanted === 'integer' ? wholeNumber(text) : text;
}

/**
 * Whether the header Twinbox-Bulk says that this change is one of many, which single changes may
 * overtake on their way out.
 */
export function bulkOf(req: Request): boolean {
  const given = req.get('Twinbox-Bulk')?.trim().toLowerCase();
  if (given === undefined || given === 'false') return false;
  if (given === 'true') return true;
  const detail = 'must be true or false; leave it out for a single change';
  throw invalid([{ in: 'header', pointer: '/Twinbox-Bulk', code: 'enum', detail }]);
}

// "007", "1e3", "+1" and " 1" stay text, and the schema then says that a whole number is wanted.
export function wholeNumber(text: string): string | number {
  return /^(0|-?[1-9][0-9]{0,15})$/.test(text) ? Number(text) : text;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new Problem('malformed_request', 'The query has a percent sign that begins no UTF-8 character.', {
      cause,
    });
  }
}

function toDetail(place: Place, { pointer, rule, detail }: Violation): ProblemDetail {
  return { in: place, pointer, code: rule, detail };
}

export function invalid(errors: ProblemDetail[]): Problem {
  const told = errors.map(
    ({ in: place, pointer, detail }) => `${place} ${pointer || 'as a whole'} ${detail}`,
  );
  return new Problem('invalid_request', `${told.join('; ')}.`, { errors });
}

// Checks the path, query, headers and body of a request; throws the Problem that says what is wrong
// and where.

import type { Request } from 'express';
import type { Checked, Violation } from '../lib/catalogue/check.ts';
import { Problem, type ProblemDetail } from './problems.ts';

type Place = ProblemDetail['in'];

/** Returns the value if the check accepted it. */
export function demand<T>(place: Place, checked: Checked<T>): T {
  if (checked.ok) return checked.value;
  throw invalid(checked.violations.map((violation) => toDetail(place, violation)));
}

/**
 * The query as an object, with numbers where the schema has numbers. It is decoded by RFC 3986 and
 * not as a form, so a plus sign stays a plus sign: emails and times contain plus signs, and neither
 * contains a space.
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

/** Refuses every parameter, where a path takes none: it would be taken for a filter. */
export function demandNoQuery(req: Request): void {
  const errors = Object.keys(queryOf(req, { properties: {} })).map((name): ProblemDetail => ({
    ...{ in: 'query', pointer: `/${name.slice(0, 60)}`, code: 'additionalProperties' },
    detail: 'is not a known field; this path takes none',
  }));
  if (errors.length > 0) throw invalid(errors.slice(0, 10));
}

export function paramsOf(req: Request, schema: Properties): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(req.params).map(([name, value]) => [
      name,
      typeof value === 'string' ? typed(schema, name, value) : value,
    ]),
  );
}

/** The one that is named, or all; throws the Problem that names them. */
export function demandOneOf(
  names: readonly string[],
  parameter: string,
  given: string | undefined,
): readonly string[] {
  if (given === undefined) return names;
  if (names.includes(given)) return [given];
  throw notOneOf(parameter, `must be one of ${names.join(', ')}`);
}

export function notOneOf(parameter: string, detail: string): Problem {
  return invalid([{ in: 'query', pointer: `/${parameter}`, code: 'enum', detail }]);
}

type Properties = { properties: Readonly<Record<string, { type?: string }>> };

/**
 * Only a parameter that the schema has as an integer or a number becomes one; digits in an email or
 * reason stay text.
 */
function typed({ properties }: Properties, name: string, text: string): string | number {
  const wanted = Object.hasOwn(properties, name) ? properties[name]?.type : undefined;
  if (wanted === 'number') return decimalNumber(text);
  return wanted === 'integer' ? wholeNumber(text) : text;
}

/**
 * Whether the header Twinbox-Bulk says that this change is one of many. Single changes may be sent
 * to external systems before it.
 */
export function bulkOf(req: Request): boolean {
  const given = req.get('Twinbox-Bulk')?.trim().toLowerCase();
  if (given === undefined || given === 'false') return false;
  if (given === 'true') return true;
  const detail = 'must be true or false; leave it out for a single change';
  throw invalid([{ in: 'header', pointer: '/Twinbox-Bulk', code: 'enum', detail }]);
}

// "007", "1e3", "+1" and " 1" stay text, and the schema then says that an integer is expected.
export function wholeNumber(text: string): string | number {
  return /^(0|-?[1-9][0-9]{0,15})$/.test(text) ? Number(text) : text;
}

/** As plain as a whole one: `0.5`, and no `.5`, `5.` or `5e-1`. */
function decimalNumber(text: string): string | number {
  return /^(0|[1-9][0-9]{0,9})(\.[0-9]{1,6})?$/.test(text) ? Number(text) : text;
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
  const sentences = errors.map(
    ({ in: place, pointer, detail }) => `${place} ${pointer || 'as a whole'} ${detail}`,
  );
  return new Problem('invalid_request', `${sentences.join('; ')}.`, { errors });
}

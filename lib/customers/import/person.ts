// Makes the values of a customer from a row: its email, and its name from the columns that can give
// one.
import { builtIn } from '../../catalogue/catalogue.ts';
import type { JsonValue, RowFields } from '../../../db/entities/rows.ts';
import { fromText } from '../../catalogue/field-types.ts';
import type { Field } from '../../catalogue/entity.ts';
import { fallbackValue } from '../../catalogue/document.ts';
import { systems } from '../../integrations/registry.ts';
import type { Columns, Target } from './columns.ts';
import type { Advice } from './advice.ts';
import { UNREADABLE } from './encoding.ts';

/** What is wrong with one field of a row; `code` is stable, for programs. */
export type FieldError = { field: string; code: string; detail: string };
/** Why a row is no customer, in one sentence, and by its fields as far as they are known. */
export type Unfit = { problem: string; errors?: FieldError[] };

/** The source of a name if the file gives none. */
export type Derived = 'company' | 'email';

export type Person = {
  values: { name: string; email: string } & RowFields;
  /** Set if the file gives no name. */
  derived?: Derived;
  /** The field had several addresses, and the first one was used. */
  severalEmails?: true;
};

type NameRule = ReturnType<(typeof systems.all)[number]['document']>['fields'][number];
let nameRule: NameRule | null | undefined;

/** How a system that has no name for a customer makes one; null if no system has such a rule. */
function findNameRule(): NameRule | null {
  return (nameRule ??=
    systems.all
      .flatMap((system) => system.document(builtIn).fields)
      .find((rule) => rule.internal === 'name' && rule.fallback.length > 0) ?? null);
}

/** Google Contacts puts the addresses of one label into one field, the main one first. */
const SEVERAL = /\s+:::\s+/;

export function toPerson(fields: readonly string[], columns: Columns, advice: Advice): Person | Unfit {
  const person = toNamed(fields, columns, advice);
  if ('problem' in person) return person;
  const read = columns.more.map(({ field, position }) => readMore(field, fields[position]));
  const errors = read.flatMap((each) => ('detail' in each ? [each] : []));
  if (errors.length > 0) return unfit(...errors);
  const more = read.flatMap((each) => ('detail' in each ? [] : [[each.name, each.value] as const]));
  return { ...person, values: { ...Object.fromEntries(more), ...person.values } };
}

/** A cell of a field of another type than text; an empty cell is no value. */
function readMore(field: Field, cell: string | undefined): { name: string; value: JsonValue } | FieldError {
  const read = fromText(unwrap(cell ?? ''), field);
  return 'problem' in read
    ? { field: field.name, code: 'format', detail: read.problem }
    : { name: field.name, value: read.value };
}

function unfit(...errors: FieldError[]): Unfit {
  return { problem: errors.map(({ field, detail }) => `${field} ${detail}`).join('; '), errors };
}

function toNamed(fields: readonly string[], { at }: Columns, advice: Advice): Person | Unfit {
  const read = (target: Target): string => unwrap(fields[at[target] ?? -1] ?? '').trim();
  const emails = read('email').split(SEVERAL);
  const [email = ''] = emails;
  const unreadable = Object.keys(at).find((target) => read(target as Target).includes(UNREADABLE));
  if (unreadable !== undefined) {
    const detail =
      'has a character that is not UTF-8, or that an earlier conversion has lost; ' +
      `save the file as UTF-8, or name its encoding: ${advice.encoding}`;
    const errors = [{ field: unreadable, code: 'encoding', detail }];
    return { problem: `${unreadable.replace('_', ' ')} ${detail}`, errors };
  }
  const problem = findEmailProblem(email);
  if (problem !== null) return { problem, errors: [{ field: 'email', code: 'format', detail: problem }] };
  const several = emails.length > 1 ? ({ severalEmails: true } as const) : {};

  const parts = [read('first_name'), read('middle_name'), read('last_name')];
  const given = read('name') || parts.filter((part) => part !== '').join(' ');
  const company = read('company');
  if (given !== '') return { values: { name: given, email }, ...several };
  // In a file of companies the company is the name.
  const isCompanyName = at.name === undefined && at.first_name === undefined && at.last_name === undefined;
  const derived: Derived | null = company === '' ? 'email' : isCompanyName ? null : 'company';
  const name = deriveName(company, email);
  return { values: { name, email }, ...(derived === null ? {} : { derived }), ...several };
}

/** By the same rule as for an external record without a name. */
function deriveName(company: string, email: string): string {
  const fields = { individual_name: null, business_name: company, email };
  const rule = findNameRule();
  const name = rule === null ? null : fallbackValue(rule, fields);
  return typeof name === 'string' ? name : '';
}

/** Why a value is not one address although the check of emails could accept it; null if it is. */
function findEmailProblem(email: string): string | null {
  if (email === '') return 'the email is missing';
  if ((email.match(/@/g)?.length ?? 0) > 1 && /[,;|\s/]/.test(email)) {
    return 'the email field holds several addresses; keep the one that identifies the customer';
  }
  if (/^["'“”„‘’«»`<]|["'“”„‘’«»`>]$/u.test(email)) {
    return 'the email is in quotes or brackets; remove them';
  }
  return null;
}

/** The text in ="text", which programs write so that Excel does not read the text as a number. */
function unwrap(field: string): string {
  return /^\s*="([^"]*)"\s*$/.exec(field)?.[1] ?? field;
}

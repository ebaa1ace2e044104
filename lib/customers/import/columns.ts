// Which column holds which field: found by the header names of common exports, or named by the caller.
import type { Field } from '../../catalogue/entity.ts';

/** The fields that a column can hold. */
export const targets = ['email', 'name', 'first_name', 'middle_name', 'last_name', 'company'] as const;
export type Target = (typeof targets)[number];

/** What a caller names: `column` is a header name, or a position that begins at 1. */
export type Mapping = { column: string; target: string };

export type Columns = {
  /** How many fields the header has. */
  width: number;
  /** The position of each field, from 0; fields that are not in the file are left out. */
  at: Partial<Record<Target, number>>;
  /** The other fields of the entity that the file has, each with its position. */
  more: readonly { field: Field; position: number }[];
  names: string[];
  /** The names of unused columns, each once; columns without a name are left out. */
  unused: string[];
};

export type HeaderReading =
  | { kind: 'found'; columns: Columns }
  | { kind: 'twice'; target: string; name: string; positions: number[] }
  /** The file has no column that the caller names. */
  | { kind: 'unmapped'; column: string }
  | { kind: 'missing'; missing: ('name' | 'email')[] };

/**
 * Header names in small letters and digits only, the preferred name first: the names in English
 * exports of Stripe, HubSpot, Google Contacts, Shopify, Salesforce, QuickBooks, Mailchimp, Outlook,
 * WooCommerce and Xero.
 */
const KNOWN: Record<Target, readonly string[]> = {
  email: [
    ...['email', 'emailaddress', 'email1value', 'primaryemail', 'mainemail', 'customeremail'],
    ...['contactemail', 'billingemail'],
  ],
  name: ['name', 'customerfullname', 'customername', 'displayname', 'fullname', 'contactname'],
  first_name: ['firstname', 'givenname', 'billingfirstname'],
  middle_name: ['middlename', 'additionalname'],
  last_name: ['lastname', 'familyname', 'surname', 'billinglastname'],
  company: [
    ...['company', 'companyname', 'businessname', 'organization', 'organisation', 'organizationname'],
    ...['organization1name', 'accountname', 'associatedcompany', 'defaultaddresscompany', 'billingcompany'],
  ],
};

/**
 * `namesFromEmail`: a file without a column for a name is accepted. `fields`: those of the entity
 * besides the name and the email.
 */
export function readHeader(
  header: readonly string[],
  mappings: readonly Mapping[],
  { namesFromEmail = false, fields = [] }: { namesFromEmail?: boolean; fields?: readonly Field[] },
): HeaderReading {
  const names = header.map((name) => name.trim());
  const found = new Map<string, number>();
  for (const target of [...targets, ...fields.map(({ name }) => name)]) {
    const mapping = mappings.find((one) => one.target === target);
    const positions = mapping ? findColumn(names, mapping.column) : findKnown(names, target);
    const [position] = positions;
    if (positions.length > 1) {
      const name = names[position ?? 0] ?? '';
      return { kind: 'twice', target, name, positions: positions.map((one) => one + 1) };
    }
    if (position !== undefined) found.set(target, position);
    else if (mapping) return { kind: 'unmapped', column: mapping.column };
  }
  const at = Object.fromEntries([...found].filter(([target]) => isTarget(target))) as Columns['at'];
  const more = fields.flatMap((field) => {
    const position = found.get(field.name);
    return position === undefined ? [] : [{ field, position }];
  });
  const missing = [
    ...(hasName(at) || namesFromEmail || isOnlyEmail(names, at) ? [] : (['name'] as const)),
    ...(at.email === undefined ? (['email'] as const) : []),
  ];
  if (missing.length > 0) return { kind: 'missing', missing };
  return {
    kind: 'found',
    columns: { width: header.length, at, more, names, unused: findUnused(names, [...found.values()]) },
  };
}

/** The fields of the entity that have a column of their own: not those that `targets` names. */
export function moreFieldsOf({ fields }: { fields: readonly Field[] }): Field[] {
  return fields.filter(({ name }) => !isTarget(name));
}

export function isTarget(name: string): name is Target {
  return (targets as readonly string[]).includes(name);
}

function hasName({ name, first_name, last_name, company }: Columns['at']): boolean {
  return [name, first_name, last_name, company].some((position) => position !== undefined);
}

function isOnlyEmail(names: string[], at: Columns['at']): boolean {
  return at.email !== undefined && names.filter((name) => name !== '').length === 1;
}

/** "E-mail 1 - Value", "e_mail_1_value" and "EMail1Value" become the same name. */
export function foldName(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '');
}

/**
 * All columns with the preferred name that the file has. A column whose name is equal is preferred
 * to columns whose folded names are equal.
 */
function findKnown(names: string[], target: string): number[] {
  const lower = names.map((name) => name.toLowerCase());
  const folded = names.map(foldName);
  for (const known of isTarget(target) ? KNOWN[target] : [target, foldName(target)]) {
    const exact = positionsOf(lower, known);
    const all = exact.length > 0 ? exact : positionsOf(folded, known);
    if (all.length > 0) return all;
  }
  return [];
}

function findColumn(names: string[], column: string): number[] {
  const wanted = column.trim().toLowerCase();
  const exact = positionsOf(
    names.map((name) => name.toLowerCase()),
    wanted,
  );
  if (exact.length > 0) return exact;
  const position = /^[1-9]\d*$/.test(wanted) ? Number(wanted) - 1 : -1;
  return names[position] === undefined ? [] : [position];
}

function positionsOf(names: string[], wanted: string): number[] {
  return names.flatMap((name, at) => (name === wanted ? [at] : []));
}

function findUnused(names: string[], positions: readonly number[]): string[] {
  const used = new Set(positions);
  return [...new Set(names.filter((name, position) => name !== '' && !used.has(position)))];
}

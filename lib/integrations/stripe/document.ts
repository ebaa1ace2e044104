// Mapping documents of Stripe: what Stripe's customer has and takes is held against them when the
// process starts, so that a field that cannot be written stops the start instead of parking one
// customer at a time.
import { neverNullIn, parseDocument, parseStep } from '../../catalogue/document.ts';
import type { FieldRule, MappingDocument } from '../../catalogue/document.ts';
import type { Entities, Entity } from '../../catalogue/entity.ts';
import { suggestion } from '../../catalogue/near-names.ts';
import { CUSTOMER_FIELDS, fieldNamed, membersOf, METADATA } from './customer-fields.ts';
import { metadataKey, NOT_MAPPABLE } from './customer-fields.ts';
import { isOwnerTagKey } from './owner-tag.ts';

const KNOWN = CUSTOMER_FIELDS.map(({ name }) => name);

/** As `parseDocument`, and by Stripe's rules too. */
export function parseStripeDocument(candidate: unknown, entities?: Entities): MappingDocument {
  return parseDocument(candidate, { external: findStripeProblems, ...(entities && { entities }) });
}

/**
 * The external fields that a record is read for: those of the document, and the rest of each group
 * that is written, as it is written whole. The email is what a record is found by.
 */
export function namesToRead(document: MappingDocument, named: readonly string[]): string[] {
  return [...new Set([...named, ...groupsOf(document).flat(), 'email'])];
}

/** Every group that the document writes to, with all its fields. */
export function groupsOf({ fields }: MappingDocument): string[][] {
  const groups = fields.flatMap(({ external, direction }) =>
    direction === 'pull' ? [] : (fieldNamed(external)?.group ?? []),
  );
  return [...new Set(groups)].map(membersOf);
}

/** What Stripe's customer cannot take of a document of well-formed fields, each with its place. */
export function findStripeProblems(document: MappingDocument, entity: Entity): string[] {
  const { system, externalType, fields } = document;
  return [
    ...(system === 'stripe' ? [] : [`/system: must be "stripe", not "${system}"`]),
    ...(externalType === 'customer' ? [] : [`/externalType: must be "customer", not "${externalType}"`]),
    ...fields.flatMap((rule, index) => [
      ...nameProblems(rule.external, `/fields/${index}/external`),
      ...rule.fallback.flatMap((step, at) =>
        nameProblems(parseStep(step).field, `/fields/${index}/fallback/${at}`),
      ),
      ...lengthProblems(rule, index),
      ...clearingProblems(rule, index, entity),
    ]),
    ...shippingProblems(fields),
    ...countProblems(fields),
  ];
}

function nameProblems(name: string, at: string): string[] {
  const key = metadataKey(name);
  if (key !== null) return keyProblems(key).map((problem) => `${at}: ${problem}`);
  if (fieldNamed(name)) return [];
  const parts = KNOWN.filter((known) => known.startsWith(`${name}.`));
  if (name === 'metadata' || parts.length > 0) {
    return [`${at}: "${name}" is no single value; name one in it: ${parts[0] ?? 'metadata.<key>'}, …`];
  }
  const [whole = ''] = name.split('.');
  if (Object.hasOwn(NOT_MAPPABLE, whole))
    return [`${at}: "${name}" cannot be mapped: ${NOT_MAPPABLE[whole] ?? ''}`];
  return [
    `${at}: a customer at Stripe has no field "${name}"${suggestion(name, KNOWN)} (it has: ${KNOWN.join(', ')}, metadata.<key>)`,
  ];
}

function keyProblems(key: string): string[] {
  const length = Array.from(key).length;
  return [
    ...(key.trim() === '' ? ['a key of the metadata has a name: metadata.<key>'] : []),
    ...(length > METADATA.maxKey
      ? [`a key of the metadata has at most ${METADATA.maxKey} characters, this one has ${length}`]
      : []),
    ...(/[[\]]/.test(key) ? ['a key of the metadata has no square brackets'] : []),
    ...(isOwnerTagKey(key) ? [`"${key}" is kept for owner tags of Twinbox`] : []),
  ];
}

function lengthProblems({ external, maxLength }: FieldRule, index: number): string[] {
  const limit = fieldNamed(external)?.maxLength ?? null;
  if (limit === null || (maxLength !== null && maxLength <= limit)) return [];
  const given = maxLength ?? 'no limit';
  return [`/fields/${index}/maxLength: Stripe takes ${external} up to ${limit} characters, not ${given}`];
}

function clearingProblems(
  { internal, external, direction }: FieldRule,
  index: number,
  entity: Entity,
): string[] {
  const isNeverNull = neverNullIn(entity).includes(internal);
  if (direction === 'pull' || fieldNamed(external)?.clears !== false || isNeverNull) return [];
  return [
    `/fields/${index}/direction: Stripe cannot unset ${external}, and ${internal} may be empty here; say "pull"`,
  ];
}

/** Stripe takes shipping with its name and its address, or not at all. */
function shippingProblems(fields: FieldRule[]): string[] {
  const written = fields.flatMap(({ external, direction }, index) =>
    direction !== 'pull' && fieldNamed(external)?.group === 'shipping' ? [{ external, index }] : [],
  );
  const [first] = written;
  if (first === undefined) return [];
  const lacks = ['shipping.name', 'shipping.address.'].filter(
    (name) => !written.some(({ external }) => external.startsWith(name)),
  );
  return lacks.map(
    (name) =>
      `/fields/${first.index}/external: Stripe takes shipping only with its name and address; map ${name}${name.endsWith('.') ? 'line1' : ''} too`,
  );
}

function countProblems(fields: FieldRule[]): string[] {
  const keys = fields.filter(({ external }) => metadataKey(external) !== null).length;
  const room = METADATA.maxKeys - 1;
  return keys <= room
    ? []
    : [`/fields: ${keys} keys of the metadata; Stripe takes ${room} beside the owner tag`];
}

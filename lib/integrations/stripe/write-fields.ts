// Values by external name as the body of a create or an update: nested as Stripe's form has them.
// Stripe unsets a field by a blank; the SDK sends null as one, and the stored body is to say what is
// sent.
import type { Fields, Value } from '../../catalogue/document.ts';
import { plainText } from '../../catalogue/field-types.ts';
import { fieldNamed, membersOf, metadataKey, pathOf, type Group } from './customer-fields.ts';
import { unsendable } from './evidence.ts';
import type { Hash } from './read-field.ts';

/**
 * `beside`: what the record is to hold beside these fields, by external name: as a rule what it held
 * when it was read; {} for one that is to be made. A group of which only a part is among the fields
 * cannot be written without it.
 * `tag`: our owner tag, which stands beside the metadata of the user.
 */
export function writeFields(
  fields: Fields,
  beside: Fields | undefined,
  tag: Readonly<Record<string, string>>,
): Hash {
  const body: Hash = {};
  const metadata: [string, string][] = [];
  for (const [name, value] of Object.entries(fields)) {
    const { group = null, clears = true } = fieldNamed(name) ?? {};
    const key = metadataKey(name);
    if (key !== null) metadata.push([key, textOf(value)]);
    else if (group !== null) body[group] ??= writeGroup(group, fields, beside);
    else if (value !== null || clears) put(body, name, value);
  }
  metadata.push(...Object.entries(tag));
  // From entries, so that no key of the user's own means anything to JavaScript.
  return metadata.length === 0 ? body : { ...body, metadata: Object.fromEntries(metadata) };
}

/** The whole group: what is written of it, and what the record holds of the rest. */
function writeGroup(group: Group, fields: Fields, beside: Fields | undefined): unknown {
  const members = membersOf(group);
  const rest = members.filter((name) => !Object.hasOwn(fields, name));
  if (rest.length > 0 && beside === undefined)
    throw unsendable(`${group} is written as a whole, and what the record holds of it was not read`);
  const kept = rest.filter((name) => (beside?.[name] ?? null) !== null);
  if (kept.length === 0 && members.every((name) => (fields[name] ?? null) === null)) return '';
  const hash: Hash = {};
  for (const name of members) {
    if (Object.hasOwn(fields, name)) put(hash, name, fields[name] ?? null);
    else if (kept.includes(name)) put(hash, name, beside?.[name] ?? null);
  }
  const whole = hash[group] as Hash;
  // A hash without members cannot be sent, and shipping is taken with an address only.
  if (group === 'shipping') whole['address'] ??= { line1: '' };
  return whole;
}

function put(body: Hash, name: string, value: Value): void {
  const path = pathOf(name);
  let level = body;
  for (const part of path.slice(0, -1)) level = (level[part] ??= {}) as Hash;
  level[path.at(-1) ?? name] = fieldNamed(name)?.form === 'list' ? toList(textOf(value)) : textOf(value);
}

/** An empty list has no form; a blank unsets it. */
function toList(value: string): string[] | '' {
  const texts = value
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '');
  return texts.length === 0 ? '' : texts;
}

/** Stripe's fields are texts; a blank unsets one. */
function textOf(value: Value): string {
  return value === null ? '' : plainText(value);
}

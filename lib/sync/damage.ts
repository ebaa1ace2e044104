// A mapping row that no code of ours wrote so: changed by hand, or by a fault of ours. It is parked
// before anything is done by it, and the report names column and shape, never a value.
import type { Mapping, OpenIntent } from '../../db/mappings/mappings.ts';
import type { Fetched } from '../integrations/integration.ts';
import type { FieldRule } from '../catalogue/document.ts';
import { isUuid } from '../uuid.ts';
import type { Answer } from './facts.ts';

export interface Damage {
  column: 'shadow' | 'intent' | 'external_id' | 'internal_id';
  /** What is wrong with it, to be read after the column's name. */
  why: string;
}

/** Null where a step can work by this row. `rules`: those of its fields, where they are known. */
export function damageOf(mapping: Mapping, rules: readonly FieldRule[] = []): Damage | null {
  const { state, internalId, externalId, pushedVersion, shadow, intent } = mapping;
  // Without its id a second record would be made for it.
  const wasLinked = state === 'linked' || pushedVersion > 0;
  // Which of the others a system can be asked for is its integration's to say.
  if (externalId?.trim() === '') return { column: 'external_id', why: 'is no id' };
  if (wasLinked && externalId === null) return { column: 'external_id', why: MISSING };
  if (wasLinked && internalId === null) return { column: 'internal_id', why: MISSING };
  const ofShadow = shadowDamage(shadow, rules);
  if (ofShadow !== null) return { column: 'shadow', why: ofShadow };
  const ofIntent = intent === null ? null : intentDamage(intent);
  return ofIntent === null ? null : { column: 'intent', why: ofIntent };
}

const MISSING = 'is missing, though the pair was linked';

/** For people. */
export function howToFix({ column, why }: Damage): string {
  return `${column} ${why}: fix the row as docs/sync.md says, then: twinbox replay`;
}

function shadowDamage(shadow: unknown, rules: readonly FieldRule[]): string | null {
  if (!isObject(shadow)) return 'is no object of fields';
  const broken = Object.entries(shadow).some(([field, pair]) => {
    if (!isObject(pair)) return true;
    const halves = [pair['ours'], pair['theirs']];
    if (!halves.every(isValue)) return true;
    const type = rules.find(({ internal }) => internal === field)?.field.type;
    return (type === 'text' || type === 'email') && !halves.every(isTextOrNull);
  });
  return broken ? 'has a field without two halves of its type' : null;
}

/** The names are the compiler's to check: a member that an intent gains has to be judged here too. */
const MEMBERS: Record<keyof OpenIntent, (value: unknown) => boolean> = {
  id: isUuid,
  number: Number.isSafeInteger,
  operation: (value) => value === 'create' || value === 'update' || value === 'delete',
  key: (value) => typeof value === 'string' && value !== '',
  body: isObject,
  fields: areFields,
  beside: (value) => value === undefined || areFields(value),
  version: Number.isSafeInteger,
  hop: Number.isSafeInteger,
  firstSentAt: isTime,
  lastSentAt: isTime,
  more: (value) => value === undefined || value === true,
  spent: (value) => value === undefined || typeof value === 'string',
  unsent: (value) => value === undefined || value === true,
  looked: (value) => value === undefined || (isObject(value) && Object.values(value).every(isTime)),
};

/** What is wrong with an open intent, to be read after "intent"; null if nothing is. */
export function intentDamage(intent: unknown): string | null {
  if (!isObject(intent)) return 'is no object';
  const broken = Object.entries(MEMBERS).find(([name, fits]) => !fits(intent[name]));
  return broken ? `has no usable ${broken[0]}` : null;
}

/** Whether the open intent is nothing that a person's decision waits for: no step can finish it. */
export function isBeyondFinishing({ intent, reason }: Pick<Mapping, 'intent' | 'reason'>): boolean {
  return intent !== null && (reason?.code === 'create_unknown' || intentDamage(intent) !== null);
}

/** An id that can stand in no request is no record's. */
export function isOfNoRecord(answer: Answer<Fetched>): boolean {
  return !answer.ok && answer.failure.kind === 'permanent' && answer.failure.code === 'unsendable';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function areFields(value: unknown): boolean {
  if (!isObject(value)) return false;
  return Object.values(value).every(
    (field) => isObject(field) && isValue(field['ours']) && isValue(field['seen']),
  );
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string';
}

/** Of any type that a field can have: the column is JSON, so what is there at all is a value. */
function isValue(value: unknown): boolean {
  return value !== undefined;
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}

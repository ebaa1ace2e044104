// A person of Toy as a record: its mapped fields, its owner tag, and nothing that was not understood.
import type { Fields, Value } from '../../../../lib/catalogue/document.ts';
import type { ExternalRecord } from '../../../../lib/integrations/integration.ts';
import { isHash, unexpectedAnswer, type Hash } from './client.ts';

/** The fields that are read, by the names that the mapping document maps. */
export const FIELDS = ['full_name', 'mail'] as const;

/** The owner tag says which installation wrote it, and the event that created the row. */
export interface Tags {
  write(ownerTag: string): string;
  read(tag: unknown): Pick<ExternalRecord, 'ownerTag' | 'foreignTag'>;
}

export function createTags(instanceId: string): Tags {
  const prefix = `${instanceId}:`;
  return {
    write: (ownerTag) => `${prefix}${ownerTag}`,
    read(tag) {
      if (typeof tag !== 'string' || tag === '') return { ownerTag: null, foreignTag: false };
      const isOwn = tag.startsWith(prefix);
      return { ownerTag: isOwn ? tag.slice(prefix.length) : null, foreignTag: !isOwn };
    },
  };
}

/** Throws if it is not a person, or another one than was asked for. */
export function readRecord(person: unknown, tags: Tags, expectedId?: string): ExternalRecord {
  if (!isHash(person)) throw unexpectedAnswer();
  const { id, made, version } = person;
  const fields = readFields(person);
  const createdAt = readTime(made);
  const isWhole = fields !== null && createdAt !== null && Number.isSafeInteger(version);
  if (!isWhole || !isId(id) || (expectedId !== undefined && id !== expectedId)) throw unexpectedAnswer();
  return {
    externalId: id,
    fields,
    ...tags.read(person['tag']),
    createdAt,
    testClock: null,
    version: String(version),
  };
}

export function isId(value: unknown): value is string {
  return typeof value === 'string' && /^\w{1,100}$/.test(value);
}

/** Null if a field is missing or of a wrong type: half a record is none. */
export function readFields(from: Hash): Fields | null {
  const fields: Fields = {};
  for (const name of FIELDS) {
    const value = from[name];
    if (!isValue(value)) return null;
    fields[name] = value;
  }
  return fields;
}

export function isValue(value: unknown): value is Value {
  return value === null || (typeof value === 'string' && value.length <= 10_000);
}

/** ISO 8601; null for anything else. */
export function readTime(value: unknown): Date | null {
  if (typeof value !== 'string' || !/^20\d\d-\d\d-\d\dT/.test(value)) return null;
  const time = new Date(value);
  return Number.isNaN(time.getTime()) ? null : time;
}

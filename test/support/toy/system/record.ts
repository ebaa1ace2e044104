// A person of Toy as a record: its mapped fields, its owner tag, and nothing that was not understood.
import type { Fields } from '../../../../lib/catalogue/document.ts';
import type { ExternalRecord } from '../../../../lib/integrations/integration.ts';
import { isHash, unexpectedAnswer, type Hash } from './client.ts';
import { isValue } from './fields.ts';
import { readTime } from './times.ts';

/** What is read of a person. */
export interface Reading {
  /** The fields that the mapping document needs. */
  names: readonly string[];
  tags: Tags;
}

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
export function readRecord(person: unknown, { names, tags }: Reading, expectedId?: string): ExternalRecord {
  if (!isHash(person)) throw unexpectedAnswer();
  const { id, made, version } = person;
  const fields = readFields(person, names);
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
export function readFields(from: Hash, names: readonly string[]): Fields | null {
  const fields: Fields = {};
  for (const field of names) {
    const value = from[field];
    if (!isValue(field, value)) return null;
    fields[field] = value;
  }
  return fields;
}

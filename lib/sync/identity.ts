// By what a record and a row are taken for the same thing: the entity's identity, folded
// (db/email-fold.ts).
import type { KeptRecord } from '../../db/external-records.ts';
import { fold } from '../../db/email-fold.ts';
import type { LoadedRow } from '../../db/mappings/load.ts';
import type { FieldRule, Fields, Value } from '../catalogue/document.ts';
import type { Entity } from '../catalogue/entity.ts';
import type { ExternalRecord } from '../integrations/integration.ts';
import { canonical } from './canonical.ts';
import { theirsOf } from './values.ts';

/** The folded form of an identity; null for a blank one. */
export function identityOf(value: Value | undefined): string | null {
  const tidy = canonical(value);
  return tidy === null ? null : fold(tidy);
}

/** The value by which our row is known; null for an entity without an identity. */
export function identityOfRow({ identity }: Identified, { fields }: Pick<LoadedRow, 'fields'>): Value {
  return identity === null ? null : ((fields as Fields)[identity] ?? null);
}

/** The identity that a record of theirs shows, as it is written there. */
export function writtenIdentity(
  { identity }: Identified,
  rules: FieldRule[],
  { fields }: Pick<ExternalRecord, 'fields'>,
): Value {
  return identity === null ? null : canonical(theirsOf(rules, fields)[identity]);
}

/** The same, folded. */
export function identityOfRecord(
  entity: Identified,
  rules: FieldRule[],
  record: Pick<ExternalRecord, 'fields'>,
): string | null {
  return identityOf(writtenIdentity(entity, rules, record));
}

/** What is kept of a record to find it again before another one like it is made. */
export function toKept(entity: Identified, rules: FieldRule[], record: ExternalRecord): KeptRecord {
  const { externalId, createdAt } = record;
  return { externalId, identity: identityOfRecord(entity, rules, record), createdAt };
}

type Identified = Pick<Entity, 'identity'>;

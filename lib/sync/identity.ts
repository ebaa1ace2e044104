// By what a record and a row are taken for the same thing: the entity's identity, folded
// (db/email-fold.ts).
import type { KeptRecord } from '../../db/external-records.ts';
import type { Shadow } from './shadow.ts';
import { fold } from '../../db/email-fold.ts';
import type { LoadedRow } from '../../db/mappings/load.ts';
import { fromExternalIfAble } from '../catalogue/transforms.ts';
import { isVisible } from '../catalogue/characters.ts';
import { tidyText } from '../catalogue/customer.ts';
import type { FieldRule, Value } from '../catalogue/document.ts';
import type { Entity } from '../catalogue/entity.ts';
import type { ExternalRecord } from '../integrations/integration.ts';
import { canonical } from './canonical.ts';

/** The folded form of an identity; null for a blank one. */
export function identityOf(value: Value | undefined): string | null {
  if (typeof value !== 'string') return null;
  const tidy = tidyText(value);
  return isVisible(tidy) ? fold(tidy) : null;
}

/** The value by which our row is known; null for an entity without an identity. */
export function identityOfRow(
  { identity }: Identified,
  { fields }: Pick<LoadedRow, 'fields'>,
): string | null {
  const value = fields[identity ?? ''];
  return typeof value === 'string' ? value : null;
}

/** The identity that a record of theirs shows, as it is written there. */
export function writtenIdentity(
  { identity }: Identified,
  rules: FieldRule[],
  { fields }: Pick<ExternalRecord, 'fields'>,
): string | null {
  const rule = rules.find(({ internal }) => internal === identity);
  const value = rule && canonical(rule, fromExternalIfAble(rule, fields[rule.external] ?? null));
  return typeof value === 'string' ? value : null;
}

/** The identity of their record as it was last known, as it was written there. */
export function knownIdentity({ identity }: Identified, shadow: Shadow): string | null {
  const value = shadow[identity ?? '']?.theirs;
  return typeof value === 'string' ? value : null;
}

/** The identity that a record of theirs shows, folded. */
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

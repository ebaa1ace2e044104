// By what a record and a customer are taken for one person: the email, folded. Two emails that differ in case alone are one identity.
import type { KeptRecord } from '../../db/external-records.ts';
import type { ExternalRecord, FieldRule, Value } from '../integrations/integration.ts';
import { canonical } from './canonical.ts';
import { theirsOf } from './step.ts';

/** The folded form of an email; null for a blank one. Folded here and never in SQL, where the database's locale would decide. */
export function identityOf(email: Value | undefined): Value {
  return canonical(email)?.toLowerCase() ?? null;
}

/** The identity that a record of theirs shows. */
export function identityOfRecord(rules: FieldRule[], record: Pick<ExternalRecord, 'fields'>): Value {
  return identityOf(theirsOf(rules, record.fields)['email']);
}

/** What is kept of a record to find it again before another one like it is made. */
export function toKept(rules: FieldRule[], record: ExternalRecord): KeptRecord {
  const { externalId, createdAt } = record;
  return { externalId, identity: identityOfRecord(rules, record), createdAt };
}

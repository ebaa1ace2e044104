// By what a record and a customer are taken for one person: the email, folded (db/email-fold.ts).
import type { KeptRecord } from '../../db/external-records.ts';
import { fold } from '../../db/email-fold.ts';
import type { FieldRule, Value } from '../catalogue/document.ts';
import type { ExternalRecord } from '../integrations/integration.ts';
import { canonical } from './canonical.ts';
import { theirsOf } from './values.ts';

/** The folded form of an email; null for a blank one. */
export function identityOf(email: Value | undefined): Value {
  const tidy = canonical(email);
  return tidy === null ? null : fold(tidy);
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

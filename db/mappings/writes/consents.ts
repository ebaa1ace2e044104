// Consents as they are stored, and rows that begin to wait for one (docs/first-link.md).
import type { Db, Tx } from '../../server/connection.ts';
import { urgencies, type Urgency } from '../../urgency.ts';
import { isLetGoSql, type Consent } from '../consent.ts';
import { leaseOverSql } from './fragments.ts';

type Where = { system: string; externalType: string };

/**
 * The consent for one row: it is linked with this record, or with null, a new record is created
 * for it.
 */
export type LinkConsent = { mappingId: number; externalId: string | null };

const storeConsentsSql = `
update external_mappings m
set reason_detail = '{}', consent = :given::jsonb || jsonb_build_object('external_id', w.external_id), dirty = dirty + 1, urgency = :urgency,
    next_attempt_at = :now::timestamptz, ${leaseOverSql}, updated_at = now()
from (select l.id, x.external_id
      from external_mappings l join jsonb_to_recordset(:consents::jsonb) as x(mapping_id bigint, external_id text) on x.mapping_id = l.id
      where l.state = 'waiting' and l.reason = 'not_linked' and l.consent is null
      order by l.id for update of l) w
where m.id = w.id`;

/**
 * Stores the consents of `by` and raises their mappings. A consent counts once: a repeat changes
 * nothing. `anew`: a record is created even if others have the row's email. Returns how many were
 * new.
 */
export async function storeLinkConsents(
  tx: Db | Tx,
  consents: LinkConsent[],
  { by, anew = false, urgency, now }: { by: string | null; anew?: boolean; urgency: Urgency; now: Date },
): Promise<number> {
  const rows = consents.map(({ mappingId, externalId }) => ({
    mapping_id: mappingId,
    external_id: externalId,
  }));
  const { rowCount } = await tx.raw<{ rowCount: number }>(storeConsentsSql, {
    consents: JSON.stringify(rows),
    given: JSON.stringify({ to: 'record', by, at: now.toISOString(), ...(anew && { anew }) }),
    urgency,
    now,
  });
  return rowCount;
}

/**
 * Stores the consent on a mapping that this transaction has locked, and makes a worker look again.
 * The lease ends with it: a step that began before the consent would write its own reason over it.
 * Such a step has only read so far, and its fence is gone.
 */
export async function giveConsent(
  tx: Tx,
  { id, consent, now }: { id: number; consent: Consent; now: Date },
): Promise<void> {
  await tx.raw(
    `update external_mappings
     set consent = :consent::jsonb, dirty = dirty + 1, urgency = ${urgencies.row},
         next_attempt_at = :now::timestamptz,
         ${leaseOverSql}, updated_at = now()
     where id = :id`,
    { id, consent: JSON.stringify(consent), now },
  );
}

/**
 * Every living row without a counterpart in an account, or of those named, and that no person let
 * go, gets a mapping that waits for the first link. Returns how many.
 */
export async function insertNotLinked(
  tx: Tx,
  where: Where & { account: string },
  customerIds: number[] | null = null,
): Promise<number> {
  const { rowCount } = await tx.raw<{ rowCount: number }>(
    `insert into external_mappings (internal_id, system, account, external_type, state, reason, wanted_version)
     select c.id, :system, :account, :externalType, 'waiting', 'not_linked', c.version from entity_rows() c
     where c.deleted_at is null and (:customerIds::bigint[] is null or c.id = any(:customerIds::bigint[])) and not exists (
       select from external_mappings m where m.entity_type = c.entity_type and m.internal_id = c.id and m.system = :system
         and m.account = :account and m.external_type = :externalType and m.role = 'primary'
         and (m.state <> 'detached' or ${isLetGoSql('m')}))
     order by c.id`,
    { ...where, customerIds },
  );
  return rowCount;
}

// A record goes to a row, or to another row: absorbed by the row's mapping, exchanged with the record
// that the row has, or chosen for a row by a person.
import type { Tx } from '../../server/connection.ts';
import type { Consent } from '../consent.ts';
import type { Mapping } from '../mappings.ts';
import { atPeaceSql, leaseOverSql } from './fragments.ts';

/** The row's mapping, which is locked, has taken over a record's: it is linked, and has to read. */
export async function linkAbsorbed(
  tx: Tx,
  id: number,
  { externalId, now }: { externalId: string | null; now: Date },
): Promise<void> {
  await tx.raw(
    `update external_mappings set external_id = :externalId, made_record = false, state = 'linked', ${atPeaceSql}, must_read = true,
       next_attempt_at = :now::timestamptz where id = :id`,
    { id, externalId, now },
  );
}

// First the old primary, so that there are never two. The fence of both rises, so a worker that
// holds a lease on one of them cannot settle any more.
const demoteSql = `
update external_mappings
set role = 'alias', state = :state, ${atPeaceSql}, decision = null, shadow = '{}', must_read = false, known_email = :email,
    void_tag = (select created_event_id from entity_rows() where id = :customerId), dirty = dirty + 1, urgency = 0,
    next_attempt_at = :now::timestamptz, attempts = 0, first_failed_at = null, last_error = null,
    ${leaseOverSql}, updated_at = now()
where id = :id`;

const promoteSql = `
update external_mappings s
set role = 'primary', internal_id = :customerId, state = 'linked', ${atPeaceSql}, shadow = :shadow::jsonb,
    must_read = true, known_email = null, void_tag = null, wanted_version = greatest(s.wanted_version, :wanted::bigint),
    dirty = dirty + 1, urgency = 0, next_attempt_at = :now::timestamptz, attempts = 0, first_failed_at = null, last_error = null,
    ${leaseOverSql}, updated_at = now()
where id = :id`;

const moveSql = `
update sync_deliveries set mapping_id = :to
where mapping_id = :from and inbound is null and status in ('queued', 'waiting', 'parked')`;

/**
 * Makes a record the primary of a row, and the old primary an alias; the transaction has locked
 * both. `gone`: the old record was deleted at the system. Open outbound deliveries move to the new
 * primary; settled and inbound ones stay.
 */
export async function exchangePrimary(
  tx: Tx,
  {
    from,
    to,
    customerId,
    gone,
    knownIdentity,
    now,
  }: Exchange & {
    gone: boolean;
    /** Of the old record, as it is written there. */
    knownIdentity: string | null;
    now: Date;
  },
): Promise<void> {
  const state = gone ? 'tombstoned' : 'alias';
  await tx.raw(demoteSql, { id: from.id, state, email: gone ? null : knownIdentity, customerId, now });
  const shadow = JSON.stringify(standIns(from.shadow));
  await tx.raw(promoteSql, { id: to.id, customerId, wanted: from.wantedVersion, shadow, now });
  await tx.raw(moveSql, { from: from.id, to: to.id });
}

/**
 * A value of ours that only stands in for one that they lack gives way to theirs at the new record
 * too, and is not pushed to it.
 */
function standIns(shadow: Mapping['shadow']): Mapping['shadow'] {
  return Object.fromEntries(
    Object.entries(shadow).flatMap(([field, { ours, reason }]) =>
      reason === 'derived' ? [[field, { ours, theirs: null, reason }]] : [],
    ),
  );
}

export type Exchange = { from: Mapping; to: Mapping; customerId: number };

const giveSql = `
update external_mappings
set internal_id = null, role = 'primary', state = 'waiting', reason = 'chosen', reason_detail = null, ending = null,
    consent = :consent::jsonb, shadow = '{}',
    must_read = true, wanted_version = 0, pushed_version = 0, dirty = dirty + 1, urgency = 0, next_attempt_at = :now::timestamptz,
    ${leaseOverSql}, updated_at = now()
where id = :id`;

/**
 * Notes on a record's mapping, which is locked, for which row a person chose it, and makes a worker
 * read it first.
 */
export async function giveRecord(
  tx: Tx,
  { mapping, consent, now }: { mapping: Mapping; consent: Consent & { to: 'customer' }; now: Date },
): Promise<void> {
  await tx.raw(giveSql, { id: mapping.id, consent: JSON.stringify(consent), now });
  if (mapping.internalId === null || mapping.state !== 'detached') return;
  // Its row keeps a pair that has ended: else it would look as if it had never been received.
  const { internalId, system, account, externalType } = mapping;
  await tx.raw(
    `insert into external_mappings (internal_id, system, account, external_type, state)
     values (:internalId, :system, :account, :externalType, 'tombstoned')
     on conflict (entity_type, internal_id, system, account, external_type)
       where role = 'primary' and internal_id is not null and state <> 'detached' do nothing`,
    { internalId, system, account, externalType },
  );
}

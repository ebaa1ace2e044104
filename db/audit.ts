// The chain of the record of operations: lists for people, pages for the check of the chain, and the
// parts that retention removes.
//
// Guarantees: a part leaves in the transaction that stores its checkpoint and the entry that names the
// checkpoint, and only if its hashes fit; a crash leaves all of the part or none of it. The triggers of
// the tables refuse every other change.
import { recordAction } from './operator-actions.ts';
import { withTransaction, type Db, type Tx } from './server/connection.ts';

/** What stands before the first entry. */
export const NO_HASH = '0'.repeat(64);

export type AuditEntry = {
  id: number;
  /** In UTC, with microseconds, as it is in the hashed text. */
  at: string;
  action: string;
  /** '' if it concerns no system. */
  system: string;
  actor: string;
  /** The id of the API key that acted. */
  key: string | null;
  reason: string | null;
  detail: unknown;
  before: unknown;
  after: unknown;
  pairCount: number;
  pairsHash: string;
  previous: string;
  hash: string;
};

export type AuditHead = { id: number; hash: string; entries: number };

export type Checkpoint = {
  firstId: number;
  lastId: number;
  entries: number;
  previous: string;
  hash: string;
};

const columns = `
a.id, to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, a.action, a.system, a.actor, a.key, a.reason, a.detail,
a.before, a.after, a.pair_count as "pairCount", a.pairs_hash as "pairsHash", a.previous, a.hash`;

export type AuditFilter = {
  limit: number;
  /** An id: only older entries. */
  after?: number | undefined;
  actor?: string | undefined;
  action?: string | undefined;
  system?: string | undefined;
  /** Entries about a pair of this row. */
  row?: { entity: string; id: number } | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
};

const conditions: Record<'after' | 'actor' | 'action' | 'system' | 'row' | 'since' | 'until', string> = {
  after: 'a.id < :after',
  actor: 'a.actor = :actor',
  action: 'a.action = :action',
  system: 'a.system = :system',
  row: `a.id in (select p.action_id from operator_action_pairs p join external_mappings m on m.id = p.mapping_id
       where m.entity_type = :entity and m.internal_id = :rowId)`,
  since: 'a.at >= :since::timestamptz',
  until: 'a.at < :until::timestamptz',
};

/** Newest first. */
export async function listAudit(db: Db, { limit, row, ...filter }: AuditFilter): Promise<AuditEntry[]> {
  const asked = Object.entries({ ...filter, row }).flatMap(([name, value]) =>
    value === undefined ? [] : [conditions[name as keyof typeof conditions]],
  );
  const where = asked.length === 0 ? '' : `where ${asked.join(' and ')}`;
  const { rows } = await db.raw<{ rows: AuditEntry[] }>(
    `select ${columns} from operator_actions a ${where} order by a.id desc limit :limit`,
    { ...filter, limit, ...(row && { entity: row.entity, rowId: row.id }) },
  );
  return rows;
}

export async function readAuditEntry(db: Db | Tx, id: number): Promise<AuditEntry | null> {
  const { rows } = await db.raw<{ rows: AuditEntry[] }>(
    `select ${columns} from operator_actions a where a.id = :id`,
    { id },
  );
  return rows[0] ?? null;
}

/** The newest entry, as the last operation left it; entries count those that have left too. */
export async function readAuditHead(db: Db | Tx): Promise<AuditHead | null> {
  const { rows } = await db.raw<{ rows: AuditHead[] }>(`select id, hash, entries from audit_head`);
  return rows[0] ?? null;
}

/** The entries after an id, oldest first. */
export async function readAuditPage(db: Db | Tx, after: number, limit: number): Promise<AuditEntry[]> {
  const { rows } = await db.raw<{ rows: AuditEntry[] }>(
    `select ${columns} from operator_actions a where a.id > :after order by a.id limit :limit`,
    { after, limit },
  );
  return rows;
}

export type AuditPair = { entry: number; mappingId: number; eventId: string | null };

const NO_EVENT = '00000000-0000-0000-0000-000000000000';

const pairsSql = `
select action_id as entry, mapping_id as "mappingId", event_id as "eventId" from operator_action_pairs
where action_id between :first::bigint and :last::bigint
  and (action_id, mapping_id, event_id is not null, coalesce(event_id, '${NO_EVENT}'))
    > (:entry::bigint, :mappingId::bigint, :named::boolean, :eventId::uuid)
order by action_id, mapping_id, event_id nulls first limit :limit`;

/** The pairs of some entries after one of them, in the order in which they are hashed. */
export async function readAuditPairs(
  db: Db | Tx,
  { first, last, limit }: { first: number; last: number; limit: number },
  after: AuditPair | null,
): Promise<AuditPair[]> {
  const { rows } = await db.raw<{ rows: AuditPair[] }>(pairsSql, {
    ...{ first, last, limit, entry: after?.entry ?? first, mappingId: after?.mappingId ?? -1 },
    ...{ named: after !== null && after.eventId !== null, eventId: after?.eventId ?? NO_EVENT },
  });
  return rows;
}

/** The checkpoints after the one that ends with an id, oldest first. */
export async function readCheckpoints(db: Db | Tx, after: number, limit: number): Promise<Checkpoint[]> {
  const { rows } = await db.raw<{ rows: Checkpoint[] }>(
    `select first_id as "firstId", last_id as "lastId", entries, previous, hash from audit_checkpoints
     where last_id > :after order by last_id limit :limit`,
    { after, limit },
  );
  return rows;
}

export const RETIRED = 'retire_audit';
const MOST_ENTRIES = 1_000;
const MOST_PAIRS = 50_000;
/** A part leaves once its first entry is older than the limit by this much: one checkpoint a week. */
const SLACK_MS = 7 * 86_400_000;

// Entries that no process has logged yet stay (lib/operations/operator-log.ts).
const oldSql = `
with prefix as (
  select a.id, a.at, sum(a.pair_count) over line as pairs, min((a.at < :cutoff::timestamptz)::integer) over line as old
  from (select * from operator_actions
        where id <= (select position from walk_positions where name = 'operator-log') order by id limit ${MOST_ENTRIES}) a
  window line as (order by a.id)
)
select a.id, a.at, a.previous, a.hash,
  a.hash = encode(sha256(convert_to(operator_action_text(a), 'UTF8')), 'hex') and a.pairs_hash = operator_action_pairs_hash(a.id) as fits
from prefix p join operator_actions a on a.id = p.id
where p.old = 1 and (p.pairs <= ${MOST_PAIRS} or p.id = (select min(id) from prefix))
order by a.id`;

type Old = { id: number; at: Date; previous: string; hash: string; fits: boolean };

export type Retired = {
  entries: number;
  lastId: number | null;
  /** The first entry that does not fit: it stays. */
  broken: number | null;
};

/** What is to leave, and the first of it that does not fit. */
async function readOld(db: Db | Tx, cutoff: Date) {
  const { rows: part } = await db.raw<{ rows: Old[] }>(oldSql, { cutoff });
  const broken = part.find(({ fits, previous }, at) => !fits || (at > 0 && previous !== part[at - 1]?.hash));
  return { part, first: part[0], last: part.at(-1), broken };
}

/**
 * Removes the oldest part of the chain if it is older than `cutoff`, at most 1,000 entries. A part
 * that does not fit stays as it is, for `twinbox verify --audit`.
 */
export async function retireAudit(
  db: Db,
  { cutoff, now, pass = () => undefined }: { cutoff: Date; now: Date; pass?: (step: string) => unknown },
): Promise<Retired> {
  const none = { entries: 0, lastId: null, broken: null };
  const { rows } = await db.raw<{ rows: { at: Date }[] }>(
    `select at from operator_actions order by id limit 1`,
  );
  if (!rows[0] || rows[0].at.getTime() >= cutoff.getTime() - SLACK_MS) return none;
  // Before the lock: every operation waits for that one.
  const ahead = await readOld(db, cutoff);
  if (ahead.last === undefined || ahead.broken) return { ...none, broken: ahead.broken?.id ?? null };
  return withTransaction(db, async (tx) => {
    await tx.raw('lock table operator_actions in share row exclusive mode');
    const { part, first, last, broken } = await readOld(tx, cutoff);
    if (!first || !last) return none;
    if (broken) return { ...none, broken: broken.id };
    const checkpoint = {
      firstId: first.id,
      lastId: last.id,
      entries: part.length,
      previous: first.previous,
      hash: last.hash,
    };
    await tx.raw(
      `insert into audit_checkpoints (last_id, first_id, entries, previous, hash, from_at, to_at, made_at)
       values (:lastId, :firstId, :entries, :previous, :hash, :from::timestamptz, :to::timestamptz, :now::timestamptz)`,
      { ...checkpoint, from: first.at, to: last.at, now },
    );
    await pass('checkpoint');
    await recordAction(tx, {
      ...{
        action: RETIRED,
        system: '',
        actor: 'retention',
        reason: `older than ${cutoff.toISOString()}`,
        at: now,
      },
      detail: checkpointJson(checkpoint),
    });
    await pass('recorded');
    await tx.raw(`delete from operator_action_pairs where action_id <= :lastId`, { lastId: last.id });
    await pass('pairs-removed');
    await tx.raw(`delete from operator_actions where id <= :lastId`, { lastId: last.id });
    await pass('before-commit');
    return { entries: part.length, lastId: last.id, broken: null };
  });
}

/** As the entry of the removal has it. */
export function checkpointJson({ firstId, lastId, entries, previous, hash }: Checkpoint) {
  return { first_id: firstId, last_id: lastId, entries, previous, hash };
}

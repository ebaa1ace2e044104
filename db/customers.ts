// The customers table. Every write is one statement, so one round trip and one transaction: it
// changes the row and writes the event of that version. The event id is drawn in VALUES or in the
// SET list, never in a sub-select or a CTE before the row lock: there it would not be drawn again
// after waiting for the lock, and the order of ids would not be the order of versions
// (docs/relay.md).

import type { Knex } from 'knex';
import type { Db, Tx } from './server/connection.ts';
import { sqlState } from './server/errors.ts';
import { folded } from './email-fold.ts';
import { RowSwallowed } from './row-rules.ts';
import { readTime } from './server/times.ts';
import { writeNumbered } from './sequences/taken-numbers.ts';

export type CustomerRow = {
  id: number;
  name: string;
  email: string;
  version: number;
  /** sync_events.id of the event of this version. */
  lastEventId: number;
  /** The event id of the row's creation: the owner tag in the records of external systems. */
  createdEventId: string;
  createdAt: Date;
  updatedAt: Date;
  /** Set on a tombstone, which stays until every system has the deletion. */
  deletedAt: Date | null;
};

/** The pair of a customer in one system, if there is one yet; detached pairs too. */
export type CustomerMapping = {
  system: string;
  externalId: string | null;
  state: string;
  reason: string | null;
  /** The newest version that the system has; 0 for none. */
  pushedVersion: number;
  /** When the first change was made that the system does not have; meaningless if it has all. */
  behindSince: Date;
  /** When the pair last changed. */
  updatedAt: Date;
};

export type Customer = CustomerRow & { mappings: CustomerMapping[] };

/** What a write stores in its event. */
export type Stamp = { eventId: string; source: string; context: Record<string, unknown>; now: Date };

export type CustomerFilter = { limit: number; after?: number; email?: string; updatedSince?: Date };

// pg returns bigint as text by default; Number() accepts both.
type SqlRow = {
  id: string | number;
  name: string;
  email: string;
  version: string | number;
  last_event_id: string | number;
  created_event_id: string;
  created_at: Date;
  updated_at: Date;
  deleted_at: Date | null;
  mappings: SqlMapping[];
};

// In the form of JSON.
type SqlMapping = Omit<CustomerMapping, 'behindSince' | 'updatedAt'> & {
  behindSince: string;
  updatedAt: string;
};

const columns = `
  c.id, c.name, c.email, c.version, c.last_event_id, c.created_event_id, c.created_at, c.updated_at, c.deleted_at,
  coalesce((
    select jsonb_agg(jsonb_build_object('system', m.system, 'externalId', m.external_id, 'state', m.state, 'reason', m.reason,
        'pushedVersion', m.pushed_version, 'updatedAt', m.updated_at, 'behindSince', case when c.version <= m.pushed_version + 1 then c.updated_at
          else coalesce((select e.created_at from sync_events e
                         where e.entity_key = 'customer:' || c.id and e.version = m.pushed_version + 1 limit 1), c.updated_at) end)
      order by m.id)
    from external_mappings m
    where m.entity_type = 'customer' and m.internal_id = c.id and m.role = 'primary'), '[]') as mappings`;

const ANSWER_MS = 15_000;

// Writes the event of the row in the CTE "changed". Part of every write below.
const writeEvent = (eventType: string, unless = 'false'): string => `
  insert into sync_events
    (id, event_id, event_type, entity_type, entity_id, entity_key, version, source, payload, context, created_at)
  select c.last_event_id, :eventId::uuid, '${eventType}', 'customer', c.id, 'customer:' || c.id, c.version, :source::text,
         customer_payload(c.id, c.name, c.email), :context::jsonb, :now::timestamptz
  from changed c where case when ${unless} then refuse_turned_back_change(c.id) else true end`;

// Always later than before, so that the trigger of the table, which moves the time on for changes
// by hand, has nothing to do. The last time of PostgreSQL has no next one: the trigger leaves it as
// it is.
const moved = `greatest(least(updated_at, '9999-12-31Z') + interval '1 microsecond', :now::timestamptz)`;

// No column of the table shows anything of the change. If a trigger stores the wanted value in a
// column of its own, the row has changed.
const isTurnedBack = `(c.name collate "C", c.email collate "C") is not distinct from ((c.before).name collate "C", (c.before).email collate "C")
  and to_jsonb(c) - '{version,last_event_id,updated_at,before,before_id}'::text[]
    = to_jsonb(c.before) - '{version,last_event_id,updated_at}'::text[]`;

const insertSql = `
with changed as (
  insert into customers (name, email, version, last_event_id, created_event_id, created_at, updated_at)
  values (:name, :email, 1, next_sync_event_id(), :eventId::uuid, :now::timestamptz, :now::timestamptz)
  returning *
), event as (${writeEvent('customer.created')}
)
select ${columns} from changed c`;

// `before` is the row as this statement has locked it, with changes that others made meanwhile.
const updateSql = `
with changed as (
  update customers
  set name = coalesce(:name::text, name), email = coalesce(:email::text, email),
      version = version + 1, last_event_id = next_sync_event_id(), updated_at = ${moved}
  from (select b as before, b.id as before_id from customers b where b.id = :id for update) locked
  where id = :id and before_id = id and deleted_at is null and version = any(coalesce(:ifVersion::bigint[], array[version]))
    and (name collate "C", email collate "C") is distinct from (coalesce(:name::text, name), coalesce(:email::text, email))
  returning *
), event as (${writeEvent('customer.updated', `:refuseTurnedBack::boolean and ${isTurnedBack}`)}
)
select ${columns} from changed c`;

const deleteSql = `
with changed as (
  update customers
  set deleted_at = :now::timestamptz,
      version = version + 1, last_event_id = next_sync_event_id(), updated_at = ${moved}
  where id = :id and deleted_at is null and version = any(coalesce(:ifVersion::bigint[], array[version]))
  returning *
), event as (${writeEvent('customer.deleted', 'c.deleted_at is null')}
)
select ${columns} from changed c`;

const readSql = `select ${columns} from customers c where c.id = :id`;

const listSql = `
select ${columns} from customers c
where c.deleted_at is null
  and (:after::bigint is null or c.id > :after::bigint)
  and (:email::text is null or ${folded('c.email')} = ${folded(':email::text')})
  and (:updatedSince::timestamptz is null or c.updated_at >= :updatedSince::timestamptz)
order by c.id
limit :limit`;

const holderSql = `select id from customers where ${folded('email')} = ${folded(':email::text')} and deleted_at is null`;

/**
 * Writes a new customer and its customer.created event. Throws if a living customer has the email
 * (isEmailTaken), and if the table refuses or drops the row (db/row-rules.ts). Returns the row as
 * the triggers of the table have made it.
 */
export async function insertCustomer(
  db: Db | Tx,
  values: { name: string; email: string },
  stamp: Stamp,
): Promise<Customer> {
  const row = await writeNumbered(db, (at) => one(at, insertSql, { ...values, ...stamped(stamp) }));
  if (!row) throw new RowSwallowed('insert');
  return row;
}

/**
 * Changes the given fields and writes customer.updated. Returns null if no row was changed or no
 * value differs; then nothing is written, and readCustomer shows which of the two it was. Throws as
 * insertCustomer does; a write that the table dropped changes no row. `refuseTurnedBack`: if the
 * triggers of the table undo the change, nothing is written, and the error is the one that
 * db/row-rules.ts treats as a dropped write; without it the row gets a new version with the old
 * values.
 */
export function updateCustomer(
  db: Db | Tx,
  id: number,
  values: { name?: string; email?: string },
  {
    ifVersion,
    refuseTurnedBack = false,
  }: { ifVersion?: number | readonly number[]; refuseTurnedBack?: boolean },
  stamp: Stamp,
): Promise<Customer | null> {
  const { name = null, email = null } = values;
  const condition = { ifVersion: versions(ifVersion), refuseTurnedBack };
  return writeNumbered(db, (at) => one(at, updateSql, { id, name, email, ...condition, ...stamped(stamp) }));
}

/**
 * Makes the row a tombstone and writes customer.deleted. Returns null if there was no living row of
 * that version. Throws as insertCustomer does.
 */
export function deleteCustomer(
  db: Db | Tx,
  id: number,
  { ifVersion }: { ifVersion?: number | readonly number[] },
  stamp: Stamp,
): Promise<Customer | null> {
  return writeNumbered(db, (at) =>
    one(at, deleteSql, { id, ifVersion: versions(ifVersion), ...stamped(stamp) }),
  );
}

/** The customer with its mappings, also a tombstone; null if no customer ever had the id. */
export function readCustomer(db: Db | Tx, id: number): Promise<Customer | null> {
  return one(db, readSql, { id });
}

/** A page of living customers in the order of their ids, after the id `after`. */
export function listCustomers(db: Db | Tx, filter: CustomerFilter): Promise<Customer[]> {
  const { limit, after = null, email = null, updatedSince = null } = filter;
  return all(db, listSql, { limit, after, email, updatedSince });
}

/** The id of the living customer who has this email, without regard to the case of its letters. */
export async function findEmailHolder(db: Db | Tx, email: string): Promise<number | null> {
  const { rows } = await db.raw<{ rows: { id: string | number }[] }>(holderSql, { email });
  return rows[0] ? Number(rows[0].id) : null;
}

/** Whether a write failed because another living customer has the email. */
export function isEmailTaken(error: unknown): boolean {
  return (
    sqlState(error) === '23505' &&
    error instanceof Error &&
    'constraint' in error &&
    error.constraint === 'customers_email'
  );
}

function versions(ifVersion: number | readonly number[] | undefined): number[] | null {
  return ifVersion === undefined ? null : [ifVersion].flat();
}

function stamped({ eventId, source, context, now }: Stamp): Record<string, string | Date> {
  return { eventId, source, context: JSON.stringify(context), now };
}

async function all(db: Db | Tx, sql: string, bindings: Record<string, Knex.RawBinding>): Promise<Customer[]> {
  const query = db.raw<{ rows: SqlRow[] }>(sql, bindings);
  // A server that vanished answers nothing, and its connections would stay in the pool until TCP
  // gives up. So outside a transaction a statement that takes too long loses its connection; inside
  // one, the owner of the transaction bounds the time.
  const { rows } = await (db.isTransaction ? query : query.timeout(ANSWER_MS));
  return rows.map(toCustomer);
}

async function one(
  db: Db | Tx,
  sql: string,
  bindings: Record<string, Knex.RawBinding>,
): Promise<Customer | null> {
  const [row] = await all(db, sql, bindings);
  return row ?? null;
}

function toCustomer(row: SqlRow): Customer {
  return {
    id: Number(row.id),
    name: row.name,
    email: row.email,
    version: Number(row.version),
    lastEventId: Number(row.last_event_id),
    createdEventId: row.created_event_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deletedAt: row.deleted_at,
    mappings: row.mappings.map(({ behindSince, updatedAt, ...mapping }) => ({
      ...mapping,
      behindSince: readTime(behindSince),
      updatedAt: readTime(updatedAt),
    })),
  };
}

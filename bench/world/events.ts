// The events that each contestant publishes: 1 KiB, 1,000 keys in turn, each in a transaction of its own.
import { createDb } from '../../db/server/connection.ts';
import type { NewEvent } from '../contestants/contestant.ts';

export const KEYS = 1_000;

/** Makes the whole value about 1 KiB long. */
const NOTE = 'x'.repeat(800);

/** The n-th event, from 0: the keys follow each other, so n gives the version of its key. */
export function eventOf(n: number, eventId: string): NewEvent {
  const id = (n % KEYS) + 1;
  const version = Math.floor(n / KEYS) + 1;
  return { eventId, key: `customer:${id}`, version, payload: payloadOf(id, version) };
}

/** The number of the event of this key and version. */
export function numberOf(key: string, version: number): number {
  return (version - 1) * KEYS + Number(key.slice('customer:'.length)) - 1;
}

function payloadOf(id: number, version: number): string {
  return JSON.stringify({
    version,
    customer_data: { id, name: 'Ada Lovelace', email: `ada${id}@example.com`, note: NOTE },
    external_mappings: { stripe: `cus_${id}` },
  });
}

/** The same events, made by the server, which commits each by itself. */
const procedureSql = `
create procedure bench_write(statement text, first integer, last integer, template text) language plpgsql as $$
declare
  id integer;
  version integer;
begin
  perform set_config('synchronous_commit', 'off', false);
  for n in first..last loop
    id := n % ${KEYS} + 1;
    version := n / ${KEYS} + 1;
    execute statement using gen_random_uuid()::text, 'customer:' || id, version::text,
      replace(replace(template, '4242424242', id::text), '1717171717', version::text);
    commit;
  end loop;
end $$`;

const TEMPLATE = payloadOf(4_242_424_242, 1_717_171_717);

export type Backlog = {
  databaseUrl: string;
  insertSql: string;
  /** The number of the first event. */
  from?: number;
  count: number;
};

/** Writes a backlog as quickly as the server can; no relay runs meanwhile, so how fast this is changes nothing. */
export async function writeBacklog({ databaseUrl, insertSql, from = 0, count }: Backlog): Promise<void> {
  const db = createDb({
    ...{ url: databaseUrl, poolSize: 1, applicationName: 'bench' },
    statementTimeoutMs: 3_600_000,
  });
  try {
    await db.raw(procedureSql.replace('create', 'create or replace'));
    const last = from + count - 1;
    await db.raw('call bench_write(:insertSql, :from, :last, :template)', {
      ...{ insertSql, from, last, template: TEMPLATE },
    });
    await db.raw('vacuum analyze');
    // Otherwise the checkpoint after so many rows would fall into the time that is measured.
    await db.raw('checkpoint');
  } finally {
    await db.destroy();
  }
}

/**
 * PostgreSQL keeps no page of any database in its own memory. Otherwise a backlog that was just written is read from
 * there in one situation, and in another one, in which so many other rows are read before it, from files.
 */
export async function forgetPages(databaseUrl: string): Promise<void> {
  const db = createDb({ url: databaseUrl, poolSize: 1, applicationName: 'bench' });
  try {
    await db.raw('create schema if not exists bench');
    await db.raw('create extension if not exists pg_buffercache schema bench');
    await db.raw('select bench.pg_buffercache_evict_all()');
  } finally {
    await db.destroy();
  }
}

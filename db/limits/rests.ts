// The rest of an account that has used up its quota: nothing is sent to it until a time that the
// system named. The row stays after that time until the next rest begins: until then it is what
// stoppages are reckoned from.
import type { Db, Tx } from '../server/connection.ts';
import { withTransaction } from '../server/connection.ts';
import { noteStoppage } from './stoppages.ts';

export type RestRow = { since: Date; until: Date; why: { code: string; message: string } };

/** `account` is '' before the first contact. */
type Place = { system: string; account: string };

/** Workers that meet the same refusal reckon its end within so much of each other. */
const SAME_END = `interval '5 seconds'`;

/**
 * Begins a rest, or makes it longer; null where the account rests that long already, since another
 * call met the same refusal.
 */
export async function beginRest(
  db: Db,
  rest: Place & { until: Date; why: RestRow['why']; now: Date },
): Promise<RestRow | null> {
  const { system, account, now } = rest;
  return withTransaction(db, async (tx) => {
    const { rows: over } = await tx.raw<{ rows: { since: Date; until: Date }[] }>(
      `delete from account_rests where system = :system and account = :account and until <= :now::timestamptz
       returning since, until`,
      { system, account, now },
    );
    for (const { since, until } of over) await noteStoppage(tx, { system, began: since, ended: until });
    const { rows } = await tx.raw<{ rows: RestRow[] }>(
      `insert into account_rests as r (system, account, since, until, why)
       values (:system, :account, :now::timestamptz, :until::timestamptz, :why::jsonb)
       on conflict (system, account) do update set until = excluded.until, why = excluded.why
       where r.until + ${SAME_END} < excluded.until
       returning since, until, why`,
      { ...rest, why: JSON.stringify(rest.why) },
    );
    return rows[0] ?? null;
  });
}

/** Ends it before its time; what was left of it, or null where the account did not rest. */
export async function endRest(tx: Tx, { system, account, now }: Place & { now: Date }): Promise<Date | null> {
  const { rows } = await tx.raw<{ rows: { since: Date; until: Date }[] }>(
    `delete from account_rests where system = :system and account = :account returning since, until`,
    { system, account },
  );
  const [rest] = rows;
  if (!rest) return null;
  const ended = rest.until < now ? rest.until : now;
  await noteStoppage(tx, { system, began: rest.since, ended });
  return rest.until > now ? rest.until : null;
}

/** Null where calls may be made. */
export async function readRest(
  db: Db | Tx,
  { system, account, now }: Place & { now: Date },
): Promise<RestRow | null> {
  const { rows } = await db.raw<{ rows: RestRow[] }>(
    `select since, until, why from account_rests
     where system = :system and account = :account and until > :now::timestamptz`,
    { system, account, now },
  );
  return rows[0] ?? null;
}

/** The rests of all accounts that rest now. */
export async function listRests(db: Db, now: Date): Promise<({ system: string } & RestRow)[]> {
  const { rows } = await db.raw<{ rows: ({ system: string } & RestRow)[] }>(
    `select system, since, until, why from account_rests where until > :now::timestamptz order by system, account`,
    { now },
  );
  return rows;
}

// What tests of credentials that change have in common.
import type { Db } from '../../db/server/connection.ts';

/** Of TWINBOX_SECRET_KEY. */
export const A_KEY = Buffer.alloc(32, 'a key of the tests').toString('base64');
export const OTHER_KEY = Buffer.alloc(32, 'another key').toString('base64');

/** The time of whoever renews is over, and so is the pause after a failure. */
export async function endRenewals(db: Db): Promise<void> {
  await db.raw(
    `update system_credentials set renewing_until = least(renewing_until, clock_timestamp()), not_before = null`,
  );
}

/** The text of every row of every table. */
export async function allText(db: Db): Promise<string> {
  const { rows: tables } = await db.raw<{ rows: { name: string }[] }>(
    `select c.oid::regclass::text as name from pg_class c
     where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace`,
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const { rows } = await db.raw<{ rows: { text: string | null }[] }>(
      `select string_agg(t::text, ' ') as text from ${name} t`,
    );
    texts.push(rows[0]?.text ?? '');
  }
  return texts.join('\n');
}

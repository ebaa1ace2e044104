// The properties that the sequence of the event ids must have, and those that it has.
//
// The relay's floors, the order of one customer's events and the check of the floor depend on ids
// that are given out one by one and upward. With a cache each session gets a run of ids of its own:
// an id that one session draws now is then lower than ids that another drew before.
import type { Db, Tx } from '../server/handles.ts';
import { DbError } from '../server/errors.ts';

/** What is wrong, and the command that fixes it. */
export type Unfit = { says: string; fix: string };

const settingsSql = `
select array_remove(array[
    case when seqcache <> 1 then 'cache ' || seqcache end,
    case when seqincrement <> 1 then 'increment ' || seqincrement end,
    case when seqcycle then 'cycle' end,
    case when seqtypid <> 'bigint'::regtype then 'the type ' || seqtypid::regtype
         when seqmax < 9007199254740991 then 'maxvalue ' || seqmax end], null) as wrong
from pg_sequence where seqrelid = 'sync_event_ids'::regclass`;

/** One command fixes all of it. */
const FIX = 'alter sequence sync_event_ids as bigint cache 1 increment by 1 no maxvalue no cycle;';

/** Null if the sequence is as the migrations made it. Changes nothing. */
export async function findUnfitEventIds(db: Db | Tx): Promise<Unfit | null> {
  const { rows } = await db.raw<{ rows: { wrong: string[] }[] }>(settingsSql);
  const wrong = rows[0]?.wrong ?? [];
  if (wrong.length === 0) return null;
  return {
    says: `the sequence sync_event_ids has ${wrong.join(' and ')}: event ids must be given out one by one and upward`,
    fix: `Run: ${FIX} and then restart every process that writes to this database, since each session keeps the ids that it has drawn ahead.`,
  };
}

/** Throws `sequence_unfit` with the command that fixes it. */
export async function assertEventIdsFit(db: Db | Tx): Promise<void> {
  const unfit = await findUnfitEventIds(db);
  if (unfit) throw new DbError('sequence_unfit', `${unfit.says}. ${unfit.fix}`);
}

import type { Db } from '../../db/server/connection.ts';
import type { Mapping } from '../../db/mappings/mappings.ts';

/**
 * A mapping or a row of ours after a transaction; `mapping` is null where the transaction deleted
 * the mapping.
 */
export type Left = { tx: string } & (
  | { of: 'mapping'; id: number; mapping: JournalledMapping | null }
  | { of: 'row'; id: number; row: JournalledRow }
);

export type JournalledMapping = Pick<
  Mapping,
  | 'role'
  | 'internalId'
  | 'externalId'
  | 'state'
  | 'reason'
  | 'shadow'
  | 'wantedVersion'
  | 'pushedVersion'
  | 'dirty'
  | 'clean'
  | 'mustRead'
  | 'fence'
  | 'intentNumber'
  | 'intent'
> & {
  /** Whether a delivery of it is still open. */
  queued: boolean;
  /** The last of its intents that was closed, by number. */
  closed: number | null;
};

export type JournalledRow = {
  version: number;
  name: string | null;
  email: string | null;
  deletedAt: string | null;
  /** Our values that its conflict rows keep, by field. */
  kept: { field: string | null; ours: string | null }[];
};

type Entry = { n: number } & Left;

// Deferred to the commit: of two changes in one transaction the journal has the last, and it has
// none that was rolled back. The row is still locked then, so the entries of one mapping are in the
// order of the transactions.
const JOURNAL = `
create table journal (
  n bigint generated always as identity, tx text not null default pg_current_xact_id()::text,
  "of" text not null, id bigint not null, mapping jsonb, "row" jsonb
);

create function journal_mapping() returns trigger language plpgsql as $$
begin
  insert into journal ("of", id, mapping)
  select 'mapping', coalesce(new.id, old.id), (
    select jsonb_build_object('role', role, 'internalId', internal_id, 'externalId', external_id, 'state', state, 'reason', reason, 'shadow', shadow,
      'wantedVersion', wanted_version, 'pushedVersion', pushed_version, 'dirty', dirty, 'clean', clean, 'mustRead', must_read,
      'fence', fence, 'intentNumber', intent_number, 'intent', intent,
      'queued', exists (select from sync_deliveries d where d.mapping_id = m.id and d.status = 'queued'),
      'closed', (select max(number) from sync_intents i where i.mapping_id = m.id))
    from external_mappings m where m.id = coalesce(new.id, old.id));
  return null;
end $$;

create function journal_row() returns trigger language plpgsql as $$
begin
  insert into journal ("of", id, "row")
  values ('row', new.id, jsonb_build_object('version', new.version, 'name', new.name, 'email', new.email, 'deletedAt', new.deleted_at,
    'kept', coalesce((select jsonb_agg(jsonb_build_object('field', field, 'ours', ours)) from sync_conflicts where internal_id = new.id), '[]')));
  return null;
end $$;

create constraint trigger journal_mapping after insert or update or delete on external_mappings
  deferrable initially deferred for each row execute function journal_mapping();
create constraint trigger journal_row after insert or update on customers
  deferrable initially deferred for each row execute function journal_row();
`;

export interface Journal {
  /**
   * The states that transactions left since the last call, in their order; each mapping once for
   * each transaction.
   */
  read(): Promise<Left[]>;
}

/**
 * From here on every transaction of this database records its mappings and rows. Only a test's
 * database has this.
 */
export async function openJournal(db: Db): Promise<Journal> {
  const { rows } = await db.raw<{ rows: { exists: boolean }[] }>(
    `select to_regclass('journal') is not null as exists`,
  );
  await db.raw(rows[0]?.exists ? 'delete from journal' : JOURNAL);
  let seen = 0;
  return {
    async read() {
      const found = await db.raw<{ rows: Entry[] }>('select * from journal where n > :seen order by n', {
        seen,
      });
      seen = found.rows.at(-1)?.n ?? seen;
      const same = (a: Entry, b: Entry): boolean => a.tx === b.tx && a.of === b.of && a.id === b.id;
      return found.rows.filter((entry, at, all) => all.findLastIndex((other) => same(entry, other)) === at);
    },
  };
}

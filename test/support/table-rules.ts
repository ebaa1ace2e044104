// Rules and triggers as owners of tables have them, added to customers and removed again.
import type { Db } from '../../db/server/connection.ts';
import { ownFunctions } from '../../db/row-rules.ts';
import { customer as customerEntity } from '../../lib/catalogue/built-in.ts';

/** A trigger for each row of the table; `body` is its PL/pgSQL. */
export function triggerSql(name: string, body: string, when = 'before insert or update'): string {
  return `
    create function ${name}() returns trigger language plpgsql as $$ begin ${body} end $$;
    create trigger ${name} ${when} on customers for each row execute function ${name}()`;
}

/** A trigger that runs at the commit. */
export function constraintTriggerSql(name: string, body: string): string {
  return `
    create function ${name}() returns trigger language plpgsql as $$ begin ${body} end $$;
    create constraint trigger ${name} after insert or update on customers deferrable initially deferred
      for each row execute function ${name}()`;
}

/** Removes what a test has added to the table, and the tables and domains that it made for it. */
export async function removeRules(
  db: Db,
  {
    columns = [],
    tables = [],
    domains = [],
  }: { columns?: string[]; tables?: string[]; domains?: string[] } = {},
): Promise<void> {
  const { rows } = await db.raw<{ rows: { drop: string }[] }>(
    `select 'drop trigger ' || quote_ident(tgname) || ' on customers' as drop from pg_trigger t join pg_proc p on p.oid = t.tgfoid
       where tgrelid = 'customers'::regclass and not tgisinternal and proname <> all (:own)
     union all
     select 'alter table customers drop constraint ' || quote_ident(conname) from pg_constraint
       where conrelid = 'customers'::regclass and contype in ('c', 'u', 'x', 'f')
     union all
     select 'drop index ' || i.indexrelid::regclass from pg_index i where i.indrelid = 'customers'::regclass
       and i.indexrelid::regclass::text !~ '^customers_' and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
     union all
     select 'alter table customers drop column ' || c from unnest(:columns::text[]) c
       where exists (select from pg_attribute where attrelid = 'customers'::regclass and attname = c and not attisdropped)
     union all
     select 'drop function ' || oid::regprocedure from pg_proc where pronamespace = 'public'::regnamespace and proname <> all (:own)
     union all select 'drop domain if exists ' || d from unnest(:domains::text[]) d
     union all select 'drop table if exists ' || t from unnest(:tables::text[]) t
     union all select 'alter table customers no force row level security'
     union all select 'alter table customers disable row level security'`,
    { own: [...ownFunctions(customerEntity)], columns, tables, domains },
  );
  for (const { drop } of rows) await db.raw(drop);
}

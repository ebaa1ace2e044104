// Unique rules of the table's owner. One that asks for nothing but the identity, in another fold
// than ours, would refuse the identity of a deleted row: it goes on among the living rows. The
// others stay as they are. Each is told to the person who migrates.
import type { Tx } from '../server/connection.ts';
import { identityField, identityIndexOf, type EntityTable } from './entity-table.ts';

interface Rule {
  index: string;
  name: string;
  /** `u` unique, `x` exclusion; null for an index without a constraint. */
  kind: 'u' | 'x' | null;
  predicate: string | null;
  keys: string;
  columns: string[];
  definition: string;
}

const rulesSql = `
select i.indexrelid::regclass::text as index, x.relname::text as name, c.contype as kind, pg_get_expr(i.indpred, i.indrelid) as predicate, k.keys,
  pg_get_indexdef(i.indexrelid) as definition,
  coalesce((select array_agg(a.attname::text order by a.attnum) from pg_attribute a
   where a.attrelid = i.indrelid and a.attnum > 0 and not a.attisdropped
     and k.keys ~ ('\\m' || regexp_replace(a.attname, '(\\W)', '\\\\\\1', 'g') || '\\M')), '{}') as columns
from pg_index i join pg_class x on x.oid = i.indexrelid
left join pg_constraint c on c.conindid = i.indexrelid and c.conrelid = i.indrelid and c.contype in ('u', 'x')
cross join lateral (
  select string_agg(pg_get_indexdef(i.indexrelid, n, false), ', ' order by n) as keys from generate_series(1, i.indnkeyatts) n) k
where i.indrelid = to_regclass(:table) and (i.indisunique or c.contype = 'x') and not i.indisprimary and x.relname <> all(:own::text[])
order by x.relname`;

const KINDS = { u: 'unique constraint', x: 'exclusion constraint' };

export async function settleUniqueRules(
  tx: Tx,
  entity: EntityTable,
  say: (sentence: string) => void,
): Promise<void> {
  const own = [identityIndexOf(entity), `${entity.table}_created_event`].filter((name) => name !== null);
  const { rows } = await tx.raw<{ rows: Rule[] }>(rulesSql, { table: entity.table, own });
  const identity = identityField(entity);
  for (const rule of rows) {
    const namesDeleted = /\bdeleted_at\b/.test(rule.predicate ?? '');
    if (rule.kind === null && rule.columns.join() === identity?.column && !namesDeleted) {
      await holdAmongLiving(tx, rule);
      say(
        `The unique index ${rule.name} on (${rule.keys}) holds among living rows only from now on: the ${identity.name} of a deleted ${entity.name} can be used again.`,
      );
    } else if (entity.fields.some(({ column }) => rule.columns.includes(column))) {
      say(
        `The ${rule.kind === null ? 'unique index' : KINDS[rule.kind]} ${rule.name} on (${rule.keys}) stays${namesDeleted ? '' : ', and deleted rows count for it'}. ` +
          'What it refuses is refused by the API and by import with its name, and parked as row_refused when it comes from an external system.',
      );
    }
  }
}

async function holdAmongLiving(tx: Tx, { index, predicate, definition }: Rule): Promise<void> {
  const bare = predicate === null ? definition : definition.slice(0, -` WHERE ${predicate}`.length);
  await tx.raw(`drop index ${index}`);
  await tx.raw(`${bare} where deleted_at is null${predicate === null ? '' : ` and (${predicate})`}`);
}

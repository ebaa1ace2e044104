// Creates, edits and deletes customers in a session like the API: row and event in one transaction.
import { readRow, type MappedRow, type RowFields } from '../../db/entities/rows.ts';
import type { Entity } from '../../lib/catalogue/entity.ts';
import type { Db } from '../../db/server/connection.ts';
import type { Checked } from '../../lib/catalogue/check.ts';
import { rowChecksOf } from '../../lib/catalogue/row-checks.ts';
import type { CustomerStore, Refusal } from '../../lib/customers/customers.ts';
import { commandActor } from '../actor.ts';

/** A row with its values beside its id, as the API shows it. */
export type Shown = Omit<MappedRow, 'fields'> & Record<string, unknown>;

export type Customers = {
  read(id: number): Promise<Shown | null>;
  create(values: RowFields): Promise<Shown>;
  edit(id: number, values: RowFields): Promise<Shown>;
  remove(id: number): Promise<Shown>;
};

export function createCustomers(db: Db, entity: Entity, store: CustomerStore): Customers {
  const origin = { context: { actor: commandActor() } };
  const { checkNew, checkChange } = rowChecksOf(entity);
  return {
    read: async (id) => {
      const row = await readRow(db, entity, id);
      return row && shown(row);
    },
    create: async (values) => written(await store.create(checked(checkNew(values)), origin)),
    edit: async (id, values) => written(await store.patch(id, checked(checkChange(values)), {}, origin)),
    remove: async (id) => written(await store.remove(id, {}, origin)),
  };
}

function checked<T>(result: Checked<T>): T {
  if (result.ok) return result.value;
  throw new Error(result.violations.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`).join('; '));
}

function written(result: Refusal | { outcome: string; customer: MappedRow }): Shown {
  if (isRefusal(result)) throw new Error(`nothing was written: ${JSON.stringify(result)}`);
  return shown(result.customer);
}

function shown({ id, fields, ...rest }: MappedRow): Shown {
  return { id, ...fields, ...rest };
}

const REFUSALS = ['gone', 'version_mismatch', 'duplicate_email', 'refused', 'contended'];

function isRefusal(result: Refusal | { outcome: string; customer: MappedRow }): result is Refusal {
  return REFUSALS.includes(result.outcome);
}

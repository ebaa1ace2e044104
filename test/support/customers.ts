// Rows of the built-in entity, with their values beside their id, so that a test names them shortly.
import type { Db, Tx } from '../../db/server/connection.ts';
import {
  deleteRow,
  findIdentityHolder,
  insertRow,
  isIdentityTaken,
  listRows,
  readRow,
  updateRow,
  type MappedRow,
  type RowFilter,
  type RowMapping,
  type Stamp,
} from '../../db/entities/rows.ts';
import { customer } from '../../lib/catalogue/built-in.ts';

export type Customer = MappedRow & { name: string; email: string };
export type CustomerMapping = RowMapping;
export type { Stamp } from '../../db/entities/rows.ts';

type Values = { name: string; email: string };

export function named(row: MappedRow): Customer;
export function named(row: MappedRow | null): Customer | null;
export function named(row: MappedRow | null): Customer | null {
  return row && { ...row, ...(row.fields as Values) };
}

export async function insertCustomer(db: Db | Tx, values: Values, stamp: Stamp): Promise<Customer> {
  return named(await insertRow(db, customer, values, stamp));
}

export async function updateCustomer(
  db: Db | Tx,
  id: number,
  values: Partial<Values>,
  condition: { ifVersion?: number | readonly number[]; refuseTurnedBack?: boolean },
  stamp: Stamp,
): Promise<Customer | null> {
  return named(await updateRow(db, customer, id, values, condition, stamp));
}

export async function deleteCustomer(
  db: Db | Tx,
  id: number,
  condition: { ifVersion?: number | readonly number[] },
  stamp: Stamp,
): Promise<Customer | null> {
  return named(await deleteRow(db, customer, id, condition, stamp));
}

export async function readCustomer(db: Db | Tx, id: number): Promise<Customer | null> {
  return named(await readRow(db, customer, id));
}

export async function listCustomers(
  db: Db | Tx,
  { email, ...filter }: Omit<RowFilter, 'identity'> & { email?: string },
): Promise<Customer[]> {
  const rows = await listRows(db, customer, { ...filter, ...(email !== undefined && { identity: email }) });
  return rows.map((row) => named(row));
}

export function findEmailHolder(db: Db | Tx, email: string): Promise<number | null> {
  return findIdentityHolder(db, customer, email);
}

export function isEmailTaken(error: unknown): boolean {
  return isIdentityTaken(customer, error);
}

import { isEmailTaken } from './customers.ts';
import type { Edit } from './losses.ts';
import type { Scene } from './history-scene.ts';

/** The actions of people on both sides, and a list of what they have done. */
export interface People {
  /** The edits, oldest first. */
  edits: Edit[];
  /** Adds an edit that another part of the history made. */
  note(edit: Omit<Edit, 'at'>): void;
  editOurs(): Promise<void>;
  editTheirs(): Promise<void>;
  /** A customer of either side is deleted, or a deleted one is created again. */
  removeOrMakeAgain(): Promise<void>;
  /**
   * A record gets a second one with its email; or of two, one is deleted or gets an email of its
   * own.
   */
  doubleOrTidy(): void;
}

interface Person {
  name: string;
  email: string;
}

export function createPeople({ world, chances, options, say, count }: Scene): People {
  const { simulator, db } = world;
  const { dashboard } = simulator;
  const { chance, pick } = chances;
  const edits: Edit[] = [];
  const gone: Person[] = [];
  let counter = 0;

  const next = (prefix: string): string => `${prefix}${++counter}`;
  const newEmail = (prefix: string): string => `${next(prefix)}@x.test`;
  const anyEmail = (prefix: string): string => {
    if (!options.sharedEmails || !chance(0.4)) return newEmail(prefix);
    return pick(simulator.customers())?.email ?? newEmail(prefix);
  };
  const note = (edit: Omit<Edit, 'at'>): void => {
    counter += 1;
    edits.push({ ...edit, at: counter });
    say(`${edit.side} ${edit.id} ${edit.field} = ${edit.value ?? 'nothing'}`);
  };
  const noteAll = (side: Edit['side'], id: Edit['id'], values: Partial<Person>): void => {
    for (const [field, value] of Object.entries(values)) note({ side, id, field, value });
  };

  async function pickRow(): Promise<{ row: (Person & { id: number }) | undefined; few: boolean }> {
    const { rows } = await db.raw<{ rows: (Person & { id: number })[] }>(
      `select id, name, email from customers where deleted_at is null order by id`,
    );
    return { row: pick(rows), few: rows.length < 2 };
  }

  async function createOurs(values: Person, what: string): Promise<void> {
    try {
      noteAll('ours', (await world.create(values)).id, values);
      count(what);
    } catch (error) {
      if (!isEmailTaken(error)) throw error;
    }
  }

  async function editOurs(): Promise<void> {
    const { row, few } = await pickRow();
    if (!row || (few && chance(0.3)) || (options.sharedEmails && chance(0.15)))
      return createOurs({ name: next('O'), email: newEmail('o') }, 'our create');
    const values = chance(0.5) ? { name: next('O') } : { email: anyEmail('o') };
    try {
      await world.update(row.id, values);
      noteAll('ours', row.id, values);
      count('our edit');
    } catch (error) {
      if (!isEmailTaken(error) && !String(error).includes('hit no row')) throw error;
    }
  }

  /** Customers that are already in our table, and not at the external system. */
  async function emailOfOurs(): Promise<string | undefined> {
    const { rows } = await db.raw<{ rows: { email: string }[] }>(
      `select c.email from customers c where c.deleted_at is null
         and not exists (select from external_mappings m where m.internal_id = c.id and m.external_id is not null) order by c.id`,
    );
    return pick(rows)?.email;
  }

  async function editTheirs(): Promise<void> {
    const customer = pick(simulator.customers());
    const known = options.sharedEmails && chance(0.7) ? await emailOfOurs() : undefined;
    if (!customer || known !== undefined || (simulator.customers().length < 2 && chance(0.3))) {
      const values = { name: next('T'), email: known ?? anyEmail('t') };
      if (options.oddities && chance(0.3)) return makeOdd(values.email, customer);
      noteAll('theirs', dashboard.createCustomer(values).id, values);
      return count('their create');
    }
    if (options.oddities && chance(0.2)) return editOddly(customer);
    const values = chance(0.5) ? { name: next('T') } : { email: anyEmail('t') };
    if (values.email === customer.email) return; // it saves the old value again: not an edit
    dashboard.updateCustomer(customer.id, values);
    noteAll('theirs', customer.id, values);
    count('their edit');
  }

  function makeOdd(email: string, other: { metadata: Record<string, string> } | undefined): void {
    const without: { name?: string; email?: string; individual_name?: string } =
      pick([{ email }, { name: next('T') }, { individual_name: next('I'), email }]) ?? {};
    const copied = other && chance(0.4) ? { metadata: { ...other.metadata } } : {};
    const { id } = dashboard.createCustomer({ ...without, ...copied });
    say(`theirs ${id} made oddly`);
    count('customer made oddly');
    if (without.name !== undefined) note({ side: 'theirs', id, field: 'name', value: without.name });
    if ('email' in without) note({ side: 'theirs', id, field: 'email', value: email });
  }

  function editOddly({ id, name, email }: { id: string; name: string | null; email: string | null }): void {
    const change = pick([{ name: null }, { email: null }, { description: next('D') }, { phone: '1' }]) ?? {};
    if (('name' in change && name === null) || ('email' in change && email === null)) return;
    dashboard.updateCustomer(id, change);
    count('odd edit');
    for (const field of ['name', 'email'])
      if (field in change) note({ side: 'theirs', id, field, value: null });
  }

  async function remove(): Promise<void> {
    if (chance(0.5)) {
      const customer = pick(simulator.customers());
      if (!customer) return;
      if (customer.email !== null) gone.push({ name: customer.name ?? next('T'), email: customer.email });
      dashboard.deleteCustomer(customer.id);
      note({ side: 'theirs', id: customer.id, field: 'deleted', value: 'deleted' });
      return count('their delete');
    }
    const { row } = await pickRow();
    if (!row) return;
    gone.push({ name: row.name, email: row.email });
    await world.remove(row.id);
    note({ side: 'ours', id: row.id, field: 'deleted', value: 'deleted' });
    count('our delete');
  }

  async function removeOrMakeAgain(): Promise<void> {
    const person = pick(gone);
    if (!person || chance(0.6)) return remove();
    if (chance(0.5)) return createOurs(person, 'our re-create');
    noteAll('theirs', dashboard.createCustomer({ ...person }).id, { ...person });
    count('their re-create');
  }

  function doubleOrTidy(): void {
    const byEmail = Map.groupBy(simulator.customers(), ({ email }) => email?.toLowerCase() ?? null);
    const doubles = [...byEmail].flatMap(([email, some]) => (email !== null && some.length > 1 ? some : []));
    const one = pick(doubles);
    if (!one || chance(0.4)) {
      const email = pick(simulator.customers())?.email;
      if (typeof email !== 'string') return;
      const values = { name: next('T'), email };
      noteAll('theirs', dashboard.createCustomer(values).id, values);
      return count('double made');
    }
    if (options.deletes === false || chance(0.4)) {
      const email = newEmail('t');
      dashboard.updateCustomer(one.id, { email });
      note({ side: 'theirs', id: one.id, field: 'email', value: email });
      return count('double given its own email');
    }
    dashboard.deleteCustomer(one.id);
    note({ side: 'theirs', id: one.id, field: 'deleted', value: 'deleted' });
    count('double deleted');
  }

  return { edits, note, doubleOrTidy, editOurs, editTheirs, removeOrMakeAgain };
}

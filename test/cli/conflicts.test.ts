import { expect } from 'chai';
import { insertConflicts } from '../../db/conflicts.ts';
import { insertCustomer, readCustomer } from '../support/customers.ts';
import { newEventId } from '../../lib/uuid.ts';
import { useDatabase } from '../support/database.ts';
import { runHere } from './in-process.ts';
import { usePlace } from './twinbox.ts';

type Page = { conflicts: { id: string; customer: number; reversible: boolean }[]; after: string | null };

describe('twinbox conflicts', () => {
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));
  const ids: string[] = [];
  let customer = 0;

  before(async () => {
    const now = new Date('2026-03-01T12:00:00Z');
    const stamp = { eventId: newEventId(now), source: 'internal', context: {}, now };
    customer = (await insertCustomer(database.db, { name: 'Ours', email: 'ada@example.com' }, stamp)).id;
    const both = {
      kind: 'both_moved',
      field: 'name',
      ours: 'Ours',
      theirs: 'Theirs',
      winner: 'ours' as const,
    };
    const gone = {
      kind: 'deleted_there',
      field: 'name',
      ours: 'Ours',
      theirs: null,
      winner: 'theirs' as const,
    };
    const rows = [both, gone, { ...both, ours: 'Before' }].map((each, n) => {
      const createdAt = new Date(now.getTime() + n * 1_000);
      ids.push(newEventId(createdAt));
      return {
        ...{ id: ids[n] ?? '', mappingId: 1, entityType: 'customer', internalId: customer, base: 'Base' },
        ...{
          rule: 'internal_wins',
          note: null,
          ...(n === 0 ? { oursAt: 1, theirsFrom: 'stripe' } : {}),
          intentId: null,
          eventId: null,
          dedupeKey: String(n),
          createdAt,
        },
        ...each,
      };
    });
    await database.db.transaction((tx) => insertConflicts(tx, rows));
  });

  const list = async (...args: string[]): Promise<Page> => {
    const { code, stdout } = await place.run(['conflicts', 'list', '--json', ...args]);
    expect(code).to.equal(0);
    return JSON.parse(stdout) as Page;
  };

  it('lists the newest first, in pages and by filter', async () => {
    const all = await list();
    expect(all.conflicts.map(({ id }) => id)).to.deep.equal(ids.toReversed());
    expect(all.conflicts.map(({ reversible }) => reversible)).to.deep.equal([true, false, true]);
    const first = await list('--limit', '2');
    expect(first.after).to.equal(ids[1]);
    expect((await list('--after', first.after ?? '')).conflicts.map(({ id }) => id)).to.deep.equal([ids[0]]);
    expect((await list('--kind', 'deleted_there')).conflicts).to.have.length(1);
    expect((await list('--customer', '77')).conflicts).to.have.length(0);
    expect((await list('--turned')).conflicts).to.have.length(0);
    const { stdout } = await place.run(['conflicts']);
    expect(stdout).to.match(/^when +customer +field +kind +won +ours +theirs +note +conflict\n/);
  });

  it('shows a conflict with both values and the rule that decided', async () => {
    const { code, stdout, stderr } = await place.run(['conflicts', 'show', ids[0] ?? '']);
    expect(code).to.equal(0);
    for (const line of [
      /^base +Base$/m,
      /^ours +Ours \(internal\)$/m,
      /^theirs +Theirs \(stripe\)$/m,
      /^decided +internal_wins: ours$/m,
    ])
      expect(stdout).to.match(line);
    expect(stderr).to.include(`conflicts reverse ${ids[0]}`);
  });

  it('reverses a conflict, once, and says what it refuses', async () => {
    const reversed = await place.run(['conflicts', 'reverse', ids[0] ?? '']);
    expect(reversed.code, reversed.stderr).to.equal(0);
    expect(await readCustomer(database.db, customer)).to.include({ name: 'Theirs', version: 2 });
    const again = await place.run(['conflicts', 'reverse', ids[0] ?? '', '--json']);
    expect(again.code).to.equal(0);
    expect(JSON.parse(again.stdout)).to.include({ outcome: 'reversed_already', customer_version: 2 });
    const kind = await place.run(['conflicts', 'reverse', ids[1] ?? '']);
    expect(kind.code).to.equal(1);
    expect(kind.stderr).to.match(/create a customer with them/);
    const late = await place.run(['conflicts', 'reverse', ids[2] ?? '']);
    expect(late.code).to.equal(1);
    expect(late.stderr).to.match(/A later edit has changed the customer/);
    expect(await readCustomer(database.db, customer)).to.include({ version: 2 });
    expect((await list('--reversed')).conflicts.map(({ id }) => id)).to.deep.equal([ids[0]]);
    expect((await list('--no-reversed')).conflicts).to.have.length(2);
  });

  it('accepts its old names: `turn`, which says the new name, `--turned` and `--no-turned`', async () => {
    const again = await place.run(['conflicts', 'turn', ids[0] ?? '']);
    expect(again.code).to.equal(0);
    expect(again.stderr).to.include('`conflicts turn` is called `conflicts reverse` now.');
    expect((await list('--turned')).conflicts.map(({ id }) => id)).to.deep.equal([ids[0]]);
    expect((await list('--no-turned')).conflicts).to.have.length(2);
  });

  it('ends with 3 for a conflict that does not exist, and with 2 for invalid arguments', async () => {
    const unknown = '00000000-0000-7000-8000-000000000000';
    for (const verb of ['show', 'reverse'])
      expect((await place.run(['conflicts', verb, unknown])).code).to.equal(3);
    for (const args of [
      ['reverse', '7'],
      ['reverse'],
      ['list', '--kind', 'lost'],
      ['list', '--after', '7'],
      ['wat'],
    ])
      expect((await runHere('conflicts', ...args)).code, args.join(' ')).to.equal(2);
  });
});

import { expect } from 'chai';
import { beginReading, endReading } from '../../db/account-readings.ts';
import { withTransaction } from '../../db/server/connection.ts';
import { bindConnection, ensureConnection } from '../../db/connections.ts';
import { insertCustomer } from '../support/customers.ts';
import { keepRecords } from '../../db/external-records.ts';
import { readMapping } from '../../db/mappings/mappings.ts';
import { newEventId } from '../../lib/uuid.ts';
import { useDatabase } from '../support/database.ts';
import { runHere } from './in-process.ts';
import { AS_TERMINAL, usePlace } from './twinbox.ts';

describe('twinbox link', () => {
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));
  const ids: number[] = [];

  before('three records wait for consent', async () => {
    const now = new Date();
    for (const name of ['ada', 'bea', 'cleo']) {
      const stamp = { eventId: newEventId(now), source: 'internal', context: {}, now };
      const { id } = await insertCustomer(database.db, { name, email: `${name}@example.com` }, stamp);
      const { rows } = await database.db.raw<{ rows: { id: number }[] }>(
        `insert into external_mappings (system, external_id, state, reason, reason_detail, dirty, clean)
         values ('stripe', :external, 'waiting', 'ask_link', jsonb_build_object('customer', :id::bigint), 1, 1) returning id`,
        { external: `cus_${name}`, id },
      );
      ids.push(rows[0]?.id ?? 0);
    }
  });

  const consents = async (): Promise<boolean[]> =>
    Promise.all(
      ids.map(async (id) => {
        const mapping = await readMapping(database.db, id);
        const given = mapping?.consent !== null;
        expect(mapping?.dirty).to.equal(given ? 2 : 1);
        return given;
      }),
    );

  it('only lists where no pair is named', async () => {
    for (const args of [[]]) {
      const { code, stdout, stderr } = await place.run(['link', ...args]);
      expect(code).to.equal(0);
      expect(stdout).to.match(/cus_ada +\d+ +ada +ada@example\.com .* they are linked\n/);
      expect(stdout.trimEnd().split('\n')).to.have.length(4);
      expect(stderr).to.include('Nothing was changed');
      expect(await consents()).to.deep.equal([false, false, false]);
    }
  });

  it('reads both sides in a dry run, and changes nothing', async () => {
    const { code, stdout } = await place.run(['link', '--dry-run', '--all', '--yes']);
    expect(code).to.equal(0);
    expect(stdout).to.match(/3 +customers have no record at Stripe: one is created for each\n/);
    expect(stdout).to.match(/cus_ada +\d+ +ada +ada@example\.com .* they are linked\n/);
    expect(await consents()).to.deep.equal([false, false, false]);
  });

  it('does nothing and ends with 2 where it would have to ask and has no terminal', async () => {
    for (const args of [['--all'], ['--all', '--json'], [String(ids[0])]]) {
      const { code, stdout, stderr } = await place.run(['link', ...args]);
      expect({ code, stdout }, args.join(' ')).to.deep.equal({ code: 2, stdout: '' });
      expect(stderr).to.match(/^Nothing was done: link .* asks first, .* Add --yes/);
    }
    expect(await consents()).to.deep.equal([false, false, false]);
  });

  it('asks on a terminal, and takes no answer for a no', async () => {
    const left: [string[], string][] = [
      [['--all'], '\x03'],
      [['--all', '--json'], ''],
      [[String(ids[0])], 'y'],
    ];
    for (const [args, input] of left) {
      const { code, stderr } = await place.run(['link', ...args], { env: AS_TERMINAL, input });
      expect(code, args.join(' ')).to.equal(130);
      expect(stderr)
        .to.match(/Link (this record|these 3 records)\? \[y\/N\] /)
        .and.match(/\nNothing was done\.\n$/);
    }
    const refused = await place.run(['link', '--all'], { env: AS_TERMINAL, input: 'n\n' });
    expect(refused.code).to.equal(0);
    expect(refused.stderr).to.match(/Nothing was done\.\n$/);
    expect(await consents()).to.deep.equal([false, false, false]);
    const agreed = await place.run(['link', String(ids[0])], { env: AS_TERMINAL, input: 'y\n' });
    expect(agreed.code, agreed.stderr).to.equal(0);
    expect(await consents()).to.deep.equal([true, false, false]);
    await database.db('external_mappings').where({ id: ids[0] }).update({ consent: null, dirty: 1 });
  });

  it('gives consent for the pairs that are named, once', async () => {
    const args = ['link', String(ids[1]), '--yes', '--json'];
    const { code, stdout } = await place.run(args);
    expect(code).to.equal(0);
    expect(JSON.parse(stdout)).to.include({ matched: 1, linked: 1 });
    expect(await consents()).to.deep.equal([false, true, false]);
    expect(JSON.parse((await place.run(args)).stdout)).to.include({ matched: 1, linked: 0 });
    expect(await consents()).to.deep.equal([false, true, false]);
  });

  it('gives its word for all, and names what waits for none', async () => {
    const unmatched = await place.run(['link', '4711', '--yes']);
    expect(unmatched.code).to.equal(3);
    expect(unmatched.stderr).to.include('Mapping 4711 does not wait for consent');
    const { code, stderr } = await place.run(['link', '--all', '--yes']);
    expect(code).to.equal(0);
    expect(stderr).to.include('A worker links 2 records now.');
    expect(await consents()).to.deep.equal([true, true, true]);
    await database.db('external_mappings').whereIn('id', ids).update({ state: 'linked', reason: null });
    expect((await place.run(['link', '--all', '--yes'])).code).to.equal(3);
  });

  it('ends with 2 for invalid arguments', async () => {
    for (const args of [['x'], ['0'], ['7', '--all']])
      expect((await runHere('link', ...args)).code, args.join(' ')).to.equal(2);
  });
});

describe('twinbox link --import and --leave', () => {
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));
  const at = { system: 'stripe', account: 'acct_1', externalType: 'customer' };

  before('an account was read, and one of two records is to become a customer', async () => {
    const { db } = database;
    const now = new Date();
    await ensureConnection(db, 'stripe');
    const binding = { system: 'stripe', account: 'acct_1', livemode: false, now };
    await withTransaction(db, (tx) => bindConnection(tx, binding));
    await beginReading(db, { ...at, imports: false, now });
    await endReading(db, at, now);
    await keepRecords(db, at, [
      { externalId: 'cus_a', identity: 'a@example.com', createdAt: now },
      { externalId: 'cus_b', identity: 'b@example.com', createdAt: now, decision: 'import' },
    ]);
  });

  it('decides about exactly as many records as the question names', async () => {
    for (const decision of ['--leave', '--import']) {
      const shown = await place.run(['link', decision, '--dry-run', '--json']);
      expect(JSON.parse(shown.stdout), decision).to.include({ matched: 2 });
      const done = await place.run(['link', decision, '--yes', '--json']);
      expect(JSON.parse(done.stdout), decision).to.include({ records: 2 });
    }
  });
});

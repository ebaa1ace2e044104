import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { AS_TERMINAL, usePlace } from './twinbox.ts';

const config = (fields: object, ...rules: object[]): string =>
  JSON.stringify({
    entities: { customer: { fields } },
    systems: { stripe: { customer: { fields: rules } } },
  });
const PHONE = { phone: { type: 'text', maxLength: 20 } };
const PLAN = { plan: { type: 'enum', values: ['free', 'team'] } };
const TO_PHONE = { internal: 'phone', external: 'phone' };
const AT_PLAN = { internal: 'plan', external: 'metadata.plan' };
const AT_TIER = { internal: 'plan', external: 'metadata.tier' };

/** Said before something changes the meaning of pairs. */
const MEANT =
  'plan was metadata.plan at stripe, and is metadata.tier now: 1 pair meet the field as for the first time. What metadata.plan holds stays there.';

describe('twinbox migrate, for another configuration', () => {
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));
  const write = (text: string): Promise<void> => writeFile(join(place.folder, 'twinbox.config.json'), text);
  const shadow = async (): Promise<string[]> => {
    const { rows } = await database.db.raw<{ rows: { shadow: object }[] }>(
      `select shadow from external_mappings`,
    );
    return Object.keys(rows[0]?.shadow ?? {});
  };

  beforeEach('a pair that was merged with a plan', async () => {
    await write(config({ ...PHONE, ...PLAN }, TO_PHONE, AT_PLAN));
    const { code, stderr } = await place.run(['migrate', '--yes']);
    expect(code, stderr).to.equal(0);
    await database.db
      .raw(`delete from external_mappings; insert into external_mappings (entity_type, internal_id, system, account, external_type, external_id, state, shadow)
      values ('customer', 1, 'stripe', 'acct_1', 'customer', 'cus_1', 'linked', '{"plan": {"ours": "team", "theirs": "team"}}')`);
  });

  it('says by --plan what it would do, and does nothing', async () => {
    await write(config({ ...PHONE, ...PLAN, city: { type: 'text' } }, TO_PHONE, AT_TIER));
    const { code, stdout, stderr } = await place.run(['migrate', '--plan']);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(stdout).to.equal(`The column customers.city (text) is added for the field city.\n${MEANT}\n`);
    expect(await shadow()).to.deep.equal(['plan']);
    expect((await place.run(['status'])).code).to.equal(69);
  });

  it('gives the plan as JSON, and status 1 for what cannot be done', async () => {
    await write(JSON.stringify({ entities: { customer: { table: 'clients', fields: PHONE } } }));
    const { code, stdout } = await place.run(['migrate', '--plan', '--json']);
    expect(code).to.equal(1);
    const plan = JSON.parse(stdout) as { files: string[]; problems: string[]; consequences: string[] };
    expect(plan.files).to.deep.equal([]);
    expect(plan.problems.join()).to.include('alter table customers rename to clients');
    expect(plan.consequences.join()).to.include('The field plan is kept in step no longer');
    const said = await place.run(['migrate', '--plan']);
    expect(said.stderr).to.include('This prevents it: a customer was a row of customers');
    const run = await place.run(['migrate', '--yes']);
    expect(run.code).to.equal(69);
    expect(run.stderr)
      .to.include('A customer was a row of customers')
      .and.not.match(/^ {4}at /m);
  });

  it('adds a field without a question, and says so as lines or as JSON', async () => {
    await write(config({ ...PHONE, ...PLAN, lines: { type: 'json' } }, TO_PHONE, AT_PLAN));
    const { code, stdout, stderr } = await place.run(['migrate']);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.include('The column customers.lines (jsonb) is added for the field lines.');
    expect(stderr).to.include('The tables are those of the configuration.');
    await write(
      config({ ...PHONE, ...PLAN, lines: { type: 'json' }, born: { type: 'date' } }, TO_PHONE, AT_PLAN),
    );
    const again = await place.run(['migrate', '--json']);
    expect(again.code).to.equal(0);
    expect(JSON.parse(again.stdout)).to.deep.include({
      migrated: ['customers'],
      notes: ['The column customers.born (date) is added for the field born.'],
    });
    const nothing = await place.run(['migrate']);
    expect(nothing.stderr).to.include('Nothing to do: the schema is up to date.');
  });

  it('refuses without --yes where there is no terminal, and changes nothing', async () => {
    await write(config({ ...PHONE, ...PLAN }, TO_PHONE, AT_TIER));
    const { code, stdout, stderr } = await place.run(['migrate']);
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    expect(stderr).to.include('Add --yes to do it without asking.').and.include(MEANT);
    expect(await shadow()).to.deep.equal(['plan']);
  });

  const ANSWERS: [string, string, number][] = [
    ['a no', 'n\r', 1],
    ['Ctrl-C', '\x03', 130],
    ['Ctrl-D', '\x04', 130],
  ];
  for (const [what, input, status] of ANSWERS) {
    it(`asks on a terminal, and changes nothing after ${what}`, async () => {
      await write(config({ ...PHONE, ...PLAN }, TO_PHONE, AT_TIER));
      const { code, stderr } = await place.run(['migrate'], { env: AS_TERMINAL, input });
      expect(code, stderr).to.equal(status);
      expect(stderr).to.include(MEANT).and.include('Do this? [y/N]').and.include('Nothing was done.');
      expect(await shadow()).to.deep.equal(['plan']);
    });
  }

  it('asks on a terminal, and does it after a yes', async () => {
    await write(config({ ...PHONE, ...PLAN }, TO_PHONE, AT_TIER));
    const { code, stderr } = await place.run(['migrate'], { env: AS_TERMINAL, input: 'y\r' });
    expect(code, stderr).to.equal(0);
    expect(await shadow()).to.deep.equal([]);
  });

  it('is what a process asks for that starts with another configuration', async () => {
    await write(config({ ...PHONE, ...PLAN }, TO_PHONE, AT_TIER));
    for (const args of [['status'], ['verify'], ['up']]) {
      const { code, stderr } = await place.run(args);
      expect(code, args.join()).to.equal(69);
      expect(stderr)
        .to.include(MEANT)
        .and.include('Run: npx twinbox migrate')
        .and.not.match(/^ {4}at /m);
    }
    await place.run(['migrate', '--yes']);
    expect((await place.run(['status'])).code).to.equal(0);
  });
});

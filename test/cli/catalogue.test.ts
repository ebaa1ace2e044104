import { insertCustomer } from '../support/customers.ts';
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { usePlace } from './twinbox.ts';

const CONFIG = `import { defineConfig } from 'twinbox';
export default defineConfig({
  entities: {
    customer: {
      table: 'customers',
      fields: {
        phone: { type: 'text', maxLength: 20 },
        plan: { type: 'enum', values: ['free', 'team'] },
      },
    },
  },
  systems: {
    stripe: {
      customer: {
        when: { field: 'plan', not: 'free' },
        fields: [
          { internal: 'phone', external: 'phone', toExternal: ['singleSpaced'] },
          { internal: 'plan', external: 'metadata.plan', direction: 'push', toExternal: ['upper'] },
        ],
      },
    },
  },
  transforms: { upper: { toExternal: (text) => text.toUpperCase(), toInternal: (text) => text.toLowerCase() } },
});
`;

describe('twinbox config and twinbox mapping', () => {
  const database = useDatabase();
  const place = usePlace();
  const write = (text: string): Promise<void> => writeFile(join(place.folder, 'twinbox.config.ts'), text);
  beforeEach('write the file', () => write(CONFIG));

  it('config check shows tables, fields and pairs', async () => {
    const { code, stdout, stderr } = await place.run(['config', 'check']);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: 'twinbox.config.ts can be used.\n' });
    expect(stdout.split('\n').map((line) => line.trimEnd())).to.deep.equal([
      'customer: table customers, identity email',
      '  field  column  type',
      '  name   name    text, required, at most 256 characters',
      '  email  email   email, required, at most 512 characters',
      '  phone  phone   text, at most 20 characters',
      '  plan   plan    enum, free | team',
      'Stripe: customer',
      '  ours      theirs         in a conflict',
      '  name   ↔  name           internal wins',
      '  email  ↔  email          internal wins',
      '  phone  ↔  phone          internal wins',
      '  plan   →  metadata.plan  –',
      '  only rows whose plan is not "free"; the record of a row that leaves: detach',
      '',
    ]);
  });

  it('mapping try says in one sentence which transform fails, and ends with 1', async () => {
    await write(CONFIG.replace('text.toUpperCase()', "(text === 'team' ? text.plan : text).toUpperCase()"));
    const { code, stdout, stderr } = await place.run(['mapping', 'try', 'stripe', 'customer', 'plan=team']);
    expect({ code, stderr }).to.deep.equal({ code: 1, stderr: '' });
    expect(stdout).to.equal(
      'plan → metadata.plan\n  "team": the transform "upper" (toExternal), given a value of plan, has thrown TypeError: Cannot read properties of undefined (reading \'toUpperCase\'); the value cannot be carried, so the pair would be parked\n',
    );
  });

  it('config check --json gives the same as data, without functions', async () => {
    const { code, stdout } = await place.run(['config', 'check', '--json']);
    expect(code).to.equal(0);
    type Rule = { internal: string; toExternal: string[] };
    type Shown = {
      file: string;
      entities: Record<string, { table: string; fields: { name: string }[] }>;
      systems: Record<string, Record<string, { condition: null; fields: Rule[] }>>;
    };
    const shown = JSON.parse(stdout) as Shown;
    expect(shown.file).to.match(/twinbox\.config\.ts$/);
    expect(shown.entities['customer']?.table).to.equal('customers');
    expect(shown.systems['stripe']?.['customer']?.fields.at(-1))
      .to.include({ internal: 'plan', owner: null })
      .and.not.have.property('own');
  });

  it('config check says that the built-in catalogue stands where there is no file', async () => {
    await rm(join(place.folder, 'twinbox.config.ts'));
    const { code, stdout, stderr } = await place.run(['config', 'check']);
    expect(code).to.equal(0);
    expect(stderr).to.equal(
      'There is no file of your own; the built-in tables, fields and mappings stand.\n',
    );
    expect(stdout).to.include('customer: table customers, identity email');
  });

  it('every command stops with every problem of the file, and status 78', async () => {
    await write(CONFIG.replace("'enum'", "'choice'").replace("'phone', to", "'fone', to"));
    for (const args of [['config', 'check'], ['status']]) {
      const { code, stdout, stderr } = await place.run(args);
      expect({ code, stdout }).to.deep.equal({ code: 78, stdout: '' });
      expect(stderr)
        .to.include('twinbox.config.ts cannot be used:')
        .and.include('/entities/customer/fields/plan/type: must be one of text, email, enum')
        .and.include(
          '/systems/stripe/customer/fields/0/external: a customer at Stripe has no field "fone"; did you mean "phone"',
        );
    }
  });

  it('mapping try shows each field with the steps of its transforms', async () => {
    const { code, stdout } = await place.run([
      'mapping',
      'try',
      'stripe',
      'customer',
      'phone=1  2',
      'plan=team',
    ]);
    expect(code).to.equal(0);
    expect(stdout).to.equal(
      [
        'phone ↔ phone',
        '  ours to Stripe: "1  2" → singleSpaced "1 2"',
        '  Stripe to ours: "1 2"',
        '  the value comes back in another form, which counts as the same',
        'plan → metadata.plan',
        '  ours to Stripe: "team" → upper "TEAM"',
        '  Stripe to ours: "TEAM"',
        '  the value comes back in another form, which counts as the same; this field is only sent',
        '',
      ].join('\n'),
    );
  });

  it('mapping try uses samples where no value is given, as lines or as JSON', async () => {
    const { code, stdout } = await place.run(['mapping', 'try', 'stripe', 'customer', '--json']);
    expect(code).to.equal(0);
    const { fields } = JSON.parse(stdout) as { fields: { internal: string; outcome: string }[] };
    expect(fields.map(({ internal, outcome }) => `${internal} ${outcome}`)).to.deep.equal([
      ...['name kept', 'email kept', 'phone alike', 'plan alike'],
    ]);
  });

  it('mapping try reads the row of an id', async () => {
    const stamp = { eventId: randomUUID(), source: 'test', context: {}, now: new Date() };
    const { id } = await insertCustomer(database.db, { name: 'Ada', email: 'ada@example.com' }, stamp);
    const env = { DATABASE_URL: database.url };
    expect((await place.run(['migrate'], { env })).code, 'the columns of the fields').to.equal(0);
    const { code, stdout } = await place.run(['mapping', 'try', 'stripe', 'customer', String(id)], { env });
    expect(code).to.equal(0);
    expect(stdout).to.include('name ↔ name\n  ours to Stripe: "Ada"').and.include('"ada@example.com"');
    expect((await place.run(['mapping', 'try', 'stripe', 'customer', '999'], { env })).code).to.equal(3);
  });

  const WRONG: [args: string[], code: number, problem: string][] = [
    [['strip', 'customer'], 69, 'There is no system "strip"'],
    [
      ['stripe', 'custmer'],
      2,
      'There is no entity "custmer"; did you mean "customer"? (there are: customer).',
    ],
    [['stripe', 'customer', 'fone=1'], 2, 'A customer has no field "fone"; did you mean "phone"?'],
    [['stripe', 'customer', '9'.repeat(20)], 3, `No customer has the id ${'9'.repeat(20)}.`],
    [['stripe', 'customer', 'plan=gold'], 2, 'plan must be one of free, team, not "gold".'],
    [['stripe', 'customer', 'phone'], 2, 'Write a value as field=value, not "phone"; or give one id alone.'],
    [['stripe', 'customer', `name=${'x'.repeat(257)}`], 2, 'name must be a text of at most 256 characters'],
  ];
  for (const [args, code, problem] of WRONG) {
    it(`mapping try ${args.join(' ').slice(0, 40)} says: ${problem}`, async () => {
      const found = await place.run(['mapping', 'try', ...args]);
      expect(found.code).to.equal(code);
      expect(found.stderr).to.include(problem);
    });
  }
});

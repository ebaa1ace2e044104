import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { call, noLimits, usePlace, type Up } from '../cli/twinbox.ts';
import { openApiDocument } from '../../api/openapi.ts';
import type { UserConfig } from '../../lib/catalogue/define-config.ts';
import { ownCatalogue } from '../support/catalogues.ts';
import { createTestDatabase } from '../support/database.ts';
import { waitUntil } from '../support/signal.ts';

const SYSTEMS = {
  stripe: {
    customer: {
      fields: [
        { internal: 'phone', external: 'phone' },
        { internal: 'city', external: 'address.city' },
        { internal: 'plan', external: 'metadata.plan' },
        { internal: 'seats', external: 'metadata.seats' },
        { internal: 'since', external: 'metadata.since' },
      ],
    },
  },
};
const FIELDS = {
  phone: { type: 'text', maxLength: 20 },
  city: { type: 'text', column: 'address_city' },
  plan: { type: 'enum', values: ['free', 'team'] },
  seats: { type: 'integer' },
  since: { type: 'timestamp' },
};

type Row = Record<string, unknown> & { id: number; external_mappings: Record<string, string> };
type Answer = {
  status: number;
  json: Record<string, unknown> & { errors?: { pointer: string; detail: string }[] };
};
type StripeRecord = {
  metadata: Record<string, string>;
  phone: string | null;
  address: { city: string } | null;
};

/** The same story on a table that Twinbox makes, and on one that was there under other names. */
const STORIES = [
  { table: 'customers', fields: FIELDS, sql: null },
  {
    table: 'clients',
    fields: { name: { column: 'full_name' }, ...FIELDS, plan: { ...FIELDS.plan, column: 'tier' } },
    sql: `create table clients (id serial primary key, full_name varchar(80) not null, email text unique not null, phone varchar(20), address_city text,
      tier varchar(10), seats int check (seats > 0), since timestamptz, note text default 'n')`,
  },
];

for (const { table, fields, sql } of STORIES) {
  describe(`own fields of the table ${table}, by the whole of twinbox up`, () => {
    let made: Awaited<ReturnType<typeof createTestDatabase>>;
    const place = usePlace(() => ({ DATABASE_URL: made.url }));
    let up: Up;

    before('a database and a configuration', async () => {
      made = await createTestDatabase({ migrated: false });
      if (sql !== null) await made.db.raw(sql);
      const config = { entities: { customer: { table, fields } }, systems: SYSTEMS };
      const text = `import { defineConfig } from 'twinbox';\nexport default defineConfig(${JSON.stringify(config)});\n`;
      await writeFile(join(place.folder, 'twinbox.config.ts'), text);
      const migrated = await place.run(['migrate']);
      expect(migrated.code, migrated.stderr).to.equal(0);
      up = await place.up();
      await noLimits(up);
    });
    after('remove the database', async () => {
      const gone = up.exited;
      up.process.kill('SIGTERM');
      await gone;
      await made.db.destroy();
      await made.drop();
    });

    const send = async (method: string, path: string, body?: object): Promise<Answer> => {
      const answer = await fetch(`${up.api}/api/v1${path}`, {
        method,
        ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
      });
      return { status: answer.status, json: (await answer.json()) as Answer['json'] };
    };
    const read = async (id: number): Promise<Row> =>
      (await send('GET', `/customers/${id}`)).json as unknown as Row;
    const linked = async (id: number): Promise<string> => {
      await waitUntil(async () => (await read(id)).external_mappings['stripe'] !== undefined, {
        timeoutMs: 20_000,
        what: 'it is linked',
      });
      return (await read(id)).external_mappings['stripe'] ?? '';
    };
    const record = (externalId: string): Promise<StripeRecord> =>
      fetch(`${up.simulator}/v1/customers/${externalId}`, {
        headers: { authorization: 'Bearer sk_test_twinbox_fake' },
      }).then((answer) => answer.json() as Promise<StripeRecord>);
    const until = (what: string, holds: () => Promise<boolean>) =>
      waitUntil(holds, { timeoutMs: 20_000, what });

    const ada = {
      name: 'Ada',
      email: 'ada@example.com',
      phone: '+44 20',
      city: 'London',
      plan: 'team',
      seats: 3,
      since: '2026-01-31T12:00:00Z',
    };
    let id: number;
    let externalId: string;

    it('a customer is created with all of them, and its record has them', async () => {
      const { status, json } = await send('POST', '/customers', {
        ...ada,
        since: '2026-01-31T14:00:00.5+02:00',
      });
      expect(status, JSON.stringify(json)).to.equal(201);
      expect(json).to.include(ada);
      id = json['id'] as number;
      externalId = await linked(id);
      const { phone, address, metadata } = await record(externalId);
      expect(phone).to.equal('+44 20');
      expect(address?.city).to.equal('London');
      expect(metadata).to.include({ plan: 'team', seats: '3', since: '2026-01-31T12:00:00Z' });
    });

    it('PATCH changes what it names, and null empties it on both sides', async () => {
      const { status, json } = await send('PATCH', `/customers/${id}`, {
        city: 'Paris',
        phone: null,
        seats: null,
      });
      expect(status).to.equal(200);
      expect(json).to.include({ city: 'Paris', phone: null, seats: null, plan: 'team', name: 'Ada' });
      await until('the record has it', async () => {
        const { phone, address, metadata } = await record(externalId);
        return (
          phone === null && address?.city === 'Paris' && !('seats' in metadata) && metadata['plan'] === 'team'
        );
      });
    });

    it('PATCH with the values that are there changes nothing', async () => {
      const { version } = (await read(id)) as unknown as { version: number };
      const same = { since: '2026-01-31T12:00:00+00:00', city: ' Paris ', phone: '' };
      const { status, json } = await send('PATCH', `/customers/${id}`, same);
      expect(status, JSON.stringify(json)).to.equal(200);
      expect(json['version']).to.equal(version);
    });

    it('PUT replaces the customer: what it does not name is empty afterwards', async () => {
      const { status, json } = await send('PUT', `/customers/${id}`, {
        name: 'Ada',
        email: 'ada@example.com',
        plan: 'free',
        seats: 7,
      });
      expect(status).to.equal(200);
      expect(json).to.include({ plan: 'free', seats: 7, city: null, phone: null, since: null });
      await until('the record has it', async () => {
        const { address, metadata } = await record(externalId);
        return (
          (address?.city ?? null) === null &&
          metadata['plan'] === 'free' &&
          metadata['seats'] === '7' &&
          !('since' in metadata)
        );
      });
    });

    const WRONG: [string, object, string, string][] = [
      ['null for a required field', { name: null }, '/name', 'must be a string, not null'],
      [
        'an unknown field',
        { fax: '1' },
        '/fax',
        'is not a known field; the known fields are: name, email, phone, city, plan, seats, since',
      ],
      ['a number for a text', { phone: 5 }, '/phone', 'must be a string or null, not a number'],
      ['a text for a number', { seats: '5' }, '/seats', 'must be a whole number or null, not a string'],
      ['a part of a number', { seats: 1.5 }, '/seats', 'must be a whole number or null'],
      ['a value that the enum lacks', { plan: 'gold' }, '/plan', 'must be one of free, team'],
      [
        'a time without a zone',
        { since: '2026-01-31T12:00:00' },
        '/since',
        'must be a time with a time zone',
      ],
      ['a text that is too long', { phone: '1'.repeat(21) }, '/phone', 'must have at most 20 characters'],
      ['a list', { city: ['x'] }, '/city', 'must be a string or null, not an array'],
    ];
    for (const [what, body, pointer, detail] of WRONG) {
      it(`answers 400 to ${what}, with its pointer`, async () => {
        for (const [method, path, whole] of [
          ['PATCH', `/customers/${id}`, body],
          ['PUT', `/customers/${id}`, { ...ada, ...body }],
          ['POST', `/customers`, { ...ada, ...body }],
        ] as const) {
          const { status, json } = await send(method, path, whole);
          expect(status, method).to.equal(400);
          const [error] = json.errors ?? [];
          expect(error?.pointer, method).to.equal(pointer);
          expect(error?.detail, method).to.include(detail);
        }
      });
    }

    it('an edit at Stripe arrives, each value with its type', async () => {
      await call('POST', `${up.simulator}/_sim/dashboard/customers/${externalId}`, {
        phone: '+1 555',
        address: { city: 'Oslo' },
        metadata: { plan: 'team', seats: '12', since: '2026-03-01T00:00:00+01:00' },
      });
      await until('the row has it', async () => (await read(id))['seats'] === 12);
      expect(await read(id)).to.include({
        phone: '+1 555',
        city: 'Oslo',
        plan: 'team',
        seats: 12,
        since: '2026-02-28T23:00:00Z',
      });
    });

    it('list, feed of changes, events and OpenAPI have them', async () => {
      const list = (await send('GET', '/customers?email=ADA@example.com')).json as unknown as Row[];
      expect(list.map(({ city, seats }) => ({ city, seats }))).to.deep.equal([{ city: 'Oslo', seats: 12 }]);
      const changes = JSON.stringify((await send('GET', '/customers/changes')).json);
      expect(changes).to.include('"city":"Oslo"').and.include('"seats":12');
      const { entity } = ownCatalogue({ entities: { customer: { table, fields } } } as UserConfig);
      const document = JSON.stringify(openApiDocument(entity));
      expect(document).to.include('"seats":{').and.include('"plan":{').and.include('"free"');
      const { rows } = await made.db.raw<{ rows: { payload: { customer_data: object } }[] }>(
        `select payload from sync_events where event_type = 'customer.updated' order by id desc limit 1`,
      );
      expect(rows[0]?.payload.customer_data).to.include({
        city: 'Oslo',
        since: '2026-02-28T23:00:00Z',
        seats: 12,
      });
    });

    it('a CSV file brings them by name and by --map, and a wrong cell is named with line and column', async () => {
      const file = join(place.folder, 'people.csv');
      await writeFile(
        file,
        'Name,Email,Phone,Town,plan,Seats,since\nBo,bo@example.com,+47 1,Bergen,team,4,2026-01-01T00:00:00Z\nCy,cy@example.com,,,gold,many,\n',
      );
      const { code, stdout, stderr } = await place.run(['import', file, '--map', 'Town=city']);
      expect(code, stderr).to.equal(1);
      expect(stdout + stderr)
        .to.include('plan must be one of free, team, not "gold"')
        .and.include('seats must be a whole number, not "many"')
        .and.match(/line 3/i);
      expect(stderr).to.include('city from "Town", plan from "plan", seats from "Seats"');
      const [bo] = (await send('GET', '/customers?email=bo@example.com')).json as unknown as Row[];
      expect(bo).to.include({ phone: '+47 1', city: 'Bergen', plan: 'team', seats: 4 });
      const again = await place.run(['import', file, '--map', 'Town=city']);
      expect(again.stdout + again.stderr)
        .to.include('1 skipped')
        .and.not.include('has this email and another');
      const ofBo = await linked(bo?.id ?? 0);
      expect((await record(ofBo)).metadata).to.include({ plan: 'team', seats: '4' });
    });

    it('both sides agree, and a consumer of SQL sees the columns', async () => {
      const { code, stdout } = await place.run(['verify', '--wait', '20']);
      expect(stdout).to.include('2 customers agree, 0 drift');
      expect(code).to.equal(0);
      const { rows } = await made.db.raw<{ rows: object[] }>(
        `select address_city, seats from ${table} order by id`,
      );
      expect(rows).to.deep.equal([
        { address_city: 'Oslo', seats: 12 },
        { address_city: 'Bergen', seats: 4 },
      ]);
    });
  });
}

import { expect } from 'chai';
import { customerQuerySchemaOf } from '../../api/customer-schemas.ts';
import { openApiDocument } from '../../api/openapi.ts';
import { customer } from '../../lib/catalogue/built-in.ts';
import { filterNameProblem } from '../../lib/catalogue/config-names.ts';
import type { UserField } from '../../lib/catalogue/define-config.ts';
import { ownCatalogue } from '../support/catalogues.ts';
import { useDatabase } from '../support/database.ts';
import { startApi } from './start-api.ts';

const customers = '/api/v1/customers';

const FIELDS: Record<string, UserField> = {
  name: { indexed: true },
  email: { indexed: true },
  phone: { type: 'text', maxLength: 20, indexed: true, column: 'telephone' },
  billing: { type: 'email', maxLength: 200, indexed: true },
  plan: { type: 'enum', values: ['free', 'team'], indexed: true },
  seats: { type: 'integer', indexed: true },
  credit: { type: 'money', currency: 'currency', indexed: true },
  currency: { type: 'text', maxLength: 3 },
  rate: { type: 'decimal', scale: 2, indexed: true },
  vip: { type: 'boolean', required: true, indexed: true },
  born: { type: 'date', indexed: true },
  seen: { type: 'timestamp', indexed: true },
  parent: { type: 'reference', entity: 'customer', indexed: true },
  extra: { type: 'json' },
};

describe('the list of customers, filtered by fields', () => {
  const { entity, table } = ownCatalogue({ entities: { customer: { fields: FIELDS } } });
  const database = useDatabase({ catalogue: table });
  let api: Awaited<ReturnType<typeof startApi>>;

  before(async () => {
    api = await startApi({ db: database.db, entity });
    const full = {
      ...{ name: 'Ada', phone: '+44 20', billing: 'Bills@Example.org', plan: 'team', seats: 7, credit: -500 },
      ...{ rate: '1.5', vip: true, born: '1999-02-28', seen: '2026-01-31T12:00:00+02:00', parent: 3 },
    };
    for (const [n, values] of [
      full,
      { vip: false },
      { vip: false, plan: 'team', phone: '+44 20' },
    ].entries()) {
      const body = { name: `Customer ${n + 1}`, email: `c${n + 1}@example.org`, ...values };
      const { status, text } = await api.send('POST', customers, { body });
      expect(status, text).to.equal(201);
    }
  });
  after(() => api.server.close());

  const ids = async (query: string): Promise<number[]> => {
    const answer = await api.send('GET', customers + query);
    expect(answer.status, answer.text).to.equal(200);
    return answer.list.map(({ id }) => Number(id));
  };

  const FOUND: [query: string, ids: number[]][] = [
    ['?name=Ada', [1]],
    ['?name=ada', []],
    ['?phone=%2B44%2020', [1, 3]],
    ['?phone=+44%2020', [1, 3]],
    ['?phone=%20+44%2020%20', [1, 3]],
    ['?billing=bills@example.ORG', [1]],
    ['?plan=team', [1, 3]],
    ['?seats=7', [1]],
    ['?seats=8', []],
    ['?credit=-500', [1]],
    ['?rate=1.5', [1]],
    ['?rate=1.50', [1]],
    ['?rate=1', []],
    ['?vip=true', [1]],
    ['?vip=false', [2, 3]],
    ['?born=1999-02-28', [1]],
    ['?seen=2026-01-31T10:00:00Z', [1]],
    ['?seen=2026-01-31T05:00:00.75-05:00', [1]],
    ['?parent=3', [1]],
    ['?phone=', [2]],
    ['?phone', [2]],
    ['?plan=&seats=', [2]],
    ['?plan=team&vip=false', [3]],
    ['?plan=team&phone=%2B44%2020&vip=true&seats=7', [1]],
    ['?plan=free', []],
    ['?plan=team&email=C3@example.org', [3]],
    ['?plan=team&updated_since=2999-01-01T00:00:00Z', []],
  ];
  for (const [query, expected] of FOUND) {
    it(`${query} gives ${expected.length === 0 ? 'none' : `the customers ${expected.join(' and ')}`}`, async () => {
      expect(await ids(query)).to.deep.equal(expected);
    });
  }

  it('is read page by page, the filter and an empty one included in the Link header', async () => {
    const first = await api.send('GET', `${customers}?limit=1&plan=team&billing=&phone=%2B44%2020`);
    expect(first.list.map(({ id }) => id)).to.deep.equal([3]);
    const pages = await api.send('GET', `${customers}?limit=1&vip=false&billing=`);
    expect(pages.list.map(({ id }) => id)).to.deep.equal([2]);
    const next = /^<([^>]+)>; rel="next"$/.exec(pages.headers.get('Link') ?? '')?.[1] ?? '';
    expect(next).to.include('vip=false').and.include('billing=&').and.include('after=2');
    const last = await api.send('GET', next);
    expect(last.list.map(({ id }) => id)).to.deep.equal([3]);
    expect(last.headers.get('Link')).to.equal(null);
  });

  it('takes a text without any character, stored by another program, for no value', async () => {
    await database.db.raw(
      `update customers set telephone = '', version = version + 1, last_event_id = next_sync_event_id() where id = 2;
       select write_event('customer', 2)`,
    );
    expect(await ids('?phone=')).to.deep.equal([2]);
  });

  it('finds a time whose column has parts of a second, which the answer does not show', async () => {
    await database.db.raw(
      `update customers set seen = '2026-05-01T00:00:00.999999Z', version = version + 1, last_event_id = next_sync_event_id() where id = 2;
       select write_event('customer', 2)`,
    );
    expect(await ids('?seen=2026-05-01T00:00:00Z')).to.deep.equal([2]);
    expect(await ids('?seen=2026-05-01T00:00:01Z')).to.deep.equal([]);
  });

  const orEmpty = ', or empty for rows without a value';
  const REFUSED: [query: string, pointer: string, code: string, detail: string][] = [
    ['?plan=gold', '/plan', 'enum', `must be one of free, team${orEmpty}`],
    ['?seats=many', '/seats', 'type', `must be a whole number${orEmpty}`],
    ['?seats=9007199254740993', '/seats', 'type', `must be a whole number${orEmpty}`],
    ['?rate=1.555', '/rate', 'pattern', `must be a number with at most 2 digits after the point${orEmpty}`],
    ['?vip=yes', '/vip', 'type', 'must be true or false'],
    ['?vip=', '/vip', 'type', 'must be true or false'],
    ['?born=2026-02-30', '/born', 'format', `must be a day such as 2026-01-31${orEmpty}`],
    [
      '?seen=2026-01-31',
      '/seen',
      'format',
      `must be a time with a time zone, such as 2026-01-31T12:00:00Z${orEmpty}`,
    ],
    ['?parent=0', '/parent', 'type', `must be the id of a customer${orEmpty}`],
    [
      '?phone=123456789012345678901',
      '/phone',
      'maxLength',
      `must be a text of at most 20 characters${orEmpty}`,
    ],
    ['?phone=a%00', '/phone', 'maxLength', `must be a text of at most 20 characters${orEmpty}`],
    [
      '?billing=nobody',
      '/billing',
      'pattern',
      `must be an email address: one @, something on both sides, no spaces, at most 200 characters${orEmpty}`,
    ],
    ['?phone=1&phone=2', '/phone', 'duplicate', 'is given more than once; give it once'],
  ];
  for (const [query, pointer, code, detail] of REFUSED) {
    it(`refuses ${query} with 400, and says what is expected`, async () => {
      const { status, json, errors } = await api.send('GET', customers + query);
      expect(status).to.equal(400);
      expect(json.code).to.equal('invalid_request');
      expect(errors).to.deep.equal([{ in: 'query', pointer, code, detail }]);
    });
  }

  it('names every wrong parameter in one answer', async () => {
    const { errors } = await api.send('GET', `${customers}?limit=0&seats=x&born=y&page=2`);
    expect(errors.map(({ pointer }) => pointer)).to.have.members(['/limit', '/seats', '/born', '/page']);
  });

  it('says of a field that is not indexed how it becomes a filter, and that a json field cannot', async () => {
    const [known] = (await api.send('GET', `${customers}?currency=eur`)).errors;
    expect(known).to.include({ in: 'query', pointer: '/currency', code: 'additionalProperties' });
    expect(known?.detail).to.match(
      /^is not a known field; the known fields are: limit, after, updated_since, email, name, phone/,
    );
    expect(known?.detail).to.include(
      '; to filter by the field currency, let the configuration say indexed: true of it, and run npx twinbox migrate',
    );
    const [json] = (await api.send('GET', `${customers}?extra=1`)).errors;
    expect(json?.detail).to.include('; extra is a json field, and a list cannot be filtered by one');
    const [unknown] = (await api.send('GET', `${customers}?fax=1`)).errors;
    expect(unknown?.detail).not.to.include('indexed');
  });

  it('is described in the API document, each parameter with its type', () => {
    type Parameter = { name: string; allowEmptyValue?: boolean; schema: Record<string, unknown> };
    const paths = openApiDocument(entity)['paths'] as Record<string, { get: { parameters: Parameter[] } }>;
    const parameters = new Map(paths[customers]?.get.parameters.map((each) => [each.name, each]));
    const shown = ['seats', 'vip', 'plan', 'born', 'phone', 'rate'].map((name) => {
      const { schema = {}, allowEmptyValue = false }: Partial<Parameter> = parameters.get(name) ?? {};
      const { type, format, enum: values, maxLength } = schema;
      return [name, type, format ?? values ?? maxLength ?? null, allowEmptyValue];
    });
    expect(shown).to.deep.equal([
      ['seats', 'integer', null, true],
      ['vip', 'boolean', null, false],
      ['plan', 'string', ['free', 'team'], true],
      ['born', 'string', 'date', true],
      ['phone', 'string', 20, true],
      ['rate', 'string', null, true],
    ]);
    expect(parameters.get('phone')?.schema['description']).to.equal(
      'Only customers with this phone; empty: those without one.',
    );
    expect([...parameters.keys()].filter((name) => name === 'email')).to.have.length(1);
    expect([...parameters.keys()]).not.to.include.members(['extra', 'currency']);
  });

  it('has no parameter of its own that a field could be called', () => {
    for (const name of Object.keys(customerQuerySchemaOf({ ...customer, identity: null }).properties))
      expect(filterNameProblem(name), name).not.to.equal(null);
  });
});

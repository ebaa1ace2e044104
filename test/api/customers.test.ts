import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { freshCustomer, startApi, type Answer } from './start-api.ts';

const customers = '/api/v1/customers';

describe('the customers API', () => {
  const database = useDatabase();
  let api: Awaited<ReturnType<typeof startApi>>;

  before(async () => {
    api = await startApi({ db: database.db });
  });
  after(() => api.server.close());

  async function created(values = freshCustomer()): Promise<Answer> {
    const answer = await api.send('POST', customers, { body: values });
    expect(answer.status, answer.text).to.equal(201);
    return answer;
  }
  const at = (answer: Answer) => `${customers}/${answer.json.id}`;

  async function eventsOf(answer: Answer) {
    return await database
      .db<{ event_type: string; version: number; source: string; context: object; payload: object }>(
        'sync_events',
      )
      .where('entity_key', `customer:${answer.json.id}`)
      .orderBy('id');
  }

  it('creates a customer, answers its location, and writes its event with the request id', async () => {
    const answer = await api.send('POST', customers, {
      body: { name: 'Ada Lovelace', email: 'ada@example.org' },
      headers: { 'X-Request-Id': 'req-42', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
    });
    expect(answer.status).to.equal(201);
    expect(answer.headers.get('Location')).to.equal(at(answer));
    expect(answer.headers.get('ETag')).to.equal('"1"');
    expect(answer.headers.get('Cache-Control')).to.equal('no-store, no-transform');
    expect(answer.headers.get('X-Request-Id')).to.equal('req-42');
    expect(answer.json).to.include({ name: 'Ada Lovelace', email: 'ada@example.org', version: 1 });
    expect(answer.json.external_mappings).to.deep.equal({});
    const [event, ...more] = await eventsOf(answer);
    expect(more).to.have.length(0);
    expect(event).to.include({ event_type: 'customer.created', version: 1, source: 'internal' });
    expect(event?.context).to.include({ request_id: 'req-42' }).and.to.have.property('trace');
    expect(event?.payload).to.deep.include({
      customer_data: { id: answer.json.id, name: 'Ada Lovelace', email: 'ada@example.org' },
    });
  });

  it('stores with the event of each change whether its writer calls it bulk', async () => {
    const many = { 'Twinbox-Bulk': 'true' };
    const answer = await api.send('POST', customers, { body: freshCustomer(), headers: many });
    await api.send('PATCH', at(answer), { body: { name: 'Second' }, headers: many });
    await api.send('PUT', at(answer), { body: freshCustomer(), headers: { 'Twinbox-Bulk': 'false' } });
    await api.send('DELETE', at(answer), { headers: many });
    const bulk = (await eventsOf(answer)).map(({ context }) => (context as { bulk?: boolean }).bulk);
    expect(bulk).to.deep.equal([true, true, undefined, true]);
  });

  it('refuses any other value of Twinbox-Bulk, and writes nothing', async () => {
    const answer = await created();
    const refused = await api.send('PATCH', at(answer), {
      body: { name: 'Second' },
      headers: { 'Twinbox-Bulk': '1' },
    });
    expect(refused.status).to.equal(400);
    expect(refused.json.errors).to.deep.equal([
      {
        in: 'header',
        pointer: '/Twinbox-Bulk',
        code: 'enum',
        detail: 'must be true or false; leave it out for a single change',
      },
    ]);
    expect(await eventsOf(answer)).to.have.length(1);
  });

  it('trims values and brings them to NFC', async () => {
    const answer = await created({ name: '  Jose\u0301\u00a0', email: '\tjose\u0301@example.org\n' });
    expect(answer.json).to.include({ name: 'Jos\u00e9', email: 'jos\u00e9@example.org' });
  });

  it('strips invisible characters from both ends of an email, and finds a customer by the same rule', async () => {
    const { email } = freshCustomer();
    const answer = await created({ name: 'Copied', email: `\u202a\u200b ${email}\u202c\ufeff\u{e0020} ` });
    expect(answer.json.email).to.equal(email);
    const query = encodeURIComponent(`\u200e${email}\u200b`);
    expect((await api.send('GET', `${customers}?email=${query}`)).list[0]?.id).to.equal(answer.json.id);
  });

  it('says which invisible character an email has, and where', async () => {
    const body = { name: 'Copied', email: 'a\u200bb@example.org' };
    const answer = await api.send('POST', customers, { body });
    expect(answer.errors).to.deep.equal([
      {
        in: 'body',
        pointer: '/email',
        code: 'invisible',
        detail: 'must not contain U+200B ZERO WIDTH SPACE, which is invisible (character 2); leave it out',
      },
    ]);
    const nameless = await api.send('PATCH', at(await created()), { body: { name: '\u200b\u00ad' } });
    expect(nameless.errors[0]).to.include({ pointer: '/name', code: 'invisible' });
    const joined = await created({ ...freshCustomer(), name: 'می\u200cخواهم 👩\u200d💻' });
    expect(joined.json.name, 'joiners are part of many names').to.equal('می\u200cخواهم 👩\u200d💻');
  });

  it('shows the mapping and the reason why it is parked', async () => {
    const answer = await created();
    await database.db('external_mappings').insert({
      internal_id: answer.json.id,
      system: 'stripe',
      external_id: 'cus_shown',
      state: 'parked',
      reason: 'email_invalid',
    });
    const { json } = await api.send('GET', at(answer));
    expect(json.external_mappings).to.deep.equal({ stripe: 'cus_shown' });
    expect(json.sync?.['stripe']).to.include({ state: 'parked', reason: 'email_invalid', version: null });
    await api.send('PATCH', at(answer), { body: { name: 'After linking' } });
    expect((await eventsOf(answer)).at(-1)?.payload).to.deep.include({
      external_mappings: { stripe: 'cus_shown' },
    });
  });

  it('replaces by PUT, changes by PATCH, and raises the version by one each time', async () => {
    const first = await created();
    const second = freshCustomer();
    const put = await api.send('PUT', at(first), { body: second });
    expect(put.status).to.equal(200);
    expect(put.json).to.include({ ...second, version: 2 });
    const patch = await api.send('PATCH', at(first), { body: { name: 'Third' } });
    expect(patch.json).to.include({ name: 'Third', email: second.email, version: 3 });
    expect(patch.headers.get('ETag')).to.equal('"3"');
    const merged = await api.send('PATCH', at(first), {
      body: { name: 'Fourth' },
      headers: { 'Content-Type': 'application/merge-patch+json; charset=utf-8' },
    });
    expect(merged.json.version).to.equal(4);
    expect((await eventsOf(first)).map(({ version }) => version)).to.deep.equal([1, 2, 3, 4]);
  });

  it('answers 200 and writes nothing when no value differs', async () => {
    const values = freshCustomer();
    const first = await created(values);
    const nudges = api.nudges();
    const put = await api.send('PUT', at(first), { body: { ...values, name: `  ${values.name} ` } });
    expect(put.status).to.equal(200);
    expect(put.json.version).to.equal(1);
    expect((await api.send('PATCH', at(first), { body: { name: values.name } })).status).to.equal(200);
    expect(await eventsOf(first)).to.have.length(1);
    expect(api.nudges()).to.equal(nudges);
  });

  it('deletes with 204; afterwards every method answers 404', async () => {
    const first = await created();
    expect((await api.send('DELETE', at(first))).status).to.equal(204);
    for (const [method, body] of [
      ['GET'],
      ['DELETE'],
      ['PATCH', { name: 'x' }],
      ['PUT', freshCustomer()],
    ] as const) {
      const answer = await api.send(method, at(first), { ...(body && { body }) });
      expect(answer.status, method).to.equal(404);
      expect(answer.json.code).to.equal('customer_not_found');
    }
    expect((await eventsOf(first)).at(-1)).to.include({ event_type: 'customer.deleted', version: 2 });
    const [row] = await database
      .db<{ id: number; deleted_at: Date | null }>('customers')
      .where('id', first.json.id ?? 0);
    expect(row?.deleted_at).to.be.an.instanceOf(Date);
  });

  it('gives the email of a deleted customer to a new one', async () => {
    const values = freshCustomer();
    await api.send('DELETE', at(await created(values)));
    await created(values);
  });

  it('refuses the email of another customer with 409, in any case of letters, and names the field and that customer', async () => {
    const values = freshCustomer();
    const rival = await created(values);
    const other = await created();
    const taken = values.email.toUpperCase();
    for (const answer of [
      await api.send('POST', customers, { body: { name: 'Copy', email: taken } }),
      await api.send('PATCH', at(other), { body: { email: taken } }),
      await api.send('PUT', at(other), { body: { name: 'Copy', email: taken } }),
    ]) {
      expect(answer.status).to.equal(409);
      expect(answer.json.code).to.equal('duplicate_email');
      expect(answer.errors[0]).to.include({
        in: 'body',
        pointer: '/email',
        customer_id: rival.json.id,
      });
    }
    expect(await eventsOf(other)).to.have.length(1);
    expect((await api.send('PATCH', at(rival), { body: { email: taken } })).json.email).to.equal(taken);
  });

  describe('If-Match', () => {
    it('accepts a change with the current version, and refuses others with the current state', async () => {
      const first = await created();
      const headers = { 'If-Match': '"1"' };
      expect((await api.send('PATCH', at(first), { body: { name: 'Two' }, headers })).status).to.equal(200);
      const rest = { PUT: freshCustomer(), PATCH: { name: 'Three' }, DELETE: undefined };
      for (const [method, body] of Object.entries(rest)) {
        const answer = await api.send(method, at(first), { ...(body && { body }), headers });
        expect(answer.status, method).to.equal(412);
        expect(answer.headers.get('ETag')).to.equal('"2"');
        expect(answer.json).to.include({ code: 'version_mismatch', status: 412 });
        expect(answer.json.current).to.include({ name: 'Two', version: 2 });
      }
      const deleted = await api.send('DELETE', at(first), { headers: { 'If-Match': '"2"' } });
      expect(deleted.status).to.equal(204);
    });

    it('takes * to mean: if the customer exists', async () => {
      const first = await created();
      const headers = { 'If-Match': '*' };
      expect((await api.send('PATCH', at(first), { body: { name: 'Any' }, headers })).status).to.equal(200);
      expect((await api.send('DELETE', `${customers}/999999`, { headers })).status).to.equal(404);
    });

    it('answers 412 to an old version even if the values are equal, and to an unknown tag', async () => {
      const first = await created();
      await api.send('PATCH', at(first), { body: { name: 'Two' } });
      for (const tag of ['"1"', '"abc"', '""', '"99999999999999999999"', '"01"']) {
        const headers = { 'If-Match': tag };
        const answer = await api.send('PATCH', at(first), { body: { name: 'Two' }, headers });
        expect(answer.status, tag).to.equal(412);
      }
    });

    const seen = ['"1"', 'W/"1"', '"1-gzip"', '"1"-gzip', '"1;gzip"', '"1";gzip', '"1-br"', '"1"-br'];
    for (const tag of [...seen, 'W/"1-gzip"', '"1--gzip"', '"1-deflate"', '"7", "1"', ', "0",W/"1" ,']) {
      it(`takes ${tag} as version 1, whatever proxies lie between the caller and us`, async () => {
        const first = await created();
        const headers = { 'If-Match': tag };
        const changed = await api.send('PATCH', at(first), { body: { name: 'Two' }, headers });
        expect(changed.status, changed.text).to.equal(200);
        const late = await api.send('PATCH', at(first), { body: { name: 'Three' }, headers });
        expect(late.status).to.equal(412);
        expect((await api.send('DELETE', at(first), { headers })).status).to.equal(412);
        const both = { 'If-Match': `${tag.replace(/,$/, '')}, "2"` };
        expect((await api.send('DELETE', at(first), { headers: both })).status).to.equal(204);
      });
    }

    for (const tag of ['"10"', '"1-gzipped"', '"1-"', '"1 "x', 'w/"1"', '"-1"', '"1-gzip-br"']) {
      it(`does not take ${tag} as version 1`, async () => {
        const first = await created();
        const headers = { 'If-Match': tag };
        const answer = await api.send('PATCH', at(first), { body: { name: 'Two' }, headers });
        expect(answer.status, answer.text).to.be.oneOf([400, 412]);
      });
    }

    for (const tag of ['1', '"1', '', ',', 'W/*', '*, "1"', '"1" x', '"1" "2"', '"1"-zip', "'1'"]) {
      it(`refuses ${tag || 'an empty one'} with 400`, async () => {
        const first = await created();
        const asked = { body: { name: 'x' }, headers: { 'If-Match': tag } };
        const answer = await api.send('PATCH', at(first), asked);
        expect(answer.status).to.equal(400);
        expect(answer.errors[0]).to.include({ in: 'header', pointer: '/If-Match' });
      });
    }

    it('never makes a 304, since linking changes a customer without a new version', async () => {
      const first = await created();
      const headers = { 'If-None-Match': '"1"', 'Cache-Control': 'max-age=60' };
      expect((await api.send('GET', at(first), { headers })).status).to.equal(200);
    });
  });

  it('answers HEAD like GET without a body', async () => {
    const first = await created();
    const [head, get] = [await api.send('HEAD', at(first)), await api.send('GET', at(first))];
    expect(head.status).to.equal(200);
    expect(head.text).to.equal('');
    expect(head.headers.get('Content-Length')).to.equal(String(Buffer.byteLength(get.text)));
  });

  it('logs a line per request with its route and its time, and never a name or an email', async () => {
    const values = { name: 'Zacharias Unlogged', email: 'unlogged@example.org' };
    const first = await created(values);
    await api.send('GET', `${customers}?email=${values.email}`);
    await api.send('POST', customers, { body: values });
    const id = first.headers.get('X-Request-Id');
    const line = api.lines.find(({ fields }) => fields['request_id'] === id);
    expect(line?.fields).to.include({ method: 'POST', route: '/api/v1/customers', status: 201 });
    expect(line?.fields['ms']).to.be.a('number');
    expect(JSON.stringify(api.lines)).not.to.match(/unlogged/i);
  });
});

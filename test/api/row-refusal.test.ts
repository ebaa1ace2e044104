import { expect } from 'chai';
import { useTwoWay, linkedPair } from '../support/two-way.ts';
import { removeRules, triggerSql } from '../support/table-rules.ts';
import { conflictsOf } from '../support/sync-rows.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, startApi } from './start-api.ts';

const customers = '/api/v1/customers';
const one = `${customers}/{id}`;

describe('a write that a rule of the table customers refuses, at the API', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    api = await startApi({ db: world.db, clock: world.clock });
  });
  afterEach(async () => {
    await api.server.close();
    await removeRules(world.db);
  });

  it('is answered 400 with the rule and the field for a check, for every kind of write', async () => {
    const { id } = await world.create();
    await world.db.raw(`alter table customers add constraint name_short check (length(name) <= 20)`);
    const body = { name: 'A name of twenty-two ..', email: 'long@example.com' };
    const answers = [
      await api.send('POST', customers, { body, headers: { 'Twinbox-Bulk': 'true' } }),
      await api.send('PUT', `${customers}/${id}`, { body }),
      await api.send('PATCH', `${customers}/${id}`, { body: { name: body.name } }),
    ];
    for (const [at, answer] of answers.entries()) {
      expectProblem(answer, 400, 'row_refused');
      expectDescribed(['post', 'put', 'patch'][at] ?? '', at === 0 ? customers : one, answer);
      expect(answer.json).to.deep.include({
        rule: 'name_short',
        kind: 'check',
        columns: ['name'],
        sqlstate: '23514',
      });
      expect(answer.errors[0]).to.include({ in: 'body', pointer: '/name', code: 'check' });
      expect(answer.text).not.to.include('twenty-two');
    }
  });

  it('is answered 409 where another row conflicts, without a value of that row', async () => {
    const { id } = await world.create({ name: 'Secret twin' });
    await world.db.raw(`alter table customers add constraint name_once unique (name)`);
    const answer = await api.send('POST', customers, {
      body: { name: 'Secret twin', email: 'twin@example.com' },
    });
    expectProblem(answer, 409, 'row_conflicts');
    expectDescribed('post', customers, answer);
    expect(answer.json).to.deep.include({ rule: 'name_once', kind: 'unique', columns: ['name'] });
    expect(answer.text).not.to.include('Secret');
    expect((await api.send('GET', `${customers}/${id}`)).json).to.include({ version: 1 });
  });

  it('is answered with the message of the trigger, also for a delete', async () => {
    const { id } = await world.create({ name: 'Ada' });
    await world.db.raw(
      triggerSql(
        'kept',
        `if new.deleted_at is not null then raise exception 'has 2 open bills'; end if; return new;`,
      ),
    );
    const answer = await api.send('DELETE', `${customers}/${id}`);
    expectProblem(answer, 400, 'row_refused');
    expectDescribed('delete', one, answer);
    expect(answer.json).to.include({ rule: 'kept()', kind: 'trigger' });
    expect(answer.json['detail']).to.match(/kept\(\).*It says: has 2 open bills/);
    expect((await api.send('GET', `${customers}/${id}`)).status).to.equal(200);
  });

  it('is answered 409 row_swallowed where a trigger returns null, and not 503', async () => {
    const { id } = await world.create({ name: 'Ada' });
    await world.db.raw(triggerSql('quiet', 'return null;'));
    const answers = [
      await api.send('POST', customers, { body: { name: 'New', email: 'new@example.com' } }),
      await api.send('PATCH', `${customers}/${id}`, { body: { name: 'Other' } }),
      await api.send('DELETE', `${customers}/${id}`),
    ];
    for (const answer of answers) {
      expectProblem(answer, 409, 'row_swallowed');
      expect(answer.json).to.include({ kind: 'swallowed', rule: 'quiet' });
    }
    expect((await api.send('PATCH', `${customers}/${id}`, { body: { name: 'Ada' } })).status).to.equal(200);
  });

  it('is logged as a refusal that names the rule and no value', async () => {
    await world.db.raw(triggerSql('closed', `raise exception 'no %', new.name;`));
    await api.send('POST', customers, { body: { name: 'Secret', email: 'secret@example.com' } });
    const logged = api.lines.filter(({ level }) => level !== 'debug');
    expect(logged.map(({ level, message }) => [level, message])).to.deep.equal([
      ['info', 'row refused by the table'],
    ]);
    expect(logged[0]?.fields).to.include({ rule: 'closed()', kind: 'trigger', sqlstate: 'P0001' });
    expect(JSON.stringify(api.lines)).not.to.match(/secret/i);
  });

  it('answers the row with the values that the triggers of the table gave it', async () => {
    await world.db.raw(triggerSql('tidy', 'new.name := initcap(new.name); return new;'));
    const answer = await api.send('POST', customers, {
      body: { name: 'ada king', email: 'ada@example.com' },
    });
    expect(answer.json).to.include({ name: 'Ada King' });
    await world.rest();
    expect(world.simulator.customers().map(({ name }) => name)).to.deep.equal(['Ada King']);
  });

  it('refuses the reversal of a conflict, too', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
    await world.deliver();
    await world.receiveInbound();
    await world.update(id, { name: 'Ours' });
    await world.rest();
    await world.db.raw(`alter table customers add constraint not_theirs check (name <> 'Theirs')`);
    const [conflict] = (await api.send('GET', '/api/v1/conflicts')).list;
    const path = `/api/v1/conflicts/${String(conflict?.['id'])}/reverse`;
    const answer = await api.send('POST', path);
    expectProblem(answer, 400, 'row_refused');
    expectDescribed('post', '/api/v1/conflicts/{id}/reverse', answer);
    expect(answer.json).to.include({ rule: 'not_theirs' });
    await world.db.raw(`alter table customers drop constraint not_theirs`);
    await world.db.raw(triggerSql('quiet', 'return null;'));
    expectProblem(await api.send('POST', path), 409, 'row_swallowed');
    await removeRules(world.db);
    expect((await api.send('POST', path)).status).to.equal(200);
    await world.rest();
    expect(await conflictsOf(world.db, id)).to.have.length(1);
  });
});

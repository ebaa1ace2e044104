import { expect } from 'chai';
import type { ExternalRecord, ListWindow } from '../../../../lib/integrations/integration.ts';
import { failureOf, openAnsweringServer } from './answering.ts';
import { openSimulator } from './harness.ts';

// Whether a deleted customer still works as a cursor is not documented, so both are tried.
for (const deletedCursors of [true, false]) {
  describe(`listing customers where a deleted one is ${deletedCursors ? 'still a' : 'no longer a'} cursor`, () => {
    const open = async (count: number, secondsApart: number) => {
      const harness = await openSimulator({ rules: { deletedCursors } });
      const ids: string[] = [];
      for (let index = 0; index < count; index += 1) {
        if (secondsApart > 0) harness.simulator.clock.advance(secondsApart * 1000);
        ids.unshift(harness.simulator.dashboard.createCustomer({ name: `Customer ${index}` }).id);
      }
      return { ...harness, ids };
    };

    for (const [secondsApart, when] of [
      [60, 'minutes apart'],
      [0, 'in the same second'],
    ] as const) {
      it(`gives all of 250 customers made ${when}, once`, async () => {
        const { connect, ids, close } = await open(250, secondsApart);
        const listed = await collect(connect().list({}));
        expect(listed).to.have.length(250);
        if (secondsApart > 0) expect(listed).to.deep.equal(ids);
        expect(new Set(listed)).to.deep.equal(new Set(ids));
        await close();
      });

      it(`is complete though the last of each page is deleted while paging, of 350 made ${when}`, async () => {
        const { simulator, connect, ids, close } = await open(350, secondsApart);
        const listed: string[] = [];
        const deleted: string[] = [];
        for await (const page of connect().list({})) {
          listed.push(...page.map(({ externalId }) => externalId));
          for (const { externalId } of page.slice(-2)) {
            simulator.dashboard.deleteCustomer(externalId);
            deleted.push(externalId);
          }
        }
        expect(new Set(listed).size).to.equal(listed.length, 'none twice');
        expect(new Set(listed)).to.deep.equal(new Set(ids));
        expect(deleted.length).to.be.at.least(6);
        await close();
      });
    }

    it('keeps to its window when it has to start again', async () => {
      const { simulator, connect, ids, close } = await open(300, 60);
      const oldest = simulator.customers().find(({ id }) => id === ids[250]);
      const youngest = simulator.customers().find(({ id }) => id === ids[20]);
      if (!oldest || !youngest) throw new Error('they were made');
      const window: ListWindow = {
        createdFrom: new Date(oldest.created * 1000 + 999),
        createdTo: new Date(youngest.created * 1000),
      };
      const listed: string[] = [];
      for await (const page of connect().list(window)) {
        listed.push(...page.map(({ externalId }) => externalId));
        const last = page.at(-1);
        if (last) simulator.dashboard.deleteCustomer(last.externalId);
      }
      expect(listed).to.deep.equal(ids.slice(20, 251));
      await close();
    });
  });
}

describe('listing customers', () => {
  it('asks for pages of 100, and for no page after the last', async () => {
    const { simulator, connect, close } = await openSimulator();
    for (let index = 0; index < 100; index += 1) simulator.dashboard.createCustomer({ name: `C${index}` });
    const pages: ExternalRecord[][] = [];
    for await (const page of connect().list({})) pages.push(page);
    expect(pages.map(({ length }) => length)).to.deep.equal([100, 0]); // the second is that of the test clocks
    const asked = simulator.ledger.entries({ method: 'GET', source: 'api' }).map(({ path }) => path);
    expect(asked).to.deep.equal(['/v1/customers', '/v1/test_helpers/test_clocks']);
    await close();
  });

  it('gives nothing for an empty account', async () => {
    const { connect, close } = await openSimulator();
    expect(await collect(connect().list({}))).to.deep.equal([]);
    await close();
  });

  it('stops with an error at a failure in the middle: the window is not complete', async () => {
    const { simulator, connect, close } = await openSimulator();
    for (let index = 0; index < 150; index += 1) simulator.dashboard.createCustomer({ name: `C${index}` });
    simulator.faults.add({ kind: 'error_before_effect', method: 'GET', nth: 2, stored: false });
    const integration = connect();
    expect(await failureOf(integration, () => collect(integration.list({})))).to.include({
      kind: 'indeterminate',
    });
    await close();
  });

  it('ends where a server gives the same page again and again', async () => {
    const server = await openAnsweringServer();
    server.answer({
      body: { object: 'list', has_more: true, data: [{ object: 'customer', id: 'cus_1', created: 7 }] },
    });
    const integration = server.connect();
    const failure = await failureOf(integration, () => collect(integration.list({})));
    expect(failure).to.include({ code: 'unexpected_answer' });
    await server.close();
  });
});

async function collect(pages: AsyncIterable<ExternalRecord[]>): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of pages) ids.push(...page.map(({ externalId }) => externalId));
  return ids;
}

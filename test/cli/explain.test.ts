import { expect } from 'chai';
import { databaseUrl } from '../../db/server/server.ts';
import { explainedPairs } from '../support/explained.ts';
import { normalise, readExamples, writeExample } from '../support/explained-page.ts';
import { testServerUrl } from '../support/server.ts';
import { fakeKey } from '../support/sync.ts';
import { mappingOf } from '../support/sync-rows.ts';
import { linkedPair, useTwoWay } from '../support/two-way.ts';
import { showWorker } from '../support/workers-shown.ts';
import { runHere } from './in-process.ts';
import { usePlace } from './twinbox.ts';
import { writesPages } from '../support/environment.ts';

type Printed = { pairs: Record<string, unknown>[] } & Record<string, unknown>;

describe('twinbox explain', () => {
  const world = useTwoWay({ policy: { looksBeforeCreate: true } });
  let url = '';
  beforeEach('a worker shows that it lives', async () => {
    await showWorker(world.db);
    type Named = { rows: { name: string }[] };
    const { rows } = await world.db.raw<Named>('select current_database() as name');
    url = databaseUrl(await testServerUrl(), rows[0]?.name ?? '');
  });
  const place = usePlace(() => ({
    ...{ DATABASE_URL: url, STRIPE_SECRET_KEY: fakeKey, STRIPE_API_BASE: world.simulator.url },
  }));

  describe('prints what docs/explain.md shows', () => {
    for (const [at, [state, make]] of Object.entries(explainedPairs).entries())
      it(`for a pair that is ${state}`, async () => {
        const id = await make(world);
        const read = state === 'conflicting' ? ['--read'] : [];
        const args = ['explain', 'customer', String(id), ...read];
        const { code, stdout, stderr } = await place.run(args);
        expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
        const printed = { command: args.join(' '), output: stdout };
        // WRITE_PAGE=1 writes the page again; a person has to review the new text.
        if (writesPages()) await writeExample(at, printed);
        const example = (await readExamples())[at];
        expect(normalise(example?.command ?? '')).to.equal(normalise(printed.command));
        expect(normalise(example?.output ?? '')).to.equal(normalise(stdout));
        if (state === 'conflicting') await world.rest();
      });
  });

  it('prints one object with the same facts as JSON', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Ada', email: 'ada@example.com' });
    const { code, stdout } = await place.run(['explain', 'record', externalId, '--json', '--read']);
    expect(code).to.equal(0);
    expect(stdout).not.to.include(fakeKey);
    const printed = JSON.parse(stdout) as Printed;
    expect(printed).to.deep.include({ found: true, open_conflicts: 0, not_received: [], unmatched: [] });
    expect(printed['customer']).to.include({ id, version: 1, deleted_at: null });
    expect(printed.pairs).to.have.length(1);
    expect(printed.pairs[0]).to.deep.include({
      last_request: { operation: 'create', version: 1, result: 'done' },
      ...{ system: 'stripe', customer: id, external_id: externalId, role: 'primary', state: 'linked' },
      ...{ reason: null, why: null, decision: null, our_version: 1, sent_version: 1, to_do: false },
      ...{ attempts: 0, next_attempt_at: null, last_error: null, open_deliveries: [] },
      ...{ read: { state: 'present' }, rung: 'agreement', not_now: [], can_do: [] },
      effect: { would: 'nothing', why: 'both sides agree' },
      fields: ['name', 'email'].map((field) => {
        const value = field === 'name' ? 'Ada' : 'ada@example.com';
        const both = { ours: value, theirs_known: value, theirs_read: value };
        return { field, ...both, left_because: null, differs: false };
      }),
    });
  });

  it('calls no external system unless --read is given, and shows no control character', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Ada\u202eecila' });
    const { id: mapping } = await mappingOf(world.db, id);
    const nowhere = { STRIPE_API_BASE: 'http://127.0.0.1:1' };
    const calls = world.calls().length;
    const known = await place.run(['explain', 'mapping', String(mapping)], { env: nowhere });
    expect(known).to.include({ code: 0, stderr: '' });
    expect(known.stdout).to.include('name   Ada\\u202eecila').and.not.include('\u202e');
    expect(world.calls().length).to.equal(calls);
    const read = await place.run(['explain', 'customer', String(id), '--read'], { env: nowhere });
    expect(read.code).to.equal(2);
    expect(read.stderr).to.include(`${externalId} could not be read: connection_refused`);
    expect(read.stdout).to.include('state      linked');
  });

  it('ends with 1 where nothing is found, and with 2 for wrong arguments', async () => {
    for (const [kind, id, says] of [
      ['record', 'cus_unheard', 'No pair has the record cus_unheard.'],
      ['mapping', '987654', 'No mapping has the number 987654.'],
    ] as const) {
      const { code, stderr, stdout } = await place.run(['explain', kind, id]);
      expect({ code, stdout }, kind).to.deep.equal({ code: 3, stdout: '' });
      expect(stderr).to.include(says);
    }
    const asData = await place.run(['explain', 'customer', '987654', '--json']);
    expect(asData.stderr).to.include('No customer has the id 987654.');
    expect({ code: asData.code, found: JSON.parse(asData.stdout) as object }).to.deep.equal({
      ...{ code: 3, found: { found: false } },
    });
    for (const args of [
      ['explain'],
      ['explain', 'customer'],
      ['explain', 'customer', 'x'],
      ['explain', 'customer', '0'],
      ['explain', 'mapping', '1.5'],
      ['explain', 'record', 'two words'],
      ['explain', 'invoice', '1'],
      ['explain', 'customer', '1', '--system', 'adyen'],
    ])
      expect((await runHere(...args)).code, args.join(' ')).to.equal(2);
  });
});

import { expect } from 'chai';
import { readResults } from '../../../db/mappings/results.ts';
import { countMappings } from '../../../db/health/reports.ts';
import { describeResult } from '../../../lib/operations/results.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';
import { resolutionsOf } from '../../support/resolutions.ts';

describe('what came of a decision', () => {
  const world = useTwoWay();

  it('says of a record that could not be taken which one was tried, and why it was not taken', async () => {
    const { id } = await linkedPair(world, { name: 'Ada', email: 'ada@results.example' });
    world.simulator.reset();
    await world.update(id, { name: 'Ada King' });
    await world.rest();
    const pair = await mappingOf(world.db, id);
    const operations = resolutionsOf(world);
    const asked = { action: 'record', externalId: 'cus_nowhere', actor: 'ops', why: null } as const;
    expect(await operations.resolve(pair.id, asked)).to.include({ outcome: 'decided' });
    await world.rest();
    const [result] = await readResults(world.db, [pair.id]);
    if (!result) throw new Error('no result');
    expect(result).to.include({ tried: 'cus_nowhere', why: 'missing' });
    expect(describeResult(result)).to.match(
      /^(parked|waits): \w+; cus_nowhere was tried, and Stripe has no such record \(missing\)$/,
    );
  });

  it('has no result yet for a pair that waits for its turn in a replay', async () => {
    const { id } = await linkedPair(world, { name: 'Ada', email: 'ada@turn.example' });
    await world.rest();
    const pair = await mappingOf(world.db, id);
    const counts = { pairs: 1, deliveries: 1, queued: 1 };
    const asked = {
      plan_hash: 'a',
      selection: '{}',
      rate: 1,
      stop_share: 0.5,
      actor: 'ops',
      reason: 'a test',
    };
    const [job] = await world
      .db('replay_jobs')
      .insert({ ...asked, ...counts, created_at: new Date(), paced_at: new Date() })
      .returning<{ id: number }[]>('id');
    await world.db('replay_items').insert({ job_id: job?.id, place: 1, mapping_id: pair.id, event_ids: [] });
    expect((await readResults(world.db, [pair.id]))[0]).to.include({ settled: false });
    await world.db('replay_items').update({ state: 'done' });
    expect((await readResults(world.db, [pair.id]))[0]).to.include({ settled: true });
  });

  it('counts the pairs that live, and those that have ended apart', async () => {
    await linkedPair(world, { name: 'Ada', email: 'ada@counts.example' });
    const { id } = await linkedPair(world, { name: 'Bea', email: 'bea@counts.example' });
    await world.remove(id);
    await world.rest();
    expect(await countMappings(world.db)).to.deep.equal([
      { system: 'stripe', linked: 1, mappings: 1, ended: 1, aliases: 0, dirty: 0 },
    ]);
  });
});

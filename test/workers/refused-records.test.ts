import { expect } from 'chai';
import { textOf } from '../../lib/bus/value.ts';
import type { Message } from '../../lib/bus/bus.ts';
import { createInProcessBus } from '../../lib/bus/in-process.ts';
import { readRefusedCounts } from '../../db/health/refused-counts.ts';
import { topics } from '../../lib/events/routing.ts';
import { newEventId } from '../../lib/uuid.ts';
import { subscribeInbound, subscribeOutbound } from '../../workers/receiver.ts';
import { useSync } from '../support/sync.ts';

const DAY_MS = 86_400_000;

describe('a record that does not belong on its topic', () => {
  const world = useSync();

  function record(topic: string, fields: Record<string, unknown>): Message {
    const eventId = newEventId(world.clock.now());
    const common = { schema_version: 1, event_id: eventId, timestamp: world.clock.now().toISOString() };
    const value = JSON.stringify({ ...common, version: null, ...fields });
    return { topic, key: 'k', value, headers: {}, eventId, syncEventId: 1 };
  }
  const external = (source: string, event: Record<string, unknown>) =>
    record(topics.inbound, { event_type: `${source}.customer.updated`, source, external: event });
  const readable = { id: 'cus_1', kind: 'updated', account: 'acct_1' };

  async function openBus() {
    const bus = createInProcessBus();
    const listener = { deps: world.deps, wake: () => undefined };
    await subscribeOutbound(bus, listener, 'test');
    await subscribeInbound(bus, [listener], 'test', world.deps.log);
    return bus;
  }
  async function notices(): Promise<[string, string][]> {
    const { rows } = await world.db.raw<{ rows: { target: string; reason: string }[] }>(
      `select payload #>> '{parked,target}' as target, payload #>> '{parked,reason}' as reason
       from sync_events where event_type = 'delivery.parked' order by id`,
    );
    return rows.map(({ target, reason }) => [target, reason]);
  }

  it('is reported with the reason', async () => {
    const bus = await openBus();
    await bus.publish([
      external('other', readable),
      external('stripe', { ...readable, kind: 'wobbled' }),
      { ...external('stripe', readable), topic: topics.outbound },
      external('stripe', readable),
    ]);
    expect(await notices()).to.have.deep.members([
      [topics.inbound, 'unknown_source'],
      [topics.inbound, 'invalid_envelope'],
      [topics.outbound, 'unexpected_external'],
    ]);
  });

  it('is refused when another installation names itself, in the value or by a header, and accepted without a name', async () => {
    const bus = await openBus();
    const { instanceId } = world.deps.policy;
    const named = (installation: string) => ({ ...readable, id: `cus_${installation}`, installation });
    const inValue = (installation: string): Message => {
      const message = external('stripe', named(installation));
      return { ...message, value: textOf(message.value).replace('{', `{"installation":"${installation}",`) };
    };
    const byHeader = { ...external('stripe', readable), headers: { ce_installation: 'another2' } };
    await bus.publish([inValue('another1'), byHeader, inValue(instanceId), external('stripe', readable)]);
    expect(await notices()).to.deep.equal([
      [topics.inbound, 'other_installation'],
      [topics.inbound, 'other_installation'],
    ]);
    expect(await world.db('external_mappings').select('external_id')).to.have.deep.members([
      { external_id: `cus_${instanceId}` },
      { external_id: 'cus_1' },
    ]);
    const [counted, ...others] = await readRefusedCounts(world.db, world.clock.now());
    expect(others).to.deep.equal([]);
    expect(counted).to.include({ topic: topics.inbound, reason: 'other_installation', records: 2 });
  });

  it('is counted from one again after a week without any, and is shown until then', async () => {
    const bus = await openBus();
    await bus.publish([external('other', readable)]);
    const shown = async () =>
      (await readRefusedCounts(world.db, world.clock.now())).map(({ records }) => records);
    world.advance(6 * DAY_MS);
    await bus.publish([external('other', readable)]);
    expect(await shown()).to.deep.equal([2]);
    world.advance(8 * DAY_MS);
    expect(await shown()).to.deep.equal([]);
    await bus.publish([external('other', readable)]);
    expect(await shown()).to.deep.equal([1]);
  });

  it('is reported once when its page is published again', async () => {
    const bus = await openBus();
    const page = [external('other', readable)];
    await bus.publish(page);
    await bus.publish(page);
    expect(await notices()).to.have.length(1);
  });

  it('holds the reading back until its notice is written', async () => {
    const bus = await openBus();
    await world.db.raw('alter table sync_events rename to sync_events_away');
    try {
      const error: unknown = await bus
        .publish([external('other', readable)])
        .catch((reason: unknown) => reason);
      expect(error).to.include({ code: 'handler_failed', retryable: true });
    } finally {
      await world.db.raw('alter table sync_events_away rename to sync_events');
    }
    expect(await notices()).to.deep.equal([]);
  });
});

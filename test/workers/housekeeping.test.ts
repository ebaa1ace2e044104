import { expect } from 'chai';
import { withTransaction } from '../../db/server/connection.ts';
import { recordAction } from '../../db/operator-actions.ts';
import { createHousekeeping, type HousekeepingStatus } from '../../workers/housekeeping.ts';
import type { LaneStatus } from '../../workers/lane.ts';
import { rolesOfWorkers } from '../../workers/readiness.ts';
import { useSync } from '../support/sync.ts';

describe('the reports of a process that runs workers', () => {
  const lane: LaneStatus = { system: 'stripe', bound: true, stopped: null, inHand: 3 };
  const house: HousekeepingStatus = { receivedFromTable: 0, goesOn: true, failures: 0 };
  const look = (
    changes: { lane?: Partial<LaneStatus>; house?: Partial<HousekeepingStatus>; bus?: string | null } = {},
  ): Record<string, unknown> => {
    const status = () => ({
      lanes: [{ ...lane, ...changes.lane }],
      housekeeping: { ...house, ...changes.house },
    });
    const roles = rolesOfWorkers({ status }, { health: () => ({ problem: changes.bus ?? null }) }, {});
    return Object.fromEntries(roles.map((role) => [role.name, role.look()]));
  };

  it('name what is being worked on, and no problem where there is none', () => {
    expect(look()).to.deep.equal({
      worker: { state: '3 in hand', problem: null },
      housekeeping: { problem: null },
    });
  });

  it('name a lane that is stopped, or else a bus that does not answer', () => {
    expect(look({ lane: { stopped: 'another account' }, bus: 'Kafka is away' })['worker']).to.include({
      problem: 'another account',
    });
    expect(look({ bus: 'Kafka is away' })['worker']).to.include({ problem: 'Kafka is away' });
  });

  it('are missing for housekeeping that stands still, and name a housekeeping that fails again and again', () => {
    expect(look({ house: { goesOn: false } })['housekeeping']).to.equal(null);
    expect(look({ house: { failures: 2 } })['housekeeping']).to.deep.equal({ problem: null });
    expect(look({ house: { failures: 3 } })['housekeeping']).to.deep.equal({
      problem: 'its last 3 rounds failed: see the log',
    });
  });
});

describe('a round of housekeeping', () => {
  const world = useSync();
  const options = { retentionDays: 35, groupId: 'test', bus: { progress: () => Promise.resolve(null) } };
  const unbound = { status: () => ({ bound: false }) };
  const round = (bus = options.bus) =>
    createHousekeeping([{ deps: world.deps, wake: () => undefined, lane: unbound }], { ...options, bus });

  it('logs at warn what people requested by commands that have ended', async () => {
    await withTransaction(world.db, (tx) =>
      recordAction(tx, {
        ...{ action: 'pause', system: 'stripe', actor: 'cli:ada on here', reason: 'month end' },
        ...{ detail: { was_paused: false }, at: world.clock.now() },
      }),
    );
    const house = round();
    await house.runOnce();
    expect(world.log.filter(({ event }) => event === 'operator.pause')).to.have.length(1);
    expect(house.status()).to.deep.equal({ receivedFromTable: 0, goesOn: true, failures: 0 });
  });

  it('counts the rounds in a row that failed, until one succeeds', async () => {
    // The relay has published an event, so that the bus is asked how far it is received.
    await world.db.raw(`insert into relay_cursor (seen, floor, system_identifier, timeline, address_hash)
                        values (pg_current_snapshot(), 1000000, 1, 1, '')`);
    let away = true;
    const house = round({
      progress: () => (away ? Promise.reject(new Error('Kafka is away')) : Promise.resolve(null)),
    });
    for (const failures of [1, 2]) {
      await house.runOnce().catch(() => undefined);
      expect(house.status()).to.include({ failures });
    }
    away = false;
    await house.runOnce();
    expect(house.status()).to.include({ failures: 0 });
    await world.db('relay_cursor').delete();
  });
});

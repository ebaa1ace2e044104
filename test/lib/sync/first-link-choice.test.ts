import { expect } from 'chai';
import { planFirstLink } from '../../../lib/operations/link-plan.ts';
import type { LinkPlan } from '../../../lib/operations/planned-link.ts';
import { standsOf } from '../../support/choice.ts';
import { consentToAll, waitingRow } from '../../support/first-link.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { subscribe } from '../../support/subscriptions.ts';
import { useTwoWay } from '../../support/two-way.ts';

describe('the first link of a row that several records ask for', () => {
  const world = useTwoWay();
  const there = (email = 'ada@example.com', metadata: Record<string, string> = {}): string => {
    world.advance(1_000);
    return world.simulator.dashboard.createCustomer({ name: 'Ada', email, metadata }).id;
  };
  const row = () => waitingRow(world, { name: 'Ada', email: 'ada@example.com' });
  const chosen = (plan: LinkPlan) =>
    [...plan.pairs.values()].map(({ externalId, over }) => [externalId, over]);

  it('takes the younger one where only that has a living subscription, and the plan says why', async () => {
    const { id } = await row();
    const [old, paid] = [there(), there()];
    await subscribe(world, paid);
    const plan = await planFirstLink(world.deps);
    expect(chosen(plan)).to.deep.equal([[paid, [{ externalId: old, by: 'subscription' }]]]);
    expect(plan.aliases).to.deep.equal([{ externalId: old, customer: id, by: 'subscription' }]);
    await consentToAll(world);
    await world.rest();
    expect(await standsOf(world, id)).to.have.members([`${paid} primary linked`, `${old} alias alias`]);
    await expectAgreement(world);
  });

  it('takes the one that was active later, and else the older one', async () => {
    await row();
    const [old, used, young] = [there(), there(), there()];
    world.advance(60_000);
    world.simulator.dashboard.updateCustomer(used, { phone: '1' });
    await world.deliver();
    const plan = await planFirstLink(world.deps);
    expect(chosen(plan)).to.deep.equal([
      [
        used,
        [
          { externalId: old, by: 'activity' },
          { externalId: young, by: 'activity' },
        ],
      ],
    ]);
    await world.rest();
  });

  it('takes the one that bears the row’s owner tag, whatever the others are', async () => {
    const { createdEventId } = await row();
    const [paid, tagged] = [
      there(),
      there('ada@example.com', { [`twinbox_${world.deps.policy.instanceId}`]: createdEventId }),
    ];
    await subscribe(world, paid);
    expect(chosen(await planFirstLink(world.deps))).to.deep.equal([
      [tagged, [{ externalId: paid, by: 'mark' }]],
    ]);
  });

  it('reads only records that share a row', async () => {
    await row();
    await waitingRow(world, { name: 'Bo', email: 'bo@example.com' });
    const shared = [there(), there()];
    there('bo@example.com');
    const before = world.simulator.ledger.entries({ source: 'api', method: 'GET' }).length;
    await planFirstLink(world.deps);
    const paths = world.simulator.ledger
      .entries({ source: 'api', method: 'GET' })
      .slice(before)
      .flatMap(({ path }) => /^\/v1\/customers\/(\w+)/.exec(path)?.[1] ?? []);
    expect(paths).to.have.members(shared);
  });
});

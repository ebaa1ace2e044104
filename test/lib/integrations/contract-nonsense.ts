// A system that answers nonsense in every call, with and without doing what it was asked: no answer is
// believed, none is taken for a deletion, and no call is said to have had no effect.
import { expect } from 'chai';
import type { Failure, Integration } from '../../../lib/integrations/integration.ts';
import { NONSENSE, openBreakingProxy, type BreakingProxy } from '../../support/breaking-proxy.ts';
import type { Kit } from './contract-kit.ts';
import { required } from './expecting.ts';

export function describeNonsense(kit: Kit): void {
  describe('a system that answers nonsense in every call', () => {
    let proxy: BreakingProxy | undefined;
    let spoilt: Integration;
    before('stand between', async () => {
      const { url, at } = kit.harness();
      if (url === undefined || at === undefined) return;
      proxy = await openBreakingProxy(url);
      spoilt = at(proxy.url);
    });
    after('leave', () => proxy?.close());

    for (const nonsense of NONSENSE) {
      kit.itWithProxy(`is not believed: ${nonsense.title}`, async () => {
        const { externalId } = await kit.create(kit.filled('spoilt'));
        const update = await kit.updateOf(externalId, kit.filled('unanswered'));
        const deletion = await kit.deletionOf(externalId);
        required(proxy).spoil(nonsense);
        const { findByIdentity, findTagged, feed } = spoilt;
        const calls: Record<string, () => Promise<unknown>> = {
          identify: () => spoilt.identify(),
          fetch: () => spoilt.fetch(externalId),
          create: () => spoilt.write(kit.createRequest(kit.filled('never'))),
          update: () => spoilt.write(update),
          delete: () => spoilt.write(deletion),
          list: () => readAll(spoilt.list({})),
          ...(findByIdentity && { findByIdentity: () => findByIdentity('nobody@example.com') }),
          ...(findTagged && { findTagged: () => findTagged('no-tag') }),
          ...(feed && { events: () => readAll(feed.by === 'time' ? feed.pages({}) : feed.follow(null)) }),
        };
        for (const [what, call] of Object.entries(calls)) {
          const failure = await kit.failureOf(call);
          expect(failure.kind, `${what}: ${failure.code}`).to.be.oneOf(OPEN);
          expect(failure.nothingHappened, what).to.equal(false);
          expect(JSON.stringify(failure)).to.not.match(/Sign in|Other|nobody@/);
        }
        required(proxy).heal();
        expect((await kit.harness().integration.fetch(externalId)).state).to.equal('present');
      });
    }
  });
}

/** Kinds after which the engine finds out what happened, or asks later. */
const OPEN: Failure['kind'][] = ['indeterminate', 'retry', 'lock', 'throttle'];

async function readAll(pages: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const page of pages) all.push(page);
  return all;
}

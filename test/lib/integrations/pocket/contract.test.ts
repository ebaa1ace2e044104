import { openPocket, TOKEN, type PocketOptions } from '../../../support/pocket/server.ts';
import { createPocketIntegration, type PocketSettings } from '../../../support/pocket/integration.ts';
import type { Integration } from '../../../../lib/integrations/integration.ts';
import { describeContract } from '../contract.ts';
import type { ContractHarness } from '../contract-harness.ts';

const HOUR = 3_600_000;

async function open(options: PocketOptions, promises: PocketSettings['promises']): Promise<ContractHarness> {
  const pocket = await openPocket(options);
  const elsewhere = await openPocket();
  await elsewhere.close();
  const connect = (changes: Partial<PocketSettings> = {}): Integration =>
    createPocketIntegration({ url: pocket.url, token: TOKEN, promises, ...changes });
  return {
    integration: connect(),
    refused: connect({ token: 'revoked' }),
    unreachable: connect({ url: elsewhere.url }),
    createThere: (fields) => Promise.resolve(pocket.add(fields).id),
    updateThere: (id, fields) => Promise.resolve(pocket.edit(id, fields)),
    deleteThere: (id) => Promise.resolve(pocket.remove(id)),
    effects: () => pocket.effects(),
    calls: () => pocket.calls.length,
    now: () => new Date(pocket.time()),
    advance: (ms) => pocket.advance(ms),
    failNext(fault) {
      if (fault === 'failed_stored') throw new Error('it keeps no failures');
      if (fault === 'quota_used_up') pocket.useUpQuota(new Date(pocket.time() + HOUR));
      else pocket.failNext(fault);
    },
    unknownId: 'con_unknown',
    refusedBody: { fields: { name: 'Ada', email: 'ada at example' }, field: 'email' },
    close: () => pocket.close(),
  };
}

const WITHOUT = { without: ['webhooks', 'feed', 'proxy', 'rivals', 'budgets'] } as const;

const VERSIONS = { creates: 'none', updates: 'version', deletes: 'archive' } as const;
describeContract(
  'a system without keys that wants versions and archives',
  { ...VERSIONS, quota: true, merges: false },
  () => open({ versions: true, deletes: 'archive' }, VERSIONS),
  WITHOUT,
);

const TAGS = { creates: 'unique-tag', updates: 'none', deletes: 'none' } as const;
describeContract(
  'a system that takes each owner tag once and deletes nothing',
  { ...TAGS, quota: true, merges: false },
  () => open({ versions: false, uniqueTags: true, deletes: 'none' }, TAGS),
  WITHOUT,
);

// Generated situations: what was loaded, the policy, and what this claim has done.
import { customer } from '../../../../lib/catalogue/built-in.ts';
import fc from 'fast-check';
import type { OpenDelivery } from '../../../../db/mappings/load.ts';
import type { ReceivedEvent } from '../../../../db/inbound.ts';
import type { Capabilities } from '../../../../lib/integrations/integration.ts';
import { MOST_STALE } from '../../../../lib/sync/version-moves.ts';
import { nothingDone, type Progress, type Situation } from '../../../../lib/sync/situation.ts';
import { fieldRule } from '../rules.ts';
import { email, HOUR, intent, KEY, mapping, name, NOW, OWN_TAG } from './mappings.ts';
import { answer, written } from './worlds.ts';

const inbound: fc.Arbitrary<ReceivedEvent> = fc.record({
  externalId: fc.constantFrom('cus_1', 'cus_1', 'cus_1', 'cus_1', 'cus_2'),
  kind: fc.constantFrom('created', 'updated', 'updated', 'deleted', 'merged'),
  into: fc.constant('cus_3'),
  created: fc.constant(null),
  unreadable: fc.constant([]),
  requestId: fc.option(fc.constant('req_1')),
  key: fc.constantFrom(null, KEY, 'somebody-elses'),
  after: fc.option(fc.record({ name, email }), { freq: 4 }),
  previous: fc.option(
    fc.record({ name, email }, { requiredKeys: [] }).map((values) => ({ ...values })),
    { freq: 3 },
  ),
});

const delivery: fc.Arbitrary<OpenDelivery> = fc
  .record({
    inbound: fc.option(inbound, { freq: 2 }),
    hop: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 6),
    n: fc.nat(9),
  })
  .map(({ inbound: event, hop, n }) => ({
    eventId: `019c9e3c-0000-7000-8000-00000000000${n}`,
    target: 'stripe',
    eventType: event ? 'stripe.customer.updated' : 'customer.updated',
    version: event ? null : 1,
    inbound: event && { ...event },
    status: 'queued',
    attempts: 0,
    hop,
  }));

/** Stripe's as often as all others together. */
const capabilities: fc.Arbitrary<Capabilities> = fc
  .oneof(
    fc.constant({ creates: 'key', updates: 'key', deletes: 'delete', quota: false, merges: false } as const),
    fc.record({
      creates: fc.constantFrom('key' as const, 'unique-tag' as const, 'none' as const),
      updates: fc.constantFrom('key' as const, 'version' as const, 'none' as const),
      deletes: fc.constantFrom('delete' as const, 'archive' as const, 'none' as const),
      quota: fc.boolean(),
      merges: fc.boolean(),
    }),
  )
  .map((promises) => ({
    ...promises,
    requestLifeMs: promises.creates === 'key' || promises.updates === 'key' ? 23 * HOUR : 0,
    inFlightMs: 5 * 60_000,
    callTimeoutMs: 20_000,
    backgroundShare: 0.95,
    rates: { account: 100, endpoint: 25 },
  }));

const progress: fc.Arbitrary<Progress> = fc.oneof(
  { weight: 24, arbitrary: fc.constant(nothingDone) },
  {
    weight: 6,
    arbitrary: fc
      .constantFrom<Progress['obstacle'][]>({ taken: 'eve@x.test' }, 'fuse', 'busy', 'taken', {
        table: {
          kind: 'check',
          rule: 'no_evil',
          columns: ['name'],
          sqlstate: '23514',
          message: 'no',
          says: null,
        } as never,
      })
      .map((obstacle) => ({ ...nothingDone, obstacle })),
  },
  { weight: 1, arbitrary: fc.constant({ ...nothingDone, deleted: true }) },
  {
    weight: 1,
    arbitrary: fc.record({ name, email }, { requiredKeys: [] }).map((forms) => ({
      ...nothingDone,
      imported: { values: { name: 'Ada' }, forms: { ...forms } },
    })),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ intent, written: answer(written), first: fc.boolean() })
      .map(({ intent: sent, written: got, first }) => ({
        ...nothingDone,
        sent: { intent: sent, answer: got, first, merged: null },
      })),
  },
);

export const anySituation: fc.Arbitrary<Situation> = fc
  .record({
    mapping,
    row: fc.option(
      fc.record({
        fields: fc.record({ name, email }),
        version: fc.constantFrom(1, 2),
        deletedAt: fc.constantFrom(null, null, null, null, null, '2026-03-01T00:00:00Z'),
      }),
      { freq: 6 },
    ),
    deliveries: fc.array(delivery, { maxLength: 3 }),
    policy: fc.record({
      writes: fc.constantFrom(true, true, false),
      pulls: fc.constantFrom(true, true, false),
      deletes: fc.constantFrom('delete' as const, 'detach' as const),
      deletesIn: fc.constantFrom('delete' as const, 'detach' as const, 'ask' as const),
      linkByEmail: fc.constantFrom('ask' as const, 'link' as const, 'never' as const),
      looksBeforeCreate: fc.boolean(),
      imports: fc.boolean(),
      parkAfterMs: fc.constant(24 * HOUR),
    }),
    findsByIdentity: fc.boolean(),
    condition: fc.option(
      fc
        .constantFrom('detach' as const, 'delete' as const, 'keep' as const)
        .map((onLeave) => ({ when: { field: 'name', not: 'Eve' }, onLeave })),
      { freq: 3 },
    ),
    capabilities,
    staleSends: fc.constantFrom(0, 0, 0, 0, MOST_STALE),
    missing: fc.constantFrom(...Array.from({ length: 11 }, () => null), {
      field: 'name',
      entity: 'customer',
      id: 9,
    }),
    progress,
  })
  .map(({ row, mapping: of, ...others }) => ({
    ...others,
    mapping: of,
    // The engine loads a row only where the mapping names one.
    row: row && of.internalId !== null ? { id: 1, createdEventId: OWN_TAG, ...row } : null,
    lastIntent: null,
    entity: customer,
    fields: [
      fieldRule({ internal: 'name', external: 'name' }),
      fieldRule({ internal: 'email', external: 'email', compare: ['lower'] }),
    ],
    now: NOW,
    groups: [],
    known: new Map<string, unknown>(),
  }));

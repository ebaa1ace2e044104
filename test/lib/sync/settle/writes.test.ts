import { expect } from 'chai';
import fc from 'fast-check';
import type { Mapping, OpenIntent } from '../../../../db/mappings/mappings.ts';
import type { Fields, Value } from '../../../../lib/catalogue/document.ts';
import type { Failure, Written } from '../../../../lib/integrations/integration.ts';
import { same } from '../../../../lib/sync/canonical.ts';
import { merge } from '../../../../lib/sync/merge.ts';
import { effectsOf } from '../../../../lib/sync/settle/writes.ts';
import type { Effects, Outcome } from '../../../../lib/sync/settle/outcome.ts';
import type { Shadow } from '../../../../lib/sync/shadow.ts';
import type { Step, SyncPolicy } from '../../../../lib/sync/step.ts';
import { fieldRule } from '../rules.ts';

const rules = [
  fieldRule({ internal: 'name', external: 'name' }),
  fieldRule({ internal: 'email', external: 'email', compare: ['lower'] }),
];
const NOW = new Date('2026-03-01T12:00:00Z');
const policy = { backoff: { baseMs: 1_000, capMs: 300_000, random: () => 1 } } as SyncPolicy;
const FINAL = new Set(['applied', 'superseded', 'noop', 'echo', 'origin', 'conflict', 'stale', 'closed']);

type Version = { name: string; email: string };
type World = {
  row: Version;
  /** What the open intent was made from, if there is one. */
  sent: Partial<Version> | null;
  shadow: Version & { theirName: string; theirEmail: string };
  /** What they hold, and answer with. */
  theirs: Version;
  mustRead: boolean;
};

const name = fc.constantFrom('A', 'B', 'C');
const email = fc.constantFrom('a@x.io', 'A@x.io', 'b@x.io');
const version = fc.record({ name, email });
const anyWorld: fc.Arbitrary<World> = fc.record({
  row: version,
  sent: fc.option(fc.record({ name, email }, { requiredKeys: [] })),
  shadow: fc.record({ name, email, theirName: name, theirEmail: email }),
  theirs: version,
  mustRead: fc.boolean(),
});

describe('an outcome as writes', () => {
  it('moves by an answer only the fields that were sent, to what was sent and what was answered', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const { step, intent, written } = stage(world);
        const effects = carryOut(step, { kind: 'answered', intent, written, merged: null });
        return rules.every(({ internal: field }) => {
          const after = effects.mapping.shadow?.[field];
          const sent = intent.fields[field];
          if (!sent) return deepEqual(after, step.mapping.shadow[field]);
          return after?.ours === sent.ours && after.theirs === written.record?.fields[field];
        });
      }),
    );
  });

  it('asks for a read when an answer shows what we neither sent nor knew', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const { step, intent, written } = stage(world);
        const effects = carryOut(step, { kind: 'answered', intent, written, merged: null });
        const foreign = rules.some(
          (rule) =>
            !intent.fields[rule.internal] &&
            !same(rule, written.record?.fields[rule.external], step.mapping.shadow[rule.internal]?.theirs),
        );
        return effects.mapping.mustRead === (foreign || world.mustRead);
      }),
    );
  });

  it('never calls a mapping clean whose row says what the shadow does not', () => {
    fc.assert(
      fc.property(anyWorld, fc.boolean(), (world, read) => {
        const { step, intent, written } = stage(world);
        const plan = merge({
          rules,
          shadow: step.mapping.shadow,
          ours: { ...world.row },
          theirs: { ...world.theirs },
        });
        const merged = { plan: { ...plan, pull: {} }, read, echoes: [] };
        const { mapping } = carryOut(step, { kind: 'answered', intent, written, merged });
        if (mapping.clean === undefined) return true;
        return (
          mapping.mustRead !== true &&
          rules.every((rule) => {
            const value: Fields = { ...world.row };
            return same(rule, mapping.shadow?.[rule.internal]?.ours, value[rule.internal]);
          })
        );
      }),
    );
  });

  it('applies the newest edit that an intent carries, supersedes those before it, and leaves those after it', () => {
    fc.assert(
      fc.property(
        anyWorld,
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 6 }),
        (world, made, newest) => {
          const { step, intent, written } = stage(world, newest);
          const effects = carryOut(step, {
            kind: 'answered',
            intent: { ...intent, version: made },
            written,
            merged: null,
          });
          const carried = Math.min(made, newest);
          const expected = Array.from({ length: carried }, (_, n) =>
            n === carried - 1 ? 'applied' : 'superseded',
          );
          return (
            deepEqual(
              effects.deliveries.map(({ status }) => status),
              expected,
            ) && effects.deliveries.every(({ intentId }) => intentId === intent.id)
          );
        },
      ),
    );
  });

  describe('of every kind', () => {
    const failure: Failure = {
      kind: 'retry',
      scope: 'system',
      code: 'connection_refused',
      message: 'not reached',
      status: null,
      requestId: null,
      replayed: false,
      field: null,
      retryAfterMs: null,
      nothingHappened: true,
      existing: [],
    };
    const outcomes = (intent: OpenIntent | null): Outcome[] => [
      { kind: 'agreed', merged: { plan: nothing(), read: true, echoes: [] } },
      { kind: 'ended', state: 'tombstoned', by: 'ours', intent, written: null },
      { kind: 'ended', state: 'detached', by: 'ours', intent: null, written: null },
      { kind: 'ended', state: 'tombstoned', by: 'theirs', intent: null, written: null },
      { kind: 'postponed', failure, notBefore: null, spent: false },
      { kind: 'parked', reason: { code: 'missing', detail: { external_id: null } }, refused: intent },
      { kind: 'parked', reason: { code: 'missing', detail: { external_id: 'cus_1' } }, refused: null },
      { kind: 'waiting', reason: { code: 'fuse', detail: { direction: 'out' } } },
      { kind: 'alias', customerId: 1, primary: 'cus_1', email: null, covered: [] },
      { kind: 'stale', echoes: [], conflicts: [] },
    ];

    it('names every delivery of the step once, and a reason where it is not final', () => {
      fc.assert(
        fc.property(anyWorld, (world) => {
          const { step } = stage(world, 3);
          return outcomes(step.mapping.intent).every((outcome) => {
            const { deliveries, mapping } = carryOut(step, outcome);
            const named = deliveries.map(({ eventId }) => eventId).sort();
            const waits = deliveries.every(
              ({ status }) => FINAL.has(status) || status === 'queued' || mapping.reason !== null,
            );
            return waits && deepEqual(named, step.deliveries.map(({ eventId }) => eventId).sort());
          });
        }),
      );
    });

    it('never lets go of an open intent without closing it', () => {
      fc.assert(
        fc.property(anyWorld, (world) => {
          const { step } = stage({ ...world, sent: world.sent ?? { name: 'A' } });
          return outcomes(step.mapping.intent).every((outcome) => {
            const { mapping, closed } = carryOut(step, outcome);
            return mapping.intent !== null || closed?.intent.id === step.mapping.intent?.id;
          });
        }),
      );
    });

    it('moves no shadow without an answer or an agreement', () => {
      fc.assert(
        fc.property(anyWorld, (world) => {
          const { step } = stage(world);
          return outcomes(step.mapping.intent)
            .filter(({ kind }) => kind !== 'agreed')
            .every((outcome) => carryOut(step, outcome).mapping.shadow === undefined);
        }),
      );
    });
  });

  it('brings a parked mapping back into its state when it is only put off', () => {
    const { step } = stage({
      row: { name: 'A', email: 'a@x.io' },
      sent: null,
      shadow: { name: 'A', email: 'a@x.io', theirName: 'A', theirEmail: 'a@x.io' },
      theirs: { name: 'A', email: 'a@x.io' },
      mustRead: false,
    });
    Object.assign(step.mapping, {
      state: 'parked',
      reason: { code: 'missing', detail: { external_id: 'cus_1' } },
    });
    const timeout: Partial<Failure> = { kind: 'retry', code: 'timeout', retryAfterMs: null };
    const failure = { ...timeout, existing: [] as readonly string[] } as Failure;
    const { mapping } = carryOut(step, { kind: 'postponed', failure, notBefore: null, spent: false });
    expect(mapping).to.include({ state: 'linked', reason: null, attempts: 1 });
    expect(mapping.nextAttemptAt).to.deep.equal(new Date(NOW.getTime() + 1_000));
  });

  function carryOut(step: Step, outcome: Outcome): Effects {
    return effectsOf({ rules, entity: { identity: 'email' } }, policy, step, outcome, NOW);
  }

  function stage(world: World, deliveries = 1): { step: Step; intent: OpenIntent; written: Written } {
    const fields = Object.fromEntries(
      Object.entries(world.sent ?? {}).map(([field, ours]): [string, { ours: Value; seen: Value }] => [
        field,
        { ours, seen: null },
      ]),
    );
    const intent = { id: 'intent', operation: 'update', version: deliveries, fields } as OpenIntent;
    const answered: Fields = { ...world.theirs, ...world.sent };
    const written = {
      externalId: 'cus_1',
      record: { externalId: 'cus_1', fields: answered },
    } as unknown as Written;
    const shadow: Shadow = {
      name: { ours: world.shadow.name, theirs: world.shadow.theirName },
      email: { ours: world.shadow.email, theirs: world.shadow.theirEmail },
    };
    const ours: Fields = world.row;
    // What effectsOf reads of a step, and no more.
    const mapping = {
      id: 1,
      externalId: 'cus_1',
      state: 'linked',
      shadow,
      dirty: 7,
      clean: 3,
      mustRead: world.mustRead,
      attempts: 0,
      firstFailedAt: null,
      pushedVersion: 0,
      intent: world.sent ? intent : null,
    } as Partial<Mapping> as Mapping;
    const step = {
      mapping,
      row: { id: 1, fields: ours, version: deliveries, deletedAt: null },
      lastIntent: null,
      deliveries: Array.from({ length: deliveries }, (_, n) => ({
        eventId: `event ${n + 1}`,
        target: 'stripe',
        version: n + 1,
        inbound: null,
        status: 'queued',
      })),
    } as Partial<Step> as Step;
    return { step, intent, written };
  }

  function nothing(): ReturnType<typeof merge> {
    return { pull: {}, push: {}, agreed: {}, carried: [], conflicts: [] };
  }

  function deepEqual(a: unknown, b: unknown): boolean {
    return JSON.stringify(a) === JSON.stringify(b);
  }
});

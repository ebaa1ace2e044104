// Generated mappings with their open intents, and the values that everything generated here is made of.
import fc from 'fast-check';
import type { Mapping, OpenIntent } from '../../../../db/mappings/mappings.ts';

export const NOW = new Date('2026-03-01T12:00:00Z');
export const OWN_TAG = '019c9e3c-0000-7000-8000-000000000001';
export const OTHER_TAG = '019c9e3c-0000-7000-8000-000000000002';
export const KEY = 'tb1:dev.aaaaaaaa:019c9e3c-0000-7000-8000-0000000000aa';
export const HOUR = 3_600_000;
export const ago = (ms: number): Date => new Date(NOW.getTime() - ms);

export const name = fc.constantFrom('Ada', 'Eve');
export const email = fc.constantFrom('ada@x.test', 'ADA@x.test', 'eve@x.test');
export const externalId = fc.constantFrom('cus_1', 'cus_2');
const pair = (value: fc.Arbitrary<string>) =>
  fc.record(
    {
      ours: value,
      theirs: fc.option(value, { freq: 5 }),
      reason: fc.constantFrom('derived', 'held', 'null_refused', 'cannot_carry', 'refused', 'reformed'),
    },
    { requiredKeys: ['ours', 'theirs'] },
  );
const shadow = fc.oneof(
  { weight: 4, arbitrary: fc.record({ name: pair(name), email: pair(email) }) },
  { weight: 1, arbitrary: fc.constant({}) },
);

export const intent: fc.Arbitrary<OpenIntent> = fc
  .record({
    operation: fc.constantFrom('create', 'update', 'delete'),
    version: fc.constantFrom(1, 2),
    ageMs: fc.constantFrom(0, 20_000, HOUR, 24 * HOUR),
    spent: fc.constantFrom(undefined, 'idempotency_error'),
    unsent: fc.constantFrom(undefined, true as const),
    fields: fc.record({ name, email }, { requiredKeys: [] }),
  })
  .map(({ operation, version, ageMs, spent, unsent, fields }) => ({
    id: KEY.slice(-36),
    number: 1,
    operation,
    key: KEY,
    body: {},
    fields: Object.fromEntries(Object.entries(fields).map(([field, ours]) => [field, { ours, seen: null }])),
    version,
    hop: 0,
    firstSentAt: ago(ageMs).toISOString(),
    lastSentAt: ago(ageMs).toISOString(),
    ...(spent === undefined ? {} : { spent }),
    ...(unsent === undefined ? {} : { unsent }),
  }));

const decision = fc.constantFrom<Mapping['decision']>(
  null,
  null,
  null,
  { kind: 'release' },
  { kind: 'recreate' },
  { kind: 'record', external_id: 'cus_2' },
);

const reason = fc.constantFrom<NonNullable<Mapping['reason']>[]>(
  { code: 'not_linked', detail: {} },
  { code: 'not_linked', detail: null },
  { code: 'not_linked', detail: { because: 'identity_exists', records: ['cus_2'] } },
  { code: 'ask_link', detail: { customer: 1 } },
  { code: 'fuse', detail: { direction: 'out' } },
  { code: 'missing', detail: { external_id: 'cus_1' } },
  { code: 'create_unknown', detail: {} },
  { code: 'external_id_taken', detail: { external_id: 'cus_2', mapping: 9 } },
  { code: 'pulls_off', detail: { operation: 'delete' } },
  { code: 'record_merged', detail: { external_id: 'cus_1', into: 'cus_3', customer: 2 } },
  ...Array.from({ length: 14 }, () => ({ code: 'not_wanted' as const, detail: { field: 'name' } })),
  { code: 'unknown', stored: 'of_another_program', detail: null },
);
const given = { by: 'ops', at: ago(HOUR).toISOString() };
const consent = fc.constantFrom<Mapping['consent'][]>(
  ...Array.from({ length: 6 }, () => null),
  { to: 'record', external_id: 'cus_1', ...given },
  { to: 'record', external_id: 'cus_2', ...given },
  { to: 'record', external_id: null, anew: true, ...given },
  { to: 'customer', customer: 1, ...given },
  { to: 'customer', customer: 1, chosen: true, ...given },
);

export const mapping: fc.Arbitrary<Mapping> = fc
  .record({
    state: fc.constantFrom<Mapping['state'][]>(
      ...(['pending', 'pending', 'waiting', 'waiting', 'waiting', 'parked', 'parked'] as const),
      ...Array.from({ length: 12 }, () => 'linked' as const),
      ...(['alias', 'detached', 'tombstoned'] as const),
    ),
    internalId: fc.option(fc.constant(1), { freq: 4 }),
    externalId: fc.constantFrom<(string | null)[]>('cus_1', 'cus_1', 'cus_2', null, ' '),
    madeRecord: fc.boolean(),
    isCoherent: fc.constantFrom(true, true, true, true, true, false),
    isUnmatched: fc.constantFrom(true, false, false),
    reason,
    consent,
    decision,
    shadow,
    intent: fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: intent }),
    mustRead: fc.constantFrom(true, true, false),
    attempts: fc.constantFrom(0, 3, 9),
    firstFailedAt: fc.constantFrom(null, ago(HOUR), ago(48 * HOUR)),
    lastError: fc.constantFrom(null, { code: 'email_moves' }),
    pushedVersion: fc.constantFrom(0, 1),
    knownEmail: fc.option(email),
    voidTag: fc.option(fc.constantFrom(OWN_TAG, OTHER_TAG), { freq: 5 }),
    mergedInto: fc.constantFrom(null, null, null, 'cus_3'),
  })
  .map(({ state, reason, consent, isCoherent, isUnmatched, mergedInto, ...others }) => ({
    id: 7,
    entityType: 'customer',
    system: 'stripe',
    account: 'acct_1',
    externalType: 'customer',
    role: state === 'alias' ? 'alias' : 'primary',
    state,
    reason: state === 'waiting' || state === 'parked' ? reason : null,
    consent: state === 'waiting' || state === 'parked' || state === 'pending' ? consent : null,
    ending: null,
    wantedVersion: 1,
    dirty: 2,
    clean: 1,
    nextAttemptAt: null,
    fence: 3,
    intentNumber: 0,
    parts: 0,
    ...others,
    mergedInto: state === 'alias' ? mergedInto : null,
    ...(isCoherent
      ? coherent(state === 'waiting' && reason.code === 'not_wanted' ? 'linked' : state, isUnmatched)
      : {}),
  }));

/** Ids as the engine leaves them in that state; every sixth mapping has whatever comes. */
function coherent(state: Mapping['state'], isUnmatched: boolean): Partial<Mapping> {
  if (state === 'linked' || state === 'parked')
    return { internalId: 1, externalId: 'cus_1', pushedVersion: 1 };
  if (state !== 'pending' && state !== 'waiting') return {};
  return isUnmatched
    ? { internalId: null, externalId: 'cus_1', pushedVersion: 0, intent: null }
    : { internalId: 1, externalId: null, pushedVersion: 0 };
}

// Generated situations, and a world that answers each fact that a decision asks for. Everything follows from one seed of fast-check: the
// same fact asked twice has the same answer.
import fc from 'fast-check';
import type { Holder } from '../../../../db/external-records.ts';
import type { OpenDelivery } from '../../../../db/mappings/load.ts';
import type { Candidate } from '../../../../db/mappings/adopt.ts';
import type { Mapping, OpenIntent } from '../../../../db/mappings/mappings.ts';
import type {
  ExternalRecord,
  Failure,
  FailureKind,
  Fetched,
  Written,
} from '../../../../lib/integrations/integration.ts';
import type { Answer, CreateSearch, Fact } from '../../../../lib/sync/facts.ts';
import type { ReceivedEvent } from '../../../../lib/sync/received.ts';
import { nothingDone, type Progress, type Situation } from '../../../../lib/sync/situation.ts';
import { fieldRule } from '../rules.ts';

export const NOW = new Date('2026-03-01T12:00:00Z');
const OWN_TAG = '019c9e3c-0000-7000-8000-000000000001';
const OTHER_TAG = '019c9e3c-0000-7000-8000-000000000002';
const KEY = 'tb1:dev.aaaaaaaa:019c9e3c-0000-7000-8000-0000000000aa';
const HOUR = 3_600_000;
const ago = (ms: number): Date => new Date(NOW.getTime() - ms);

const name = fc.constantFrom('Ada', 'Eve');
const email = fc.constantFrom('ada@x.test', 'ADA@x.test', 'eve@x.test');
const externalId = fc.constantFrom('cus_1', 'cus_2');
const pair = (value: fc.Arbitrary<string>) =>
  fc.record(
    {
      ours: value,
      theirs: fc.option(value, { freq: 5 }),
      reason: fc.constantFrom('derived', 'held', 'null_refused', 'cannot_carry', 'reformed'),
    },
    { requiredKeys: ['ours', 'theirs'] },
  );
const shadow = fc.oneof(
  { weight: 4, arbitrary: fc.record({ name: pair(name), email: pair(email) }) },
  { weight: 1, arbitrary: fc.constant({}) },
);

const intent: fc.Arbitrary<OpenIntent> = fc
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
    operation: operation as OpenIntent['operation'],
    key: KEY,
    body: {},
    fields: Object.fromEntries(
      Object.entries(fields).map(([field, ours]) => [field, { ours: ours ?? null, seen: null }]),
    ),
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

const atRest = fc.constantFrom<Pick<Mapping, 'reason' | 'reasonDetail'>>(
  { reason: 'not_linked', reasonDetail: {} },
  { reason: 'not_linked', reasonDetail: { consent: true, customer: 1, external_id: 'cus_1' } },
  { reason: 'not_linked', reasonDetail: { consent: true, customer: 1, anew: true } },
  { reason: 'not_linked', reasonDetail: { because: 'identity_exists', records: ['cus_2'] } },
  { reason: 'ask_link', reasonDetail: { consent: true, customer: 1, chosen: true } },
  { reason: 'fuse', reasonDetail: { direction: 'out' } },
  { reason: 'missing', reasonDetail: { external_id: 'cus_1' } },
  { reason: 'create_unknown', reasonDetail: {} },
  { reason: 'external_id_taken', reasonDetail: { external_id: 'cus_2' } },
  { reason: 'pulls_off', reasonDetail: {} },
);

const mapping: fc.Arbitrary<Mapping> = fc
  .record({
    state: fc.constantFrom<Mapping['state'][]>(
      ...(['pending', 'pending', 'waiting', 'waiting', 'waiting', 'parked', 'parked'] as const),
      ...Array.from({ length: 12 }, () => 'linked' as const),
      ...(['alias', 'detached', 'tombstoned'] as const),
    ),
    internalId: fc.option(fc.constant(1), { freq: 4 }),
    externalId: fc.constantFrom<(string | null)[]>('cus_1', 'cus_1', 'cus_2', null, ' '),
    isCoherent: fc.constantFrom(true, true, true, true, true, false),
    isUnmatched: fc.constantFrom(true, false, false),
    rest: atRest,
    decision,
    shadow,
    intent: fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: intent }),
    mustRead: fc.constantFrom(true, true, false),
    attempts: fc.constantFrom(0, 3, 9),
    firstFailedAt: fc.constantFrom(null, ago(HOUR), ago(48 * HOUR)),
    lastError: fc.constantFrom(null, { code: 'email_moves' }),
    pushedVersion: fc.constantFrom(0, 1),
    knownEmail: fc.option(email),
    voidMark: fc.option(fc.constantFrom(OWN_TAG, OTHER_TAG), { freq: 5 }),
  })
  .map(({ state, rest, isCoherent, isUnmatched, ...others }) => ({
    id: 7,
    entityType: 'customer',
    system: 'stripe',
    account: 'acct_1',
    externalType: 'customer',
    role: state === 'alias' ? 'alias' : 'primary',
    state,
    ...(state === 'waiting' || state === 'parked' ? rest : { reason: null, reasonDetail: null }),
    wantedVersion: 1,
    dirty: 2,
    clean: 1,
    nextAttemptAt: null,
    fence: 3,
    intentNumber: 0,
    ...others,
    ...(isCoherent ? coherent(state, isUnmatched) : {}),
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

const inbound: fc.Arbitrary<ReceivedEvent> = fc.record({
  externalId: fc.constantFrom('cus_1', 'cus_1', 'cus_1', 'cus_1', 'cus_2'),
  kind: fc.constantFrom('created', 'updated', 'deleted'),
  requestId: fc.option(fc.constant('req_1')),
  key: fc.constantFrom(null, KEY, 'somebody-elses'),
  after: fc.option(fc.record({ name, email }), { freq: 4 }),
  previous: fc.option(
    fc.record({ name, email }, { requiredKeys: [] }).map((values) => ({ ...values })),
    { freq: 3 },
  ),
}) as fc.Arbitrary<ReceivedEvent>;

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

const failure: fc.Arbitrary<Failure> = fc
  .constantFrom<FailureKind[]>(
    'retry',
    'throttle',
    'lock',
    'indeterminate',
    'spent',
    'conflict',
    'permanent',
    'auth',
    'gone',
  )
  .map((kind) => ({
    kind,
    scope: 'entity',
    code: kind === 'permanent' ? 'unsendable' : `a_${kind}`,
    message: 'it failed',
    status: 500,
    requestId: null,
    replayed: false,
    field: null,
    retryAfterMs: null,
    nothingHappened: false,
  }));

const record: fc.Arbitrary<ExternalRecord> = fc
  .record({
    externalId,
    name,
    email: fc.option(email, { freq: 6 }),
    mark: fc.option(fc.constantFrom(OWN_TAG, OTHER_TAG), { freq: 2 }),
    foreignMark: fc.boolean(),
  })
  .map(({ externalId: id, name: ofThem, email: theirs, mark, foreignMark }) => ({
    externalId: id,
    fields: { name: ofThem, email: theirs },
    mark,
    foreignMark: mark === null && foreignMark,
    createdAt: ago(HOUR),
    testClock: null,
  }));

const fetched: fc.Arbitrary<Fetched> = fc
  .record({
    state: fc.constantFrom('present', 'present', 'present', 'erased', 'missing'),
    record,
    blocks: fc.option(fc.constant('sub_1')),
  })
  .map(({ state, record: found, blocks }): Fetched => {
    const answered = { requestId: 'req_9', status: 200, answeredAt: null };
    if (state === 'present') return { ...answered, state, record: found, blocksDelete: blocks };
    return { ...answered, state: state === 'erased' ? 'erased' : 'missing' };
  });

function answer<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Answer<T>> {
  return fc.oneof(
    { weight: 5, arbitrary: value.map((one): Answer<T> => ({ ok: true, value: one })) },
    { weight: 1, arbitrary: failure.map((one): Answer<T> => ({ ok: false, failure: one })) },
  );
}

const written: fc.Arbitrary<Written> = fc.record({
  externalId,
  record: fc.option(record, { freq: 5 }),
  requestId: fc.constant('req_9'),
  status: fc.constant(200),
  answeredAt: fc.constant(null),
  replayed: fc.boolean(),
});

const candidate: fc.Arbitrary<Candidate | null> = fc.option(
  fc.record({
    customerId: fc.constantFrom(1, 2),
    createdEventId: fc.constant(OTHER_TAG),
    mappingId: fc.option(fc.constant(8), { freq: 4 }),
    externalId: fc.option(externalId),
    ended: fc.boolean(),
    link: fc.constantFrom(null, 'awaited' as const, 'named' as const),
  }),
);

const holder: fc.Arbitrary<Holder> = fc.record({
  externalId,
  mappingId: fc.constant(8),
  customerId: fc.option(fc.constantFrom(1, 2)),
  role: fc.constantFrom('primary' as const, 'alias' as const),
  state: fc.constantFrom('linked', 'tombstoned', 'pending'),
  lives: fc.boolean(),
  busy: fc.boolean(),
});

const createSearch: fc.Arbitrary<CreateSearch> = fc.oneof(
  fc.constant<CreateSearch>({ found: null }),
  fc.constant<CreateSearch>({ found: 'cus_1', others: ['cus_2'] }),
  failure.map((one): CreateSearch => ({ notBefore: new Date(NOW.getTime() + HOUR), failure: one })),
  failure.map((one): CreateSearch => ({ place: 'list', failure: one })),
);

/** What the world answers to each kind of fact. */
export const anyWorld = fc.record({
  echoes: fc
    .record({
      isOurs: fc.boolean(),
      fields: fc.record({ name, email }, { requiredKeys: [] }),
      checked: fc.boolean(),
    })
    .map(({ isOurs, fields, checked }) => {
      const sent = Object.entries(fields).map(([field, ours]) => [
        field,
        { ours: ours ?? null, seen: 'Seen' },
      ]);
      const echo = {
        id: KEY.slice(-36),
        key: KEY,
        mappingId: 7,
        hop: 1,
        fields: Object.fromEntries(sent) as OpenIntent['fields'],
        echoEvent: checked ? 'seen' : null,
      };
      return { byKey: isOurs ? { [KEY]: echo } : {}, byRequest: isOurs ? { req_1: echo } : {} };
    }),
  aliases: fc.constantFrom([], ['cus_2']),
  stopped: fc.constantFrom(0, 47 * HOUR),
  sameIdentity: fc.record({
    isRead: fc.constantFrom(true, true, true, false),
    externalIds: fc.constantFrom([], [], ['cus_2'], ['cus_1', 'cus_2']),
  }),
  holders: fc.array(holder, { maxLength: 2 }),
  rowByOwnerTag: candidate,
  rowByEmail: candidate,
  rowById: candidate,
  recordDecision: fc.constantFrom(null, 'import' as const, 'leave' as const),
  otherMapping: fc.option(mapping),
  record: answer(fetched),
  recordsByEmail: answer(fc.array(record, { maxLength: 2 })),
  bestRecord: answer(fc.option(externalId)),
  createdRecord: createSearch,
});

export type World = typeof anyWorld extends fc.Arbitrary<infer T> ? T : never;

/** The answer to a fact, the same each time. */
export function answerOf(world: World, { about }: Fact): unknown {
  return world[about];
}

const progress: fc.Arbitrary<Progress> = fc.oneof(
  { weight: 24, arbitrary: fc.constant(nothingDone) },
  {
    weight: 6,
    arbitrary: fc
      .constantFrom<Progress['obstacle'][]>({ email: 'eve@x.test' }, 'fuse', 'busy', 'taken', {
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
        name,
        email,
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
      linkByEmail: fc.constantFrom('ask' as const, 'link' as const, 'never' as const),
      looksBeforeCreate: fc.boolean(),
      imports: fc.boolean(),
      parkAfterMs: fc.constant(24 * HOUR),
    }),
    findsByEmail: fc.boolean(),
    progress,
  })
  .map(({ row, mapping: of, ...others }) => ({
    ...others,
    mapping: of,
    // The engine loads a row only where the mapping names one.
    row: row && of.internalId !== null ? { id: 1, createdEventId: OWN_TAG, ...row } : null,
    lastIntent: null,
    fields: [
      fieldRule({ internal: 'name', external: 'name' }),
      fieldRule({ internal: 'email', external: 'email', compare: ['lower'] }),
    ],
    capabilities: {
      unknownOutcome: 'same-request',
      requestLifeMs: 23 * HOUR,
      inFlightMs: 5 * 60_000,
      callTimeoutMs: 20_000,
      deletes: 'hard',
      rates: { account: 100, endpoint: 25 },
    },
    now: NOW,
    known: new Map<string, unknown>(),
  }));

// A world that answers each fact that a decision asks for: the same fact asked twice has the same answer.
import fc from 'fast-check';
import type { Holder } from '../../../../db/external-records.ts';
import type { Candidate } from '../../../../db/mappings/adopt.ts';
import type { OpenIntent } from '../../../../db/mappings/mappings.ts';
import type {
  ExternalRecord,
  Failure,
  FailureKind,
  Fetched,
  Written,
} from '../../../../lib/integrations/integration.ts';
import type { Answer, CreateSearch, Fact } from '../../../../lib/sync/facts.ts';
import { ago, email, externalId, HOUR, KEY, mapping, name, NOW, OTHER_TAG, OWN_TAG } from './mappings.ts';

const failure: fc.Arbitrary<Failure> = fc
  .constantFrom<FailureKind[]>(
    'retry',
    'throttle',
    'lock',
    'indeterminate',
    'spent',
    'conflict',
    'quota',
    'permanent',
    'auth',
    'gone',
  )
  .map((kind): Failure => ({
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
    existing: [],
  }))
  .chain((one) => fc.constantFrom<string[][]>([], [], ['cus_2']).map((existing) => ({ ...one, existing })));

const record: fc.Arbitrary<ExternalRecord> = fc
  .record({
    externalId,
    name,
    email: fc.option(email, { freq: 6 }),
    ownerTag: fc.option(fc.constantFrom(OWN_TAG, OTHER_TAG), { freq: 2 }),
    foreignTag: fc.boolean(),
  })
  .map(({ externalId: id, name: ofThem, email: theirs, ownerTag, foreignTag }) => ({
    externalId: id,
    fields: { name: ofThem, email: theirs },
    ownerTag,
    foreignTag: ownerTag === null && foreignTag,
    createdAt: ago(HOUR),
    testClock: null,
    version: '3',
  }));

const fetched: fc.Arbitrary<Fetched> = fc
  .record({
    state: fc.constantFrom('present', 'present', 'present', 'present', 'erased', 'missing', 'merged'),
    record,
    blocks: fc.option(fc.constant('sub_1')),
  })
  .map(({ state, record: found, blocks }): Fetched => {
    const answered = { requestId: 'req_9', status: 200, answeredAt: null };
    if (state === 'present') return { ...answered, state, record: found, blocksDelete: blocks };
    if (state === 'merged') return { ...answered, state, into: 'cus_3' };
    return { ...answered, state: state === 'erased' ? 'erased' : 'missing' };
  });

export function answer<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Answer<T>> {
  return fc.oneof(
    { weight: 5, arbitrary: value.map((one): Answer<T> => ({ ok: true, value: one })) },
    { weight: 1, arbitrary: failure.map((one): Answer<T> => ({ ok: false, failure: one })) },
  );
}

export const written: fc.Arbitrary<Written> = fc.record({
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
    named: fc.option(externalId, { freq: 3 }),
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
  fc.boolean().map<CreateSearch>((byAnother) => ({ found: 'cus_1', others: ['cus_2'], byAnother })),
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
      const sent = Object.entries(fields).map(([field, ours]) => [field, { ours, seen: 'Seen' }]);
      const echo = {
        id: KEY.slice(-36),
        key: KEY,
        mappingId: 7,
        hop: 1,
        fields: Object.fromEntries(sent) as OpenIntent['fields'],
        echoEvent: checked ? 'seen' : null,
      };
      return {
        byKey: new Map(isOurs ? [[KEY, echo]] : []),
        byRequest: new Map(isOurs ? [['req_1', echo]] : []),
        unnamed: [],
      };
    }),
  aliases: fc.constantFrom([], ['cus_2']),
  stopped: fc.constantFrom(0, 47 * HOUR),
  sameIdentity: fc.record({
    isRead: fc.constantFrom(true, true, true, false),
    externalIds: fc.constantFrom([], [], ['cus_2'], ['cus_1', 'cus_2']),
  }),
  holders: fc.array(holder, { maxLength: 2 }),
  rowByOwnerTag: candidate,
  rowByIdentity: candidate,
  rowById: candidate,
  recordDecision: fc.constantFrom(null, 'import' as const, 'leave' as const),
  origin: fc.constantFrom(null, 'internal', 'stripe', 'other'),
  otherMapping: fc.option(mapping),
  record: answer(fetched),
  namedRecord: fc.option(answer(fetched), { freq: 5 }),
  /** The record that another one was merged into. */
  winner: answer(fetched),
  recordsByIdentity: answer(fc.array(record, { maxLength: 2 })),
  bestRecord: answer(fc.option(externalId)),
  createdRecord: createSearch,
});

export type World = typeof anyWorld extends fc.Arbitrary<infer T> ? T : never;

/** The answer to a fact, the same each time. */
export function answerOf(world: World, fact: Fact): unknown {
  if (fact.about === 'record' && fact.ask.for === 'winner') return world.winner;
  return world[fact.about];
}

// What an id is of: guesses its kinds from its form, and looks each of them up by an index.
//
// Guarantees: at most one look-up for each kind, and few results. What is asked for is in no answer but as
// an id that is stored, and in no log.
import { readConflict } from '../../db/conflicts.ts';
import {
  findEventsOfExternal,
  findEventsOfRequest,
  findIntent,
  findPairsByRecord,
  findRefusals,
  type FoundPair,
} from '../../db/stories/find.ts';
import { findIdentityHolder, readRow } from '../../db/entities/rows.ts';
import { readEvent } from '../../db/events/whole.ts';
import { readPairs } from '../../db/mappings/error-groups.ts';
import { readJob } from '../../db/replays/jobs.ts';
import { readPlan } from '../../db/replays/plans.ts';
import type { Db } from '../../db/server/connection.ts';
import { listAttempts } from '../../db/stories/lists.ts';
import type { Entity } from '../catalogue/entity.ts';
import { isUuid, uuidLowerBound, uuidTime } from '../uuid.ts';
import { readGroup } from './error-groups.ts';
import { encodeCursor } from './list-cursor.ts';

/** `path`: below /api/v1. */
export type Found = { kind: string; id: string | number; path: string };

export type FoundAll = {
  found: Found[];
  /** The kinds that an id of this form can be of, all of which were looked up. */
  tried: string[];
};

type Asked = { db: Db; entity: Entity; q: string };
type Look = { kind: string; fits: (q: string) => boolean; look: (asked: Asked) => Promise<Found[]> };

/** Of one kind. */
const MOST = 10;
/** A request writes its events within so much of its beginning; its id says when it began. */
const REQUEST_MS = 40_000;

const isNumber = (q: string): boolean => /^[1-9]\d{0,15}$/.test(q) && Number.isSafeInteger(Number(q));
const isUuidHere = (q: string): boolean => isUuid(q.toLowerCase());
/** As systems give ids: no blanks, and no address. */
const isExternal = (q: string): boolean => /^[\w.:/-]{1,255}$/.test(q) && !isUuidHere(q);

const LOOKS: readonly Look[] = [
  { kind: 'customer', fits: isNumber, look: ofRow },
  { kind: 'mapping', fits: isNumber, look: ofMapping },
  { kind: 'replay', fits: isNumber, look: ofReplay },
  { kind: 'event', fits: isUuidHere, look: ofEvent },
  { kind: 'conflict', fits: isUuidHere, look: ofConflict },
  { kind: 'write', fits: isUuidHere, look: ofIntent },
  { kind: 'request', fits: isUuidHere, look: ofRequest },
  { kind: 'identity', fits: (q) => q.includes('@') && q.length <= 512, look: ofIdentity },
  { kind: 'record', fits: isExternal, look: ofRecord },
  { kind: 'external_event', fits: isExternal, look: ofExternalEvent },
  { kind: 'external_request', fits: isExternal, look: ofExternalRequest },
  { kind: 'group', fits: (q) => /^[0-9a-f]{12}$/.test(q), look: ofGroup },
  { kind: 'replay_plan', fits: (q) => /^[0-9a-f]{64}$/.test(q), look: ofPlan },
];

export async function find(db: Db, entity: Entity, text: string): Promise<FoundAll> {
  const q = text.trim();
  const fitting = LOOKS.filter(({ fits }) => fits(q));
  const found = await Promise.all(fitting.map(({ look }) => look({ db, entity, q })));
  const once = new Map(found.flat().map((each) => [each.path, each]));
  return { found: [...once.values()], tried: fitting.map(({ kind }) => kind) };
}

const rowOf = ({ plural, name }: Entity, id: number): Found => ({ kind: name, id, path: `/${plural}/${id}` });
const mappingOf = (id: number): Found => ({ kind: 'mapping', id, path: `/mappings/${id}/explain` });
const eventOf = (id: string): Found => ({ kind: 'event', id, path: `/events/${id}` });

/** The row of a pair, and the pair itself. */
const pairOf =
  (entity: Entity) =>
  ({ mappingId, entityType, rowId }: FoundPair): Found[] => [
    ...(rowId !== null && entityType === entity.name ? [rowOf(entity, rowId)] : []),
    mappingOf(mappingId),
  ];

async function ofRow({ db, entity, q }: Asked): Promise<Found[]> {
  const id = Number(q);
  return (await readRow(db, entity, id)) ? [rowOf(entity, id)] : [];
}

async function ofMapping({ db, q }: Asked): Promise<Found[]> {
  return (await readPairs(db, [Number(q)])).map(({ mapping }) => mappingOf(mapping.id));
}

async function ofReplay({ db, q }: Asked): Promise<Found[]> {
  const job = await readJob(db, Number(q));
  return job ? [{ kind: 'replay', id: job.id, path: `/replays/${job.id}` }] : [];
}

async function ofEvent({ db, q }: Asked): Promise<Found[]> {
  const event = await readEvent(db, q.toLowerCase());
  return event ? [eventOf(event.eventId)] : [];
}

async function ofConflict({ db, q }: Asked): Promise<Found[]> {
  const conflict = await readConflict(db, q.toLowerCase());
  return conflict ? [{ kind: 'conflict', id: conflict.id, path: `/conflicts/${conflict.id}` }] : [];
}

async function ofIntent({ db, entity, q }: Asked): Promise<Found[]> {
  return (await findIntent(db, q.toLowerCase())).flatMap(pairOf(entity));
}

/** Only ids that Twinbox gave: they say when the request began. */
async function ofRequest({ db, q }: Asked): Promise<Found[]> {
  const id = q.toLowerCase();
  if (id[14] !== '7') return [];
  const began = uuidTime(id);
  const window = { from: uuidLowerBound(Math.max(0, began - 1_000)), to: uuidLowerBound(began + REQUEST_MS) };
  return (await findEventsOfRequest(db, { requestId: id, ...window, limit: MOST })).map(eventOf);
}

async function ofIdentity({ db, entity, q }: Asked): Promise<Found[]> {
  const id = await findIdentityHolder(db, entity, q);
  return id === null ? [] : [rowOf(entity, id)];
}

async function ofRecord({ db, entity, q }: Asked): Promise<Found[]> {
  return (await findPairsByRecord(db, { externalId: q, limit: MOST })).flatMap(pairOf(entity));
}

async function ofExternalEvent({ db, q }: Asked): Promise<Found[]> {
  const [events, refusals] = await Promise.all([
    findEventsOfExternal(db, { externalEventId: q, limit: MOST }),
    findRefusals(db, { externalEventId: q, limit: MOST }),
  ]);
  return [
    ...events.map(eventOf),
    ...refusals.map((id): Found => ({
      kind: 'refusal',
      id,
      path: `/refusals?limit=1&after=${beforeRefusal(id)}`,
    })),
  ];
}

/** The place in the list of refusals after which this one follows. */
const beforeRefusal = (id: number): string => encodeCursor({ list: 'refusals', filter: {} }, [id + 1]);

async function ofExternalRequest({ db, entity, q }: Asked): Promise<Found[]> {
  const calls = await listAttempts(db, { requestId: q, limit: MOST });
  const path = `/attempts?request_id=${encodeURIComponent(q)}`;
  return calls.flatMap(({ id, mappingId, customer }): Found[] => [
    { kind: 'attempt', id, path },
    ...pairOf(entity)({ mappingId, entityType: entity.name, rowId: customer }),
  ]);
}

async function ofGroup({ db, entity, q }: Asked): Promise<Found[]> {
  return (await readGroup(db, entity, q, 1)) ? [{ kind: 'group', id: q, path: `/groups/${q}` }] : [];
}

async function ofPlan({ db, q }: Asked): Promise<Found[]> {
  return (await readPlan(db, q)) ? [{ kind: 'replay_plan', id: q, path: `/replay-plans/${q}` }] : [];
}

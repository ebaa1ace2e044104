// The plan of a replay: which deliveries a selection has, what a step would do about each, and what
// that costs. The plan of the step itself is asked (`foresee`), so that no second logic predicts it.
//
// Guarantees: no row, pair, delivery or record is changed. What was selected is kept under the plan's
// hash for a day, for its pages and for the job that it becomes.
import { makePlan, readPlanPage, type PlannedDelivery, type StoredPlan } from '../../db/replays/plans.ts';
import { withTransaction, type Db } from '../../db/server/connection.ts';
import { foresee, foreseeStored, type Effect } from '../sync/foresee.ts';
import { depsOfKind } from '../sync/kinds.ts';
import type { SyncDeps } from '../sync/step.ts';
import { inOnce, type Once } from './once.ts';
import { selectionIn, type Selecting } from './selection-words.ts';

export type { StoredPlan } from '../../db/replays/plans.ts';

/** `superseded`: a newer event of the pair carries the state that is sent; `by` is the newest. */
export type PlannedEffect = Effect | { would: 'superseded'; by: string };

export type PlannedItem = PlannedDelivery & { effect: PlannedEffect };

/** What may be called: the systems that are kept in step, by name. */
export type Planners = ReadonlyMap<string, SyncDeps>;

/** Selects, and keeps what was found. A repeat of `once` selects nothing. */
export function plan(db: Db, selection: Selecting, now: Date, once?: Once<StoredPlan>): Promise<StoredPlan> {
  return withTransaction(
    db,
    inOnce(once, async (tx) => makePlan(tx, await selectionIn(tx, selection), now)),
  );
}

/**
 * A page of a plan after a place, with the effects. With `read` each record is read first, as the
 * replay will do; without it no system is called, and an effect is what the stored facts say: a
 * difference that only the system knows is not in it.
 */
export async function readPlannedItems(
  db: Db,
  planners: Planners,
  page: { hash: string; after: number; limit: number; read: boolean },
): Promise<PlannedItem[]> {
  const { read, ...where } = page;
  const found = await readPlanPage(db, where);
  const asked = found.filter(({ supersededBy }) => supersededBy === null);
  const effects = read ? new Map<number, Effect>() : await effectsStored(planners, asked);
  const items: PlannedItem[] = [];
  for (const delivery of found) {
    const { mappingId, supersededBy } = delivery;
    if (supersededBy !== null) {
      items.push({ ...delivery, effect: { would: 'superseded', by: supersededBy } });
      continue;
    }
    const effect = effects.get(mappingId) ?? (await effectOn(planners, delivery, read));
    effects.set(mappingId, effect);
    items.push({ ...delivery, effect });
  }
  return items;
}

/** What a step would do about pairs by what is stored, with few statements for all of them. */
async function effectsStored(
  planners: Planners,
  pairs: readonly PlannedDelivery[],
): Promise<Map<number, Effect>> {
  const effects = new Map<number, Effect>();
  const kinds = Map.groupBy(pairs, ({ system, entityType }) => JSON.stringify([system, entityType]));
  for (const alike of kinds.values()) {
    const [{ system, entityType } = { system: null, entityType: null }] = alike;
    const deps = system === null ? undefined : planners.get(system);
    const own = deps && entityType !== null ? depsOfKind(deps, entityType) : null;
    const ids = [...new Set(alike.map(({ mappingId }) => mappingId))];
    if (own) for (const [id, effect] of await foreseeStored(own, ids)) effects.set(id, effect);
  }
  return effects;
}

/** What a step would do about a pair now. */
export async function effectOn(
  planners: Planners,
  pair: Pick<PlannedDelivery, 'mappingId' | 'fence' | 'system' | 'entityType'>,
  read: boolean,
): Promise<Effect> {
  const { mappingId: id, fence, system, entityType } = pair;
  if (fence === null || system === null || entityType === null)
    return { would: 'nothing', why: 'its pair has gone: its events belong to another one' };
  const deps = planners.get(system);
  const own = deps && depsOfKind(deps, entityType);
  if (!own) return { would: 'unknown', why: `the rows of ${entityType} are not kept in step with ${system}` };
  return (await foresee(own, { id, fence }, { mustRead: read, mayCall: read })).effect;
}

export type Outlook = {
  /** Calls to the systems: a read of each record, and at most a search or a write besides. */
  calls: { least: number; most: number };
  /** At the job's rate, and at the systems' own limits; live traffic, which goes first, makes it longer. */
  seconds: number;
};

/** `limits`: the requests per second that each system takes; null without a limit. */
export function outlookOf(
  { counts }: Pick<StoredPlan, 'counts'>,
  { rate, limits }: { rate: number; limits: ReadonlyMap<string, number | null> },
): Outlook {
  const { pairs, with_record: records, systems } = counts;
  const own = Object.entries(systems).map(([system, some]) => (some * 2) / (limits.get(system) ?? Infinity));
  return {
    calls: { least: records, most: pairs * 2 },
    seconds: Math.ceil(Math.max(0, pairs / rate, ...own)),
  };
}

/** Of every system the requests per second that its account or its endpoints take. */
export function limitsOf(planners: Planners): Map<string, number | null> {
  return new Map(
    [...planners].map(([name, { policy }]) => {
      const { account, endpoint } = policy.rates ?? {};
      const known = [account, endpoint].filter((rate) => typeof rate === 'number');
      return [name, known.length > 0 ? Math.min(...known) : null];
    }),
  );
}

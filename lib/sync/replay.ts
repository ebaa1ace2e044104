// Replay: an operator asks for deliveries again. First it says what each would do, by looking; then it raises the mapping's
// number and makes the next step read. It is safe at any age: reconcile reads before it writes and makes a new intent where one
// is needed, and it needs no event that retention has taken.
import { findDeliveries, type DeliveryChoice, type FoundDelivery } from '../../db/replay.ts';
import { raiseMappings } from '../../db/mappings.ts';
import { ALIAS_LIVES } from './delete-conflicts.ts';
import { damageOf, toBeMended } from './damage.ts';
import { merge } from './merge.ts';
import { oursOf, theirsOf, type SyncDeps } from './step.ts';

export type { DeliveryChoice } from '../../db/replay.ts';

/** What a replay of one delivery would do now. `fields` are ours by name; values are left out on purpose. */
export type Effect =
  | { would: 'nothing'; why: string }
  | { would: 'create' }
  | { would: 'delete' }
  | { would: 'update'; there: string[]; here: string[] }
  | { would: 'unknown'; why: string };

export type ReplayItem = FoundDelivery & { effect: Effect };

/** Looks at what fits the choice, newest mapping work first; reads the other side once per mapping, and changes nothing. */
export async function planReplay(deps: SyncDeps, choice: DeliveryChoice): Promise<ReplayItem[]> {
  const found = await findDeliveries(deps.db, choice);
  const effects = new Map<number, Effect>();
  const items: ReplayItem[] = [];
  for (const delivery of found) {
    const effect = effects.get(delivery.mappingId) ?? (await foresee(deps, delivery));
    effects.set(delivery.mappingId, effect);
    items.push({ ...delivery, effect });
  }
  return items;
}

/** Asks for the items' mappings again. Returns how many mappings were raised. */
export async function runReplay(deps: SyncDeps, items: ReplayItem[], reason: string): Promise<number> {
  const ids = [...new Set(items.map((item) => item.mappingId))];
  if (ids.length === 0) return 0;
  const raised = await raiseMappings(deps.db, { ids, now: deps.clock.now(), mustRead: true, urgency: 1 });
  deps.log.info('replay.raised', { mappings: raised, deliveries: items.length, reason });
  return raised;
}

async function foresee(deps: SyncDeps, delivery: FoundDelivery): Promise<Effect> {
  const { mapping, row } = delivery;
  if (mapping.state === 'tombstoned' || mapping.state === 'detached' || mapping.state === 'alias') {
    return { would: 'nothing', why: `the pair is ${mapping.state}` };
  }
  const damage = damageOf(mapping);
  if (damage) return { would: 'unknown', why: toBeMended(damage) };
  if (mapping.intent?.spent !== undefined || mapping.reason === 'create_unknown') {
    return {
      would: 'unknown',
      why: 'what its last request did is not known: that is looked for first, and nothing is sent twice',
    };
  }
  if (!row) return { would: 'nothing', why: 'its customer is gone' };
  if (row.deletedAt !== null)
    return mapping.externalId === null
      ? { would: 'nothing', why: 'it never got there' }
      : { would: 'delete' };
  if (mapping.externalId === null) return { would: 'create' };
  if (mapping.reason === ALIAS_LIVES && mapping.reasonDetail?.['deletion_accepted'] !== true)
    return {
      would: 'nothing',
      why: `its record was deleted there and another one lives: npx twinbox link ${row.id} --record ID, or --accept-deletion`,
    };
  try {
    const fetched = await deps.integration.fetch(mapping.externalId);
    if (fetched.state === 'missing')
      return { would: 'nothing', why: 'the system does not know its counterpart; it stays parked' };
    if (fetched.state === 'erased') return { would: 'update', there: [], here: ['deleted_at'] };
    const rules = deps.integration.document.fields;
    const plan = merge({
      rules,
      shadow: mapping.shadow,
      ours: oursOf(rules, row),
      theirs: theirsOf(rules, fetched.record.fields),
    });
    const [there, here] = [Object.keys(plan.push), Object.keys(plan.pull)];
    if (there.length + here.length === 0) return { would: 'nothing', why: 'both sides agree' };
    return { would: 'update', there, here };
  } catch (error) {
    return {
      would: 'unknown',
      why: `the system could not be read: ${deps.integration.classify(error).code}`,
    };
  }
}

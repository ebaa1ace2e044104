// Several records that claim one row in the plan of the first link: the owner tag counts before the
// email, and among equals the rule of lib/sync/choose-record.ts decides. Only such records are read
// once more, to find out how they are used.
import { saidOfChoice } from '../sync/choose-record.ts';
import { chooseAmong } from '../sync/record-activity.ts';
import type { LinkPlan, NotTaken, PlannedPair } from './planned-link.ts';
import type { SyncDeps } from '../sync/step.ts';

/**
 * By customer, the records that claim it, in the order of the list; only customers with several
 * records.
 */
export type Rivals = Map<number, PlannedPair[]>;

/**
 * Adds the claim of a record on a row: the first claim makes the pair, and further ones make
 * rivals. If a page was read twice, a record counts once.
 */
export function claim(plan: LinkPlan, rivals: Rivals, pair: PlannedPair): void {
  const { customer, externalId } = pair;
  const before = plan.pairs.get(customer);
  if (!before) {
    plan.pairs.set(customer, pair);
    return;
  }
  const some = rivals.get(customer) ?? [before];
  if (some.some((each) => each.externalId === externalId)) return;
  rivals.set(customer, [...some, pair]);
}

/**
 * Decides which record each row gets. A record that is gone by now is left out; a row whose records
 * are all gone gets a new one.
 */
export async function decideRivals(deps: SyncDeps, plan: LinkPlan, rivals: Rivals): Promise<void> {
  for (const [customer, some] of rivals) {
    const marked = some.filter(({ by }) => by === 'mark');
    const asked = marked.length > 0 ? marked : some;
    const choice = await chooseAmong(
      deps,
      asked.map(({ externalId }) => externalId),
    );
    const chosen = asked.find(({ externalId }) => externalId === choice?.externalId);
    if (!choice || !chosen) {
      plan.pairs.delete(customer);
      continue;
    }
    const byEmail = some.filter((each) => !asked.includes(each));
    const over: PlannedPair['over'] = [
      ...choice.over,
      ...byEmail.map(({ externalId }) => ({ externalId, by: 'mark' as const })),
    ];
    plan.pairs.set(customer, { ...chosen, over });
    plan.aliases.push(...over.map(({ externalId, by }) => ({ externalId, customer, by })));
  }
}

/** For people, as the text after the id of the record that was chosen. */
export function saidOfNotTaken(by: NotTaken): string {
  return by === 'mark' ? "it has the customer's owner tag" : saidOfChoice(by);
}

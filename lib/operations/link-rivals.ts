// Records that ask for one row in the plan of the first link: by the owner tag before the email,
// and among several by the rule of lib/sync/choose-record.ts. Only such records are read once more,
// for how they are used.
import { saidOfChoice } from '../sync/choose-record.ts';
import { chooseAmong } from '../sync/record-activity.ts';
import type { LinkPlan, NotTaken, PlannedPair } from './planned-link.ts';
import type { SyncDeps } from '../sync/step.ts';

/** By customer, the records that ask for it, in the order of the list; a row with one record has no entry. */
export type Rivals = Map<number, PlannedPair[]>;

/**
 * A record's claim on a row: it is the row's, or there are several. A page that was read twice
 * names a record once.
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
 * Decides which record each row gets. A record that is gone by now is none; a row whose records are
 * all gone gets one made.
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

/** For people, to be read after the chosen record's id. */
export function saidOfNotTaken(by: NotTaken): string {
  return by === 'mark' ? "it bears the customer's owner tag" : saidOfChoice(by);
}

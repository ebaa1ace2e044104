// One explanation of what several systems have of a customer, a record or a mapping. What a step would do
// depends on the settings of a system, so each system is asked alone, and the answers become one.
import { depsOfKind } from '../sync/kinds.ts';
import { explain, type Asked, type Explanation } from './explain.ts';
import type { Planners } from './replay-plan.ts';

/**
 * By what is stored: no system is called, and nothing is written. `entity`: whose row is meant. Null: there
 * is no such row, record or mapping.
 */
export async function explainStored(
  planners: Planners,
  entity: string,
  asked: Asked,
): Promise<Explanation | null> {
  const found: (Explanation | null)[] = [];
  for (const [system, deps] of planners) {
    const own = depsOfKind(deps, entity);
    // One system alone also answers for pairs of systems that are not kept in step any more.
    if (own)
      found.push(await explain(own, asked, { read: false, system: planners.size > 1 ? system : null }));
  }
  return inOne(found);
}

/** The answers of several systems as one. Null if none of them has found anything. */
export function inOne(found: readonly (Explanation | null)[]): Explanation | null {
  const all = found.filter((each) => each !== null);
  const [first] = all;
  if (first === undefined) return null;
  return {
    ...first,
    customer: all.find(({ customer }) => customer !== null)?.customer ?? null,
    pairs: all.flatMap(({ pairs }) => pairs),
    notReceived: all.flatMap(({ notReceived }) => notReceived),
    unmatched: all.flatMap(({ unmatched }) => unmatched),
  };
}

import { expect } from 'chai';
import { explain, type Asked, type Explanation, type PairExplained } from '../../lib/operations/explain.ts';
import type { SyncPolicy } from '../../lib/sync/step.ts';
import type { TwoWayWorld } from './two-way.ts';

type Options = { read?: boolean; policy?: Partial<SyncPolicy> };

/**
 * Asks for explanations, and asserts each time that nothing is written, and without `read` no call
 * is made.
 */
export function createExplainer(world: TwoWayWorld) {
  async function ask(asked: Asked, { read = false, policy = {} }: Options = {}): Promise<Explanation> {
    const before = await everythingIn(world);
    const calls = world.calls().length;
    const deps = { ...world.deps, policy: { ...world.deps.policy, ...policy } };
    const explained = await explain(deps, asked, { read, system: null });
    expect(await everythingIn(world), 'nothing is written').to.deep.equal(before);
    if (!read) expect(world.calls().length, 'nothing is called').to.equal(calls);
    if (!explained) throw new Error('nothing was found');
    return explained;
  }

  /** The one pair of a customer. */
  async function one(customer: number, options: Options = {}): Promise<PairExplained> {
    const { pairs } = await ask({ customer }, options);
    const [pair] = pairs;
    if (!pair || pairs.length !== 1) throw new Error(`${pairs.length} pairs of customer ${customer}`);
    return pair;
  }

  return { ask, one };
}

export async function everythingIn({ db, simulator }: TwoWayWorld): Promise<object[]> {
  const { rows } = await db.raw<{ rows: object[] }>(
    `select to_jsonb(m) as row from external_mappings m union all select to_jsonb(d) from sync_deliveries d
     union all select to_jsonb(i) from sync_intents i union all select to_jsonb(c) from connections c
     union all select to_jsonb(r) from external_records r order by 1`,
  );
  return [...rows, simulator.customers()];
}

export const kindsOf = ({ obstacles }: PairExplained): string[] => obstacles.map(({ kind }) => kind);

export const commandsOf = ({ remedies }: PairExplained): string[] =>
  remedies.map(({ command }) => command.replace('npx twinbox ', ''));

// Two teams who edit the same customers, one through the API, one in Stripe's dashboard. A customer
// is edited in rounds; before each round both sides agree, so the possible results of a round
// follow from the round alone.
import { sleep } from '../../lib/loop.ts';
import { call } from '../cli/twinbox.ts';
import { createChances } from '../support/chances.ts';
import type { Edit } from '../support/losses.ts';
import type { Pairs, PairSeen } from './pairs.ts';
import type { Field, TeamEdit } from './true-conflicts.ts';

export type Teams = {
  /** Makes customers on both sides. */
  make(customers: number): Promise<void>;
  /**
   * Begins a round with each of some pairs that are at rest; returns how many pairs are not at rest
   * now.
   */
  pass(rounds: number): Promise<number>;
  /** The number of edits begun so far. */
  count(): number;
  counts: Record<string, number>;
  editsOf(pair: Pick<PairSeen, 'id' | 'externalId'>): TeamEdit[];
  edits(): Edit[];
};

type Workplace = { api: string; simulator: string; pairs: Pairs };

/**
 * The time between two edits of a round: some cross before either is carried over, some on the way,
 * and some not at all.
 */
const APART_MS = 15_000;
const FIELDS: readonly Field[] = ['name', 'email'];

export function createTeams({ api, simulator, pairs }: Workplace, seed: number): Teams {
  const { random, pick } = createChances(seed);
  const made = new Map<number, { edit: TeamEdit; at: number; externalId: string }[]>();
  const editing = new Set<number>();
  const counts: Record<string, number> = {};
  const rounds = new Map<number, number>();
  const failed: unknown[] = [];
  let moment = 0;
  let customers = 0;
  let edits = 0;

  const count = (what: string): void => void (counts[what] = (counts[what] ?? 0) + 1);

  async function edit({ id, externalId }: PairSeen, { side, field, value }: TeamEdit): Promise<void> {
    const change = { [field]: value };
    if (side === 'ours') await call('PATCH', `${api}/api/v1/customers/${id}`, change);
    else await call('POST', `${simulator}/_sim/dashboard/customers/${externalId}`, change);
  }

  /** The edits of both teams in a round: one list for each side. */
  function plan(round: number, id: number): { what: string; ours: TeamEdit[]; theirs: TeamEdit[] } {
    const field = pick(FIELDS) ?? 'name';
    const other = field === 'name' ? 'email' : 'name';
    const make = (side: TeamEdit['side'], on: Field, prefix: string = side): TeamEdit => {
      const text = `${prefix}-${id}-${round}-${++moment}`;
      return { side, round, field: on, value: on === 'name' ? text : `${text}@example.com` };
    };
    const chance = random();
    if (chance < 0.2) return { what: 'one edit of ours', ours: [make('ours', field)], theirs: [] };
    if (chance < 0.4) return { what: 'one edit of theirs', ours: [], theirs: [make('theirs', field)] };
    const three = (side: TeamEdit['side']): TeamEdit[] => [1, 2, 3].map(() => make(side, field));
    if (chance < 0.48) return { what: 'three edits of ours', ours: three('ours'), theirs: [] };
    if (chance < 0.56) return { what: 'three edits of theirs', ours: [], theirs: three('theirs') };
    const ours = make('ours', field);
    if (chance < 0.7) return { what: 'two fields', ours: [ours], theirs: [make('theirs', other)] };
    if (chance < 0.75)
      return { what: 'the same on both sides', ours: [ours], theirs: [{ ...ours, side: 'theirs' }] };
    return { what: 'one field on both sides', ours: [ours], theirs: [make('theirs', field)] };
  }

  async function play(pair: PairSeen): Promise<void> {
    const round = (rounds.get(pair.id) ?? 0) + 1;
    rounds.set(pair.id, round);
    const { what, ours, theirs } = plan(round, pair.id);
    count(what);
    edits += ours.length + theirs.length;
    const later = pick([ours, theirs]);
    const waitMs = ours.length > 0 && theirs.length > 0 && random() < 0.5 ? random() * APART_MS : 0;
    const noted = made.get(pair.id) ?? [];
    made.set(pair.id, noted);
    const at = ++moment;
    const makeAll = async (side: TeamEdit[]): Promise<void> => {
      if (side === later) await sleep(waitMs);
      for (const [n, one] of side.entries()) {
        noted.push({ edit: one, at: at + n / 10, externalId: pair.externalId });
        await edit(pair, one);
      }
    };
    await Promise.all([makeAll(ours), makeAll(theirs)]);
  }

  return {
    counts,
    count: () => edits,
    async make(wanted) {
      while (customers < wanted) {
        const who = { name: `first-${++customers}`, email: `first-${customers}@example.com` };
        if (customers % 2 === 0) await call('POST', `${api}/api/v1/customers`, who);
        else await call('POST', `${simulator}/_sim/dashboard/customers`, who);
      }
    },
    async pass(wanted) {
      if (failed.length > 0) throw failed[0];
      const busy = new Set(editing);
      const seen = await pairs.look();
      const resting = seen.filter(({ id, atRest }) => atRest && !busy.has(id));
      for (let n = 0; n < wanted && resting.length > 0; n++) {
        const [pair] = resting.splice(Math.floor(random() * resting.length), 1);
        if (!pair) break;
        editing.add(pair.id);
        void play(pair)
          .catch((error: unknown) => failed.push(error))
          .finally(() => editing.delete(pair.id));
      }
      return customers - resting.length;
    },
    editsOf: ({ id }) => (made.get(id) ?? []).map(({ edit: one }) => one),
    edits: () =>
      [...made].flatMap(([id, all]) =>
        all.map(({ edit: { side, field, value }, at, externalId }): Edit => ({
          side,
          id: side === 'ours' ? id : externalId,
          field,
          value,
          at,
        })),
      ),
  };
}

import { pauseConnection, resumeConnection } from '../../db/connections.ts';
import { raiseMappings } from '../../db/mappings/dirty.ts';
import { urgencies } from '../../db/urgency.ts';
import { createConflictOperations, lostValue } from '../../lib/operations/conflicts.ts';
import { createLinkOperations } from '../../lib/operations/links.ts';
import { storeConsents, planFirstLink } from '../../lib/operations/link-plan.ts';
import { createResolveOperations } from '../../lib/operations/resolutions.ts';
import { createChoiceOperations } from '../../lib/operations/record-choice.ts';
import type { People } from './history-people.ts';
import type { Scene } from './history-scene.ts';
import { customer as customerEntity } from '../../lib/catalogue/built-in.ts';

/**
 * The operator: replays, decides stuck pairs, pauses and resumes the lane, reverses conflicts, and
 * links records.
 */
export interface Operator {
  act(): Promise<void>;
  /**
   * Chooses another record for a customer, mostly one of its own, sometimes any; or accepts the
   * deletion of its record.
   */
  chooseRecord(): Promise<void>;
  /** Ends a pause after some moves, and notices missing records. */
  tick(): Promise<void>;
  resume(): Promise<void>;
  /** Replays everything that is parked. Returns how many mappings that were. */
  replayParked(): Promise<number>;
}

const PAUSE_MOVES = 6;
const PARKED = `select id from external_mappings where state = 'parked' order by id`;
const ASKED = `select id from external_mappings where state = 'waiting' and reason = 'ask_link' order by id`;
const NOT_LINKED = `select id from external_mappings where state = 'waiting' and reason = 'not_linked' order by id`;
/** Parked as missing, though the record may exist; and all else that a person may decide about. */
const STUCK = `select id from external_mappings where state = 'parked' and reason = 'missing' and role = 'primary' order by id`;
const ANY_STUCK = `select id from external_mappings where state = 'parked' and internal_id is not null and role = 'primary' order by id`;
/** Customers with an alias. */
const DOUBLED = `select m.internal_id as id from external_mappings m join customers c on c.id = m.internal_id
  where m.state = 'alias' and c.deleted_at is null order by m.id`;
/** Customers with an alias whose own record was deleted at the external system. */
const HELD = `select internal_id as id from external_mappings where state = 'waiting' and reason = 'alias_lives' order by id`;
/** Records that belong to no row, or aliases. */
const RECORDS = `select external_id as id from external_mappings
  where external_id is not null and (state = 'alias' or internal_id is null) and state <> 'tombstoned' order by id`;
const REVERSIBLE = `select id from sync_conflicts
  where winner <> 'neither' and kind in ('both_moved', 'overwritten_unseen') and reversed_at is null order by id`;

export function createOperator({ world, chances, say, count }: Scene, people: People): Operator {
  const { db, clock, deps } = world;
  const { chance, pick } = chances;
  const { system, document } = deps.integration;
  const conflicts = createConflictOperations({
    entity: customerEntity,
    db,
    clock,
    nudge: () => undefined,
    documents: [document],
  });
  const links = createLinkOperations({ db, clock });
  const resolutions = createResolveOperations({ entity: customerEntity, db, clock, log: deps.log });
  const target = { system, externalType: document.externalType };
  const choices = createChoiceOperations({
    entity: customerEntity,
    db,
    clock,
    nudge: () => undefined,
    target,
  });
  let pausedFor = 0;

  async function ids<T>(sql: string): Promise<T[]> {
    const { rows } = await db.raw<{ rows: { id: T }[] }>(sql);
    return rows.map(({ id }) => id);
  }

  function raise(mappings: number[]): Promise<number> {
    return raiseMappings(db, { ids: mappings, now: clock.now(), mustRead: true, urgency: urgencies.bulk });
  }

  async function replay(): Promise<void> {
    const parked = await ids<number>(PARKED);
    const one = pick(parked) ?? pick(await ids<number>(`select id from external_mappings order by id`));
    if (one === undefined) return;
    say(`operator: asks for mapping ${one} again`);
    count(parked.length > 0 ? 'replay of what was parked' : 'replay');
    await raise([one]);
  }

  async function pause(): Promise<void> {
    if (pausedFor > 0) return;
    say('operator: pauses');
    count('pause');
    pausedFor = PAUSE_MOVES;
    await pauseConnection(db, system, null, clock.now());
  }

  async function reverse(id: string): Promise<void> {
    const reversed = await conflicts.reverse(id, { context: {} });
    say(`operator: reverses a conflict: ${reversed.outcome}`);
    if (reversed.outcome !== 'reversed' || !reversed.customer || reversed.conflict.field === null) return;
    count('conflict reversed');
    const { field } = reversed.conflict;
    const value = lostValue(reversed.conflict) as string | null; // every field of the histories is a text
    people.note({ side: 'ours', id: reversed.customer.id, field, value });
  }

  async function consent(id: number): Promise<void> {
    const { outcome } = await links.consent(id, 'operator');
    say(`operator: mapping ${id} is that customer: ${outcome}`);
    if (outcome === 'consented') count('consent given to link');
  }

  /** Both sides are read, and consent is given to the links of the plan. */
  async function linkAll(): Promise<void> {
    const plan = await planFirstLink(deps);
    const { rows } = await storeConsents(deps, plan, 'operator');
    say(`operator: links ${rows} rows`);
    if (rows > 0) count('consent to link rows that wait', rows);
  }

  /** Stripe may refuse a call of the operator; that is no error of ours. */
  function refused(error: unknown): void {
    const { code, status, scope } = deps.integration.classify(error);
    if (status === null && scope === 'entity') throw error;
    say(`operator: Stripe refuses (${code})`);
  }

  async function decide(id: number): Promise<void> {
    const action = chance(0.1) ? 'let_go' : 'recreate';
    const { outcome } = await resolutions.resolve(id, { action, actor: 'operator', why: null });
    say(`operator: decides about mapping ${id}: ${action}: ${outcome}`);
    if (outcome === 'decided' || outcome === 'let_go') count(`stuck pair: ${action}`);
  }

  async function chooseRecord(): Promise<void> {
    const held = pick(await ids<number>(HELD));
    if (held !== undefined && chance(0.4)) {
      const { outcome } = await choices.acceptDeletion(held, 'operator');
      say(`operator: customer ${held} goes with its record: ${outcome}`);
      if (outcome === 'accepted') count('deletion accepted');
      return;
    }
    const customer = held ?? pick(await ids<number>(DOUBLED));
    if (customer === undefined) return;
    const own = await ids<string>(
      `select external_id as id from external_mappings where internal_id = ${customer} and external_id is not null order by id`,
    );
    const record = pick(chance(0.6) ? own : await ids<string>(RECORDS));
    if (record === undefined) return;
    const { outcome } = await choices.choose(customer, record, 'operator');
    say(`operator: ${record} is customer ${customer}'s: ${outcome}`);
    count(`record chosen: ${outcome}`);
  }

  async function resume(): Promise<void> {
    pausedFor = 0;
    await resumeConnection(db, system, clock.now());
  }

  return {
    chooseRecord,
    async act() {
      const conflict = pick(await ids<string>(REVERSIBLE));
      const asked = pick(await ids<number>(ASKED));
      if (conflict !== undefined && chance(0.5)) await reverse(conflict);
      else if (asked !== undefined && chance(0.7)) await consent(asked);
      else if ((await ids<number>(NOT_LINKED)).length > 0 && chance(0.6)) await linkAll().catch(refused);
      else await pick([replay, replay, pause])?.();
    },
    async tick() {
      if (pausedFor > 0 && --pausedFor === 0) await resume();
      // The next edit may resolve a stuck pair, so the operator has to be quick.
      const [stuck] = await ids<number>(STUCK); // and no choice is drawn where there is none
      if (stuck !== undefined && chance(0.6)) await decide(stuck);
    },
    resume,
    async replayParked() {
      const parked = await ids<number>(PARKED);
      if (parked.length > 0) count('parked until the end', parked.length);
      for (const id of await ids<number>(ANY_STUCK)) if (chance(0.3)) await decide(id);
      return raise(parked);
    },
  };
}

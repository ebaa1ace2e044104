import { pauseConnection, resumeConnection } from '../../db/connections.ts';
import { raiseMappings } from '../../db/mappings.ts';
import { createConflictDesk, lostValue } from '../../lib/conflicts.ts';
import { createLinkDesk } from '../../lib/links.ts';
import { createResolveDesk } from '../../lib/resolutions.ts';
import type { People } from './history-people.ts';
import type { Scene } from './history.ts';

/** Whoever looks after it: asks again, decides what is stuck, stops and starts the lane, turns conflicts round, says which two are one. */
export interface Operator {
  act(): Promise<void>;
  /** A pause is over after some turns; what is missing is seen. */
  tick(): Promise<void>;
  resume(): Promise<void>;
  /** Asks again for everything that is parked. Says how many that were. */
  replayParked(): Promise<number>;
}

const PAUSE_TURNS = 6;
const PARKED = `select id from external_mappings where state = 'parked' order by id`;
const ASKED = `select id from external_mappings where state = 'waiting' and reason = 'ask_link' order by id`;
/** Parked as missing, though it may be there; and what else a person may decide about. */
const STUCK = `select id from external_mappings where state = 'parked' and reason = 'missing' and role = 'primary' order by id`;
const ANY_STUCK = `select id from external_mappings where state = 'parked' and internal_id is not null and role = 'primary' order by id`;
const TURNABLE = `select id from sync_conflicts
  where winner <> 'neither' and kind in ('both_moved', 'overwritten_unseen') and turned_at is null order by id`;

export function createOperator({ world, chances, say, count }: Scene, people: People): Operator {
  const { db, clock, deps } = world;
  const { chance, pick } = chances;
  const { system, document } = deps.integration;
  const conflicts = createConflictDesk({ db, clock, nudge: () => undefined, documents: [document] });
  const links = createLinkDesk({ db, clock });
  const resolutions = createResolveDesk({ db, clock, log: deps.log });
  let pausedFor = 0;

  async function ids<T>(sql: string): Promise<T[]> {
    const { rows } = await db.raw<{ rows: { id: T }[] }>(sql);
    return rows.map(({ id }) => id);
  }

  function raise(mappings: number[]): Promise<number> {
    return raiseMappings(db, { ids: mappings, now: clock.now(), mustRead: true, urgency: 1 });
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
    pausedFor = PAUSE_TURNS;
    await pauseConnection(db, system, null, clock.now());
  }

  async function turn(id: string): Promise<void> {
    const turned = await conflicts.turn(id, { context: {} });
    say(`operator: turns a conflict round: ${turned.outcome}`);
    if (turned.outcome !== 'turned' || !turned.customer || turned.conflict.field === null) return;
    count('conflict turned round');
    const { field } = turned.conflict;
    people.note({ side: 'ours', id: turned.customer.id, field, value: lostValue(turned.conflict) });
  }

  async function consent(id: number): Promise<void> {
    const { outcome } = await links.consent(id, 'operator');
    say(`operator: mapping ${id} is that customer: ${outcome}`);
    if (outcome === 'consented') count('word given to link');
  }

  async function decide(id: number): Promise<void> {
    const action = chance(0.1) ? 'let_go' : 'recreate';
    const { outcome } = await resolutions.resolve(id, { action, actor: 'operator', why: null });
    say(`operator: decides about mapping ${id}: ${action}: ${outcome}`);
    if (outcome === 'decided' || outcome === 'let_go') count(`stuck pair: ${action}`);
  }

  async function resume(): Promise<void> {
    pausedFor = 0;
    await resumeConnection(db, system, clock.now());
  }

  return {
    async act() {
      const told = pick(await ids<string>(TURNABLE));
      const asked = pick(await ids<number>(ASKED));
      if (told !== undefined && chance(0.5)) await turn(told);
      else if (asked !== undefined) await consent(asked);
      else await pick([replay, replay, pause])?.();
    },
    async tick() {
      if (pausedFor > 0 && --pausedFor === 0) await resume();
      // The next edit takes up what is stuck: whoever decides about it is quick.
      const [stuck] = await ids<number>(STUCK); // and no choice is drawn where there is none
      if (stuck !== undefined && chance(0.3)) await decide(stuck);
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

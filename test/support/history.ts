import type { Db } from '../../db/server/connection.ts';
import { disableFailpoints } from '../../lib/failpoint.ts';
import type { Fields } from '../../lib/catalogue/document.ts';
import type { SyncPolicy } from '../../lib/sync/step.ts';
import type { StoredEvent } from '../../simulator/objects/objects.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { createChances } from './chances.ts';
import { doublesOf, type Looks } from './doubles.ts';
import { createCrew } from './history-crew.ts';
import { createFirstContact } from './history-contact.ts';
import { createNetwork } from './history-network.ts';
import type { HistoryOptions } from './history-options.ts';
import { createOperator } from './history-operator.ts';
import { createPeople } from './history-people.ts';
import type { Scene } from './history-scene.ts';
import { expectAgreement, type Observed } from './invariants.ts';
import { lossesOf, type Edit } from './losses.ts';
import { openJournal } from './journal.ts';
import { createWorld, emptyTables, type SyncWorld } from './sync.ts';
import { createTransactionLaws } from './transaction-laws.ts';
import { createInbound, withRules } from './two-way.ts';
import { enablePauses } from './workers.ts';

/** How often each unusual event of a history has happened. */
export type Counts = Record<string, number>;

export interface Verdict {
  /** The violations at its end; none if all is well. */
  wrong: string[];
  counts: Counts;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const JUMPS = [1_000, 5_000, MINUTE, 6 * MINUTE, HOUR];
const LONG_JUMPS = [MINUTE, 6 * MINUTE, 22.98 * HOUR, 23 * HOUR, 25 * HOUR];
/**
 * Past everything that is kept for a month, once in a history: the sweep reads every hour of it.
 */
const MONTH = 31 * DAY;
const MOVES = 70;
/** The most steps that workers take in one move. */
const STEPS = 3;
/** How often a record is chosen, and a second record is created or tidied up, at the end. */
const TIDIED = 4;
/** Lines of the log that show a rare path through the engine. */
const TELLING = new Set([
  'create.found',
  'create.not_there',
  'create.look_failed',
  'mapping.absorbed',
  'reconcile.lease_lost',
]);

/** One random history of both sides, and its violations at the end. */
export async function runHistory(db: Db, options: HistoryOptions): Promise<Verdict> {
  await emptyTables(db);
  const journal = await openJournal(db);
  const world = await createWorld(db, {
    policy: options.policy ?? {},
    ...(options.system && { system: options.system }),
  });
  if (options.rules) Object.assign(world.deps, { integration: withRules(world.integration, options.rules) });
  const counts: Counts = {};
  const count = (what: string, times = 1): void => {
    counts[what] = (counts[what] ?? 0) + times;
  };
  try {
    await world.lane.runOnce(); // binds the account
    const history = createHistory({
      world,
      inbound: createInbound(world),
      chances: createChances(options.seed),
      options,
      say: options.trace ?? (() => undefined),
      count,
    });
    const looks = watchLooks(world, () => history.events().length);
    const laws = createTransactionLaws(world.deps.integration.document.fields);
    const judge = async (): Promise<void> => laws.judge(await journal.read(), history.shown());
    if (options.linkedAtFirst) await history.begin();
    else await history.fill();
    await judge();
    enablePauses();
    for (const move of movesOf(options)) {
      await history.take(move);
      await judge();
    }
    await history.end();
    await judge();
    for (const { event } of world.log) if (TELLING.has(event)) count(`log: ${event}`);
    const observed = { ...world, simulator: withEvents(world.simulator, history.events()) };
    return {
      wrong: [
        ...laws.broken,
        ...(await agreementBroken(observed)),
        ...(await lossesOf(db, history.events(), history.edits, {
          withoutBase: world.integration.capabilities.creates === 'unique-tag',
          eventsGone: world.log.some(({ event }) => event === 'sweep.events_gone'),
        })),
        ...(looksFor(world.deps.policy) ? await doublesOf(db, history.events(), looks()) : []),
      ],
      counts,
    };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { wrong: [`broke off: ${text}`], counts };
  } finally {
    disableFailpoints();
    world.simulator.faults.release();
    await world.simulator.close();
  }
}

/** A person who decides that records are never linked by email permits two with one email. */
function looksFor({ looksBeforeCreate, linkByEmail }: SyncPolicy): boolean {
  return looksBeforeCreate && linkByEmail !== 'never';
}

/** Notes how far their events had come at each look before a create, and whether it found a record. */
function watchLooks({ deps }: SyncWorld, eventsSoFar: () => number): () => Looks {
  const looks: Looks = [];
  const { debug } = deps.log;
  Object.assign(deps, {
    log: {
      ...deps.log,
      debug(event: string, fields: Record<string, unknown>): void {
        if (event === 'create.looked')
          looks.push({
            mapping: Number(fields['mapping']),
            events: eventsSoFar(),
            found: Number(fields['found']),
          });
        debug(event, fields);
      },
    },
  });
  return () => looks;
}

/** The numbers of its moves. */
export function movesOf({ moves = MOVES }: HistoryOptions): readonly number[] {
  return typeof moves === 'number' ? Array.from({ length: moves }, (_, n) => n + 1) : moves;
}

async function agreementBroken(observed: Observed): Promise<string[]> {
  try {
    await expectAgreement(observed);
    return [];
  } catch (error) {
    return (error as { actual?: string[] }).actual ?? [String(error)];
  }
}

/** Their events are kept for a month; the checks need all of them. */
function withEvents(simulator: Simulator, events: StoredEvent[]): Simulator {
  return { ...simulator, events: () => events };
}

/** The members that hold a text, or nothing. */
function textsOf(object: object): Fields {
  const texts = Object.entries(object).filter(([, value]) => value === null || typeof value === 'string');
  return Object.fromEntries<Fields[string]>(texts);
}

/** Subscriptions have neither. */
function fieldsOf(object: StoredEvent['data']['object']): Fields {
  if (!('email' in object)) return {};
  // Other systems have names of their own for the two.
  return { ...textsOf(object), name: object.name, email: object.email };
}

function createHistory(scene: Scene): {
  edits: Edit[];
  /** Every event of theirs, oldest first. */
  events(): StoredEvent[];
  /** All values that each of their records has ever had, oldest first. */
  shown(): (externalId: string) => readonly Fields[];
  /** A row is created and gets its record. */
  begin(): Promise<void>;
  /** The account has records already, if this history has that option. */
  fill(): Promise<void>;
  take(move: number): Promise<void>;
  end(): Promise<void>;
} {
  const { world, inbound, chances, options, say, count } = scene;
  const { random, pick } = chances;
  const people = createPeople(scene);
  const contact = createFirstContact(scene, people);
  const operator = createOperator(scene, people);
  const crew = createCrew(scene);
  const network = createNetwork(scene);
  const seen = new Map<string, StoredEvent>();
  let jumped = 0;
  let monthOver = false;

  const remember = (): void => {
    for (const event of world.simulator.events()) seen.set(event.id, event);
  };

  async function jump(): Promise<void> {
    const ms = pick(options.longTimes ? [...LONG_JUMPS, ...(monthOver ? [] : [MONTH])] : JUMPS) ?? 0;
    monthOver ||= ms === MONTH;
    // Parking is switched off for failures that time may still end, and the sweep never falls so
    // far behind that the list loses events.
    if (!options.longTimes && jumped + ms > 22 * HOUR) return;
    if (jumped + ms > 20 * DAY) {
      await network.catchUp();
      jumped = 0;
    }
    if (ms >= MINUTE) await crew.flush();
    remember();
    jumped += ms;
    world.advance(ms);
    say(`jump ${ms / MINUTE} min`);
    count(`jump of ${ms < DAY ? `${Math.round(ms / MINUTE)} min` : `${Math.round(ms / HOUR)} h`}`);
    if (ms >= 5 * MINUTE) crew.outlive();
  }

  return {
    edits: people.edits,
    events() {
      remember();
      return [...seen.values()];
    },
    shown() {
      remember();
      const byId = Map.groupBy(seen.values(), (event) => event.data.object.id);
      return (id) => byId.get(id)?.map(({ data }) => fieldsOf(data.object)) ?? [];
    },
    async begin() {
      await contact.fill();
      await people.editOurs();
      await inbound.rest();
      if (!options.doubles) return;
      people.doubleOrTidy();
      await inbound.rest();
    },
    fill: () => contact.fill(),
    async take(move) {
      chances.beginMove(move);
      if (options.filledBefore === true && chances.chance(0.05)) await contact.read();
      await operator.tick();
      if (options.doubles && random() < 0.1)
        return random() < 0.5 ? people.doubleOrTidy() : operator.chooseRecord();
      const x = random();
      if (x < 0.08) await people.editOurs();
      else if (x < 0.16) await people.editTheirs();
      else if (x < 0.18) await (options.deletes === false ? people.editOurs() : people.removeOrMakeAgain());
      else if (x < 0.26) await network.receiveOutbound();
      else if (x < 0.36) await network.webhook();
      else if (x < 0.38) network.loseWebhook();
      else if (x < 0.48) await network.receiveInbound();
      else if (x < 0.55) network.misfortune();
      else if (x < 0.58) await jump();
      else if (x < 0.59) await network.sweep();
      else if (x < 0.61) await crew.loseLeases();
      else if (x < 0.63) await crew.wake();
      else if (x < 0.67) await operator.act();
      else for (let steps = Math.ceil(random() * STEPS); steps > 0; steps--) await crew.step();
    },
    async end() {
      say('quiet');
      chances.beginMove(0);
      network.calm();
      await operator.resume();
      await crew.finish();
      network.relent();
      await network.catchUp();
      // The lane uses the rules that the world was created with.
      const lane = world.worker({ integration: world.deps.integration });
      await contact.read();
      await inbound.rest(lane);
      // Most second records are recognised as aliases only now.
      for (let left = options.doubles ? TIDIED : 0; left > 0; left -= 1) {
        await operator.chooseRecord();
        if (chances.chance(0.5)) await crew.step();
        people.doubleOrTidy();
        await crew.finish();
        await inbound.rest(lane);
      }
      if ((await operator.replayParked()) > 0) await inbound.rest(lane);
    },
  };
}

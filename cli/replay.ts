// What `twinbox replay` and `twinbox groups replay` share: the plan is shown, agreed to and begun as a job,
// and its first results are waited for.
import { customerOf } from '../lib/config/entity.ts';
import { beginReplay } from '../lib/operations/replay.ts';
import { rates, STOP_SHARE } from '../lib/operations/replay-rates.ts';
import {
  limitsOf,
  outlookOf,
  plan,
  readPlannedItems,
  type PlannedItem,
  type StoredPlan,
} from '../lib/operations/replay-plan.ts';
import { readSelection, type SelectionWords } from '../lib/operations/selection-words.ts';
import { commandActor } from './actor.ts';
import { describeEffect } from './effect.ts';
import { exit } from './exit.ts';
import { printResults, resultJson, waitForResults } from './outcome.ts';
import { count, table, type Output } from './output.ts';
import { isAgreed, isInteractive } from './question.ts';
import { whyNotBegun } from './replay-jobs.ts';
import { demandSelected } from './selected.ts';
import type { Session } from './session.ts';
import { withSync } from './sync-session.ts';
import type { About } from './systems.ts';
import type { SyncDeps } from '../lib/sync/step.ts';

export type ReplayOptions = {
  yes?: boolean;
  reason?: string;
  rate?: number;
  stopShare?: number;
  wait: number;
  json?: boolean;
};

/** The records of more pairs are not read for a plan: the stored facts say what would be done. */
const READ_MOST = 1_000;
/** More lines are no list that a person reads. */
const SHOWN_MOST = 1_000;

type Planned = { stored: StoredPlan; items: PlannedItem[] };

/** Returns the exit status. */
export function replay(
  about: About,
  words: SelectionWords,
  options: ReplayOptions,
  output: Output,
): Promise<number> {
  return withSync(
    async (session) => {
      const planned = await planOf(session, words);
      const { stored } = planned;
      if (stored.counts.pairs === 0) {
        if (options.json === true) output.printJson({ matched: 0, replayed: 0, items: [] });
        else output.say(isNarrowed(words) ? 'Nothing matched.' : 'Nothing is parked.');
        return exit.nothingMatched;
      }
      if (options.json !== true) show(planned, words, output);
      return go(session, planned, options, output);
    },
    { mayCreate: false, ...about },
  );
}

async function planOf({ config, sync }: SyncSession, words: SelectionWords): Promise<Planned> {
  const { db, clock, integration } = sync;
  const of = { systems: [integration.system], entity: customerOf(config).name, now: clock.now() };
  const selection = demandSelected(await readSelection(db, words, of));
  const stored = await plan(db, selection, clock.now());
  const page = { hash: stored.hash, after: 0, limit: SHOWN_MOST, read: stored.counts.pairs <= READ_MOST };
  const items = await readPlannedItems(db, new Map([[integration.system, sync]]), page);
  return { stored, items };
}

type SyncSession = Session & { sync: SyncDeps };

function show({ stored, items }: Planned, words: SelectionWords, output: Output): void {
  const { pairs, deliveries, more } = stored.counts;
  for (const line of table([HEAD, ...items.map(toRow)])) output.print(line);
  if (items.length === SHOWN_MOST)
    output.say(
      `Only the first ${SHOWN_MOST} are listed, of ${count(deliveries, 'delivery', 'deliveries')} of ${count(pairs, 'pair')}.`,
    );
  if (pairs > READ_MOST)
    output.say('The records were not read, since they are many: what only the system knows is not shown.');
  if (more) output.say(`Only the first ${words.max ?? deliveries} are listed (--limit).`);
}

async function go(
  session: SyncSession,
  { stored, items }: Planned,
  options: ReplayOptions,
  output: Output,
): Promise<number> {
  const { sync } = session;
  const { deliveries, pairs } = stored.counts;
  const { rate = rates.most, json = false } = options;
  const head = { matched: items.length, plan: stored.hash, counts: stored.counts };
  if (!json && (options.rate !== undefined || pairs > READ_MOST)) sayCost(sync, stored, rate, output);
  const asked = `Try ${deliveries > 0 ? count(deliveries, 'delivery', 'deliveries') : count(pairs, 'pair')} again?`;
  const goes = options.yes === true || (!json && (await isAgreed(asked, output)));
  if (!goes) {
    if (json) output.printJson({ ...head, replayed: 0, items: items.map(toJson) });
    else if (!isInteractive()) output.say('Nothing was changed. Add --yes to try again (make replay YES=1).');
    return exit.ok;
  }
  const { begun } = await beginReplay(sync, {
    ...{ plan: stored.hash, rate, stopShare: options.stopShare ?? STOP_SHARE, max: null },
    ...{ actor: commandActor(), reason: options.reason ?? (pairs === 1 ? NO_REASON : null) },
  });
  if (begun.outcome !== 'started') throw whyNotBegun(begun);
  const { job } = begun;
  if (!json) {
    output.say(`${count(job.pairs, 'customer')} will be tried again now.`);
    output.say(
      `npx twinbox replays show ${job.id} shows how it goes; replays pause and replays cancel stop it.`,
    );
  }
  const results = await waitForResults(session, pairsOf(items), options.wait, output);
  if (json)
    output.printJson({
      ...{ ...head, replayed: job.pairs, job: job.id, items: items.map(toJson) },
      results: results?.map(resultJson) ?? [],
    });
  else if (results !== null) printResults(results, output);
  return exit.ok;
}

/** The reason of one pair may be left out. */
const NO_REASON = 'asked for on the command line';

function sayCost(sync: SyncDeps, stored: StoredPlan, rate: number, output: Output): void {
  const limits = limitsOf(new Map([[sync.integration.system, sync]]));
  const { calls, seconds } = outlookOf(stored, { rate, limits });
  output.say(
    `It takes ${calls.least} to ${calls.most} calls, and about ${seconds} s at ${rate} customers per second; live traffic goes first.`,
  );
}

function pairsOf(items: PlannedItem[]): number[] {
  return [...new Set(items.map(({ mappingId }) => mappingId))];
}

function isNarrowed({
  id,
  status,
  group,
  customer,
  error,
  direction,
  since,
  until,
}: SelectionWords): boolean {
  return [id, status, group, customer, error, direction, since, until].some((word) => word !== undefined);
}

const HEAD = ['customer', 'change', 'status', 'because', 'would now', 'event'];

function toRow({ rowId, eventType, status, error, reason, effect, eventId, system }: PlannedItem): string[] {
  return [
    String(rowId ?? '–'),
    (eventType ?? '–').replace('customer.', ''),
    status ?? '–',
    codeOf(error) ?? reason ?? '–',
    describeEffect(effect, system ?? ''),
    eventId ?? '–',
  ];
}

function codeOf(error: PlannedItem['error']): string | null {
  const { code, rule } = error ?? {};
  if (typeof code !== 'string') return null;
  // The rule of the table customers that refused the row.
  return typeof rule === 'string' ? `${code}: ${rule}` : code;
}

function toJson(item: PlannedItem) {
  const { eventId, eventType, version, status, attempts, error, createdAt, effect } = item;
  return {
    ...{ event_id: eventId, event_type: eventType, version, customer: item.rowId },
    ...{ external_id: item.externalId, status, attempts, error },
    ...{ created_at: createdAt, effect },
  };
}

// What `twinbox replay` and `twinbox groups replay` share: the plan is shown, agreed to and begun as a job,
// and its first results are waited for.
import type { Registry } from '../lib/integrations/registry.ts';
import { rates, STOP_SHARE } from '../lib/operations/replay-rates.ts';
import type { PlannedItem } from '../lib/operations/replay-plan.ts';
import type { SelectionWords } from '../lib/operations/selection-words.ts';
import { describeEffect } from './effect.ts';
import { exit } from './exit.ts';
import { count, table, type Output } from './output.ts';
import { isAgreed, isInteractive } from './question.ts';
import { whyNotBegun } from './replay-jobs.ts';
import { createLocalReplaying, READ_MOST, SHOWN_MOST, type Planned, type Replaying } from './replaying.ts';
import { withSync } from './sync-session.ts';
import { chosenSystems, ofEach } from './systems.ts';
import { localOrRemote } from './with-source.ts';

export type ReplayOptions = {
  yes?: boolean;
  reason?: string;
  rate?: number;
  stopShare?: number;
  wait: number;
  json?: boolean;
};

/** For each of the systems that are meant. Returns the exit status. */
export async function replay(
  systems: Registry,
  named: string | undefined,
  words: SelectionWords,
  options: ReplayOptions,
  output: Output,
): Promise<number> {
  return localOrRemote({
    local: (config) =>
      ofEach(chosenSystems(systems, config, named), output, (system, each) =>
        withSync((session) => replayOne(createLocalReplaying(session), words, options, each), {
          ...{ mayCreate: false, system, config },
        }),
      ),
    async remote(config, place) {
      const [{ createApiClient }, { createRemoteSource }, { createRemoteReplaying }] = await Promise.all([
        import('./remote/client.ts'),
        import('./remote/remote-source.ts'),
        import('./remote/remote-replaying.ts'),
      ]);
      const source = createRemoteSource(config, place, systems);
      return ofEach(await source.chosen(named), output, ({ name }, each) =>
        replayOne(createRemoteReplaying(createApiClient(place), source, name), words, options, each),
      );
    },
  });
}

async function replayOne(
  replaying: Replaying,
  words: SelectionWords,
  options: ReplayOptions,
  output: Output,
): Promise<number> {
  const planned = await replaying.plan(words, options.rate ?? rates.default);
  if (planned.stored.counts.pairs === 0) {
    if (options.json === true) output.printJson({ matched: 0, replayed: 0, items: [] });
    else output.say(isNarrowed(words) ? 'Nothing matched.' : 'Nothing is parked.');
    return exit.nothingMatched;
  }
  if (options.json !== true) show(planned, words, output);
  return go(replaying, planned, options, output);
}

function show({ stored, items, isRead }: Planned, words: SelectionWords, output: Output): void {
  const { pairs, deliveries, more } = stored.counts;
  for (const line of table([HEAD, ...items.map(toRow)])) output.print(line);
  if (items.length === SHOWN_MOST)
    output.say(
      `Only the first ${SHOWN_MOST} are listed, of ${count(deliveries, 'delivery', 'deliveries')} of ${count(pairs, 'pair')}.`,
    );
  if (!isRead)
    output.say(
      `The records were not read${pairs > READ_MOST ? ', since they are many' : ''}: what only the system knows is not shown.`,
    );
  if (more) output.say(`Only the first ${words.max ?? deliveries} are listed (--limit).`);
}

async function go(
  replaying: Replaying,
  planned: Planned,
  options: ReplayOptions,
  output: Output,
): Promise<number> {
  const { stored, items } = planned;
  const { deliveries, pairs } = stored.counts;
  const { rate = rates.default, json = false } = options;
  const head = { matched: items.length, plan: stored.hash, counts: stored.counts };
  if (!json && (options.rate !== undefined || pairs > rate)) sayCost(planned, rate, output);
  const asked = `Try ${deliveries > 0 ? count(deliveries, 'delivery', 'deliveries') : count(pairs, 'pair')} again?`;
  const goes = options.yes === true || (!json && (await isAgreed(asked, output)));
  if (!goes) {
    if (json) output.printJson({ ...head, replayed: 0, items: items.map(toJson) });
    else if (!isInteractive()) output.say('Nothing was changed. Add --yes to try again (make replay YES=1).');
    return exit.ok;
  }
  const begun = await replaying.begin(planned, {
    ...{ rate, stopShare: options.stopShare ?? STOP_SHARE },
    reason: options.reason ?? (pairs === 1 ? NO_REASON : null),
  });
  if (begun.outcome !== 'started') throw whyNotBegun(begun);
  const { job } = begun;
  if (!json) {
    output.say(`${count(job.pairs, 'customer')} will be tried again now.`);
    output.say(
      `npx twinbox replays show ${job.id} shows how it goes; replays pause and replays cancel stop it.`,
    );
  }
  const results = await replaying.results(job, planned, options.wait, output);
  if (json)
    output.printJson({
      ...{ ...head, replayed: job.pairs, job: job.id, items: items.map(toJson) },
      ...(results?.json ?? { results: [] }),
    });
  else results?.print(output);
  return exit.ok;
}

/** The reason of one pair may be left out. */
const NO_REASON = 'asked for on the command line';

function sayCost({ outlook: { calls, seconds } }: Planned, rate: number, output: Output): void {
  output.say(
    `It takes ${calls.least} to ${calls.most} calls, and about ${seconds} s at ${rate} customers per second; live traffic goes first.`,
  );
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
  closed,
}: SelectionWords): boolean {
  return [id, status, group, customer, error, direction, since, until, closed].some(
    (word) => word !== undefined,
  );
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

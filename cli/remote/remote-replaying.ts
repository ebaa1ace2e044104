// A replay that an API plans and begins. Its plan reads no record, and its results are those of the job.
import { sleep } from '../../lib/loop.ts';
import type { StartOutcome } from '../../lib/operations/replay-jobs.ts';
import { failureJson, jobJson } from '../../lib/operations/replay-json.ts';
import type { Outlook, StoredPlan } from '../../lib/operations/replay-plan.ts';
import { CliError, exit } from '../exit.ts';
import { jobDetailLines } from '../replay-jobs.ts';
import { SHOWN_MOST, type Planned, type Replaying } from '../replaying.ts';
import type { Source } from '../source.ts';
import { Refused, type ApiClient } from './client.ts';
import { toJob, toPlanned, type Json } from './wire.ts';

const PAGE_MAX = 100;
const REST_MS = 250;

export function createRemoteReplaying(api: ApiClient, source: Source, system: string): Replaying {
  return {
    async plan(words, rate) {
      const made = await api.post('/replay-plans', { ...words, system, rate });
      if (made === null)
        throw new CliError(exit.nothingMatched, `No open pair is in a group ${words.group ?? ''} now.`);
      const stored = storedOf(made);
      return {
        stored,
        items: await readItems(api, stored.hash, system),
        isRead: false,
        outlook: made as Outlook,
      };
    },
    begin: (planned, ask) => begin(api, planned, ask),
    async results({ id }, _planned, seconds) {
      const deadline = performance.now() + seconds * 1_000;
      for (;;) {
        const found = await source.replay(id);
        if (found === null) return null;
        const { job, failures } = found;
        const isOpen = job.state === 'running' && job.queued + job.raised > 0;
        if (!isOpen || performance.now() >= deadline)
          return {
            json: { progress: jobJson(job), failures: failures.map(failureJson) },
            print: (output) => jobDetailLines(job, failures).forEach((line) => output.print(line)),
          };
        await sleep(REST_MS);
      }
    },
  };
}

/** Without what the API does not say: the selection, and how many places the plan has. */
function storedOf(made: Json): StoredPlan {
  const { plan: hash, counts, made_at: madeAt } = made as { plan: string; counts: Json; made_at: string };
  const { customers: rows, ...rest } = counts;
  return { hash, madeAt: new Date(madeAt), counts: { ...rest, rows } } as unknown as StoredPlan;
}

async function readItems(api: ApiClient, hash: string, system: string): Promise<Planned['items']> {
  const items: Planned['items'] = [];
  let after: string | undefined;
  do {
    const page = await api.get<{ items: Json[] }>(`/replay-plans/${hash}`, { limit: PAGE_MAX, after });
    if (page === null) break;
    items.push(...page.body.items.map((each) => toPlanned(each, system)));
    after = page.next ?? undefined;
  } while (after !== undefined && items.length < SHOWN_MOST);
  return items;
}

async function begin(
  api: ApiClient,
  { stored }: Planned,
  { rate, stopShare, reason }: { rate: number; stopShare: number; reason: string | null },
): Promise<StartOutcome> {
  const ask = { plan: stored.hash, rate, stop_share: stopShare, ...(reason !== null && { reason }) };
  try {
    const body = await api.post('/replays', ask);
    return body === null ? { outcome: 'no_plan' } : { outcome: 'started', job: toJob(body) };
  } catch (error) {
    const outcome = error instanceof Refused ? outcomeOf(error, stored, reason) : null;
    if (outcome === null) throw error;
    return outcome;
  }
}

/** Null for a refusal that has no words of its own. */
function outcomeOf({ code, body }: Refused, plan: StoredPlan, reason: string | null): StartOutcome | null {
  if (code === 'nothing_selected') return { outcome: 'nothing' };
  if (code === 'invalid_request' && reason === null)
    return { outcome: 'reason_needed', pairs: plan.counts.pairs };
  if (code === 'replay_overlaps') {
    const found = body['replays'] as { id: number; pairs: number }[];
    return { outcome: 'overlaps', jobs: found.map(({ id: jobId, pairs }) => ({ jobId, pairs })) };
  }
  if (code !== 'plan_stale') return null;
  const difference = Object.entries((body['difference'] ?? {}) as Record<string, { count: number }>);
  return {
    ...{ outcome: 'stale', plan },
    difference: difference.map(([what, { count }]) => ({ what, count })) as Extract<
      StartOutcome,
      { outcome: 'stale' }
    >['difference'],
  };
}

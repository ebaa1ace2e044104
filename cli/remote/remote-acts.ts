// The acts of a command that asks an API. The API's own rules decide, and record the key as who asked.
import type { Registry } from '../../lib/integrations/registry.ts';
import type { CloseOutcome } from '../../lib/operations/closing.ts';
import type { LaneAsked } from '../../lib/operations/lanes.ts';
import type { JobVerb, ReplayState } from '../../lib/operations/replay-jobs.ts';
import { eachPair, type Acts } from '../acts.ts';
import { CliError, exit } from '../exit.ts';
import { Refused, type ApiClient } from './client.ts';
import { toJob, toPaused, toPlanned, toResumed, type Json } from './wire.ts';

/** What a job is after the act. */
const after: Record<JobVerb, ReplayState> = { pause: 'paused', resume: 'running', cancel: 'cancelled' };

export function createRemoteActs(api: ApiClient, systems: Registry): Acts {
  return {
    chosen: (named) => chosenOf(api, systems, named),
    async pause(asked, reason) {
      const body = await api.post(`/lanes/${asked.system}/pause`, laneBody(asked, reason));
      return body === null ? { outcome: 'not_found' } : toPaused(body);
    },
    async resume({ deletes, ...asked }, reason) {
      const sent = { ...laneBody(asked, reason), ...(deletes && { deletes }) };
      const body = await api.post(`/lanes/${asked.system}/resume`, sent);
      return body === null ? { outcome: 'not_found' } : toResumed(body);
    },
    async actOnReplay(id, verb, reason) {
      const before = await api.get<Json>(`/replays/${id}`);
      if (before === null) return { outcome: 'not_found' };
      try {
        const body = await api.post(`/replays/${id}/${verb}`, reason === null ? {} : { reason });
        if (body === null) return { outcome: 'not_found' };
        return { outcome: 'ok', changed: before.body['state'] !== after[verb], job: toJob(body) };
      } catch (error) {
        if (!(error instanceof Refused) || error.code !== 'replay_ended') throw error;
        return { outcome: 'cannot', state: error.body['state'] as ReplayState };
      }
    },
    async preview(words, most) {
      const made = await api.post('/replay-plans', words);
      if (made === null) throw noGroup(words.group);
      const { plan, counts } = made as { plan: string; counts: { pairs: number } };
      const page = await api.get<{ items: Json[] }>(`/replay-plans/${plan}`, { limit: most });
      const found = (page?.body.items ?? []).map((each) => toPlanned(each, ''));
      return { pairs: counts.pairs, first: eachPair(found) };
    },
    async close({ group, ...words }, reason) {
      const isGroup = group !== undefined;
      const path = isGroup ? `/groups/${group}/close` : '/deliveries/close';
      const body = await api.post(path, { ...words, reason });
      if (body !== null) return body as Omit<CloseOutcome, 'outcome'>;
      throw noGroup(group);
    },
  };
}

function noGroup(group: string | undefined): CliError {
  return new CliError(exit.nothingMatched, `No open pair is in a group ${group ?? ''} now.`);
}

const laneBody = ({ direction, row }: LaneAsked, reason: string | null) => ({
  ...(direction && { direction }),
  ...(row !== undefined && { customer: row }),
  ...(reason !== null && { reason }),
});

async function chosenOf(api: ApiClient, systems: Registry, named: string | undefined) {
  const { body } = (await api.get('/lanes')) ?? { body: [] };
  const there = new Set(body.map(({ system }) => system));
  const found = systems.all.filter(({ name }) => there.has(name) && (named === undefined || name === named));
  if (found.length > 0) return found;
  throw new CliError(
    exit.settings,
    named === undefined
      ? 'The API keeps no system in step that this version knows.'
      : `${systems.get(named).label} is not kept in step by the API that TWINBOX_API_URL names.`,
  );
}

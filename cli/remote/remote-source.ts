// The source of a command that asks an API.
import { customerOf } from '../../lib/config/entity.ts';
import type { Config } from '../../lib/config/config.ts';
import type { Registry } from '../../lib/integrations/registry.ts';
import { CliError, exit } from '../exit.ts';
import type { Acts } from '../acts.ts';
import type { ChangesPage, Listed, OperatorsPart, Source } from '../source.ts';
import { createApiClient, type ApiClient, type Page, type Place, type Query } from './client.ts';
import { followStream } from './event-stream.ts';
import { createRemoteActs } from './remote-acts.ts';
import {
  toConflict,
  toEntry,
  toFailure,
  toGroup,
  toJob,
  toKey,
  toLanes,
  toListedEvent,
  toMember,
  toStory,
  toTimeline,
  toTraffic,
  type Json,
} from './wire.ts';

/** The API gives no more in one answer. */
const PAGE_MAX = 100;

export function createRemoteSource(config: Config, place: Place, systems: Registry): Source {
  const api = createApiClient(place);
  const acts = createRemoteActs(api, systems);
  return {
    ...acts,
    ...operatorsPart(api, acts),
    entity: customerOf(config),
    async events({ words, after, limit }) {
      return listOf(await readPages(api, '/events', { ...words, after }, limit), toListedEvent);
    },
    async event(id) {
      const found = await api.get<Json>(`/events/${id}`);
      return found && toTimeline(found.body);
    },
    groups: async ({ system, closed }) =>
      demand(await api.get('/groups', { system, ...(closed && { closed: 'true' }) })).body.map(toGroup),
    async group(fingerprint) {
      const found = await api.get<Json & { pairs: Json[] }>(`/groups/${fingerprint}`);
      return found && { ...toGroup(found.body), members: found.body.pairs.map(toMember) };
    },
    async story({ entity, id }, { order, limit, after }) {
      const pages: Json[] = [];
      let next = after;
      for (let left = limit; left > 0; left -= PAGE_MAX) {
        const query = { order, limit: Math.min(left, PAGE_MAX), after: next };
        const page = await api.get<Json>(`/${entity}s/${id}/timeline`, query);
        if (page === null) return null;
        pages.push(page.body);
        next = page.next ?? undefined;
        if (next === undefined) break;
      }
      const items = pages.flatMap((page) => page['items'] as Json[]);
      return toStory({ ...pages.at(-1), items, missing: pages[0]?.['missing'] }, next ?? null);
    },
    async conflicts({ limit, reversed, ...filter }) {
      const query = { ...filter, ...(reversed !== undefined && { reversed: String(reversed) }) };
      return listOf(await readPages(api, '/conflicts', query, limit), toConflict);
    },
    async conflict(id) {
      const found = await api.get<Json>(`/conflicts/${id}`);
      return found && toConflict(found.body);
    },
    async keys() {
      return { keys: demand(await api.get('/keys')).body.map(toKey), fixed: null };
    },
    async customerChanges(asked) {
      return demand(await api.get<ChangesPage>('/customers/changes', asked)).body;
    },
    follow: (after, take, signal) => followStream(api, after, take, signal),
  };
}

/** What an operator looks at. */
function operatorsPart(api: ApiClient, acts: Pick<Acts, 'chosen'>): OperatorsPart {
  return {
    async lanes(named) {
      const chosen = (await acts.chosen(named)).map(({ name }) => name);
      const all = demand(await api.get('/lanes')).body.map(toLanes);
      return all.filter(({ system }) => chosen.includes(system));
    },
    async traffic(named) {
      const chosen = (await acts.chosen(named)).map(({ name }) => name);
      const traffic = toTraffic(demand(await api.get<Json>('/traffic')).body);
      return { ...traffic, lanes: traffic.lanes.filter(({ system }) => chosen.includes(system)) };
    },
    async audit({ words, after, limit }) {
      return listOf(await readPages(api, '/audit', { ...words, after }, limit), toEntry);
    },
    async auditHead() {
      const [newest] = demand(await api.get('/audit', { limit: 1 })).body.map(toEntry);
      if (newest) return { id: newest.id, hash: newest.hash };
      throw new CliError(
        exit.nothingMatched,
        'The record of operations has no entry that the API shows. Where entries have left, twinbox audit head names the last one on the database itself.',
      );
    },
    async replays({ before, limit }) {
      const query = { ...(before !== null && { after: before }) };
      return (await readPages(api, '/replays', query, limit)).body.map(toJob);
    },
    async hasWorker() {
      const { roles } = (await api.ready()) as { roles?: Record<string, number> };
      return roles ? (roles['worker'] ?? 0) > 0 : null;
    },
    async replay(id) {
      const found = await api.get<Json & { failures: Json[] }>(`/replays/${id}`);
      return found && { job: toJob(found.body), failures: found.body.failures.map(toFailure) };
    },
  };
}

/** As many pages as the limit needs. */
async function readPages(api: ApiClient, path: string, query: Query, limit: number): Promise<Page<Json[]>> {
  const rows: Json[] = [];
  let { after } = query;
  for (;;) {
    const left = Math.min(limit - rows.length, PAGE_MAX);
    const { body, next } = demand(await api.get(path, { ...query, after, limit: left }));
    rows.push(...body);
    if (next === null || rows.length >= limit) return { body: rows, next };
    after = next;
  }
}

function listOf<T>({ body, next }: Page<Json[]>, read: (json: Json) => T): Listed<T> {
  return { found: body.map(read), next };
}

/** A list that has no id in its path is always there. */
function demand<T>(page: Page<T> | null): Page<T> {
  if (page) return page;
  throw new CliError(exit.unavailable, 'The API has no such list: it is an older Twinbox.');
}

// The span of one step. It begins a trace of its own, because a step may act for the events of several
// requests: it links to the context that is stored with each of them and, if they are echoes, to the contexts
// of the events behind the requests that they are echoes of.
//
// The contexts are read after the step, so the step does not wait for them. A crash before leaves no span.
import { readIntentsByRequest } from '../../db/closed-intents.ts';
import { readCauses, readContexts } from '../../db/events/contexts.ts';
import type { OpenDelivery } from '../../db/mappings/load.ts';
import { noTracing } from '../tracing/tracing.ts';
import { intentInKey } from './intent-key.ts';
import type { Claim, Step, SyncDeps } from './step.ts';

/** What a step tells its span; null where no spans are recorded. */
export interface Witness {
  loaded(step: Step): void;
  decided(rung: string): void;
}

export function traceStep(
  deps: SyncDeps,
  { id }: Pick<Claim, 'id'>,
  work: (witness: Witness | null) => Promise<void>,
): Promise<void> {
  const { tracing = noTracing, entity, integration } = deps;
  if (!tracing.on) return work(null);
  const attributes = {
    'twinbox.system': integration.system,
    'twinbox.entity': entity.name,
    'twinbox.mapping': id,
  };
  return tracing.within(`reconcile ${entity.name}`, { kind: 'step', attributes }, async (span) => {
    const acted = new Map<string, OpenDelivery>();
    const rungs: string[] = [];
    try {
      await work({
        loaded: ({ deliveries }) => deliveries.forEach((one) => acted.set(one.eventId, one)),
        decided: (rung) => void rungs.push(rung),
      });
    } finally {
      span.set({ 'twinbox.deliveries': acted.size, 'twinbox.rungs': rungs.join(' ') });
      span.link(await contextsOf(deps, [...acted.values()]));
    }
  });
}

/** Without the database a span has no links: the step has its own ways to say what is wrong. */
async function contextsOf({ db, log }: SyncDeps, deliveries: readonly OpenDelivery[]): Promise<string[]> {
  if (deliveries.length === 0) return [];
  try {
    const own = await readContexts(
      db,
      deliveries.map(({ eventId }) => eventId),
    );
    const intents = await echoedBy(db, deliveries);
    return intents.length === 0 ? own : [...own, ...(await readCauses(db, intents))];
  } catch (error) {
    log.debug('traces.no_links', { error: String(error) });
    return [];
  }
}

/** The requests of ours that the events name: by key or, since a delete has no key, by the request's id. */
async function echoedBy(db: SyncDeps['db'], deliveries: readonly OpenDelivery[]): Promise<string[]> {
  const events = deliveries.flatMap(({ inbound }) => inbound ?? []);
  const requests = events.flatMap(({ key, requestId }) => (key === null ? (requestId ?? []) : []));
  const deleted = requests.length === 0 ? [] : await readIntentsByRequest(db, requests);
  return [...events.flatMap(({ key }) => intentInKey(key ?? '') ?? []), ...deleted.map(({ id }) => id)];
}

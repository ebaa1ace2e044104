// The span of one step. It begins a trace of its own, because a step may act for the events of several
// requests: it links to the context that is stored with each of them and, if they are echoes, to the contexts
// of the events behind the requests that they are echoes of.
//
// The contexts are read after the step, once what is an echo is stored. A crash before leaves no span.
import { readContexts } from '../../db/events/contexts.ts';
import { noTracing } from '../tracing/tracing.ts';
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
    const events = new Set<string>();
    const rungs: string[] = [];
    try {
      await work({
        loaded: ({ deliveries }) => deliveries.forEach(({ eventId }) => events.add(eventId)),
        decided: (rung) => void rungs.push(rung),
      });
    } finally {
      span.set({ 'twinbox.deliveries': events.size, 'twinbox.rungs': rungs.join(' ') });
      span.link(await contextsOf(deps, [...events]));
    }
  });
}

/** Without the database a span has no links: the step has its own ways to say what is wrong. */
async function contextsOf({ db, log }: SyncDeps, events: readonly string[]): Promise<string[]> {
  if (events.length === 0) return [];
  try {
    return await readContexts(db, events);
  } catch (error) {
    log.debug('traces.no_links', { error: String(error) });
    return [];
  }
}

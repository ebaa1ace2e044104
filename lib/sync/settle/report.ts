// What the log says of an outcome that was settled.
import { codeOf } from '../../../db/mappings/reason.ts';
import { entityKey } from '../../../db/mappings/state.ts';
import type { Step, SyncDeps } from '../step.ts';
import type { Effects, Outcome } from './outcome.ts';

/** A parked customer waits for a person: that is a line of its own, whatever becomes of its deliveries. */
export function sayParked(
  { log }: SyncDeps,
  { mapping, attempts }: Step,
  parked: NonNullable<Effects['parked']>,
): void {
  const detail: Record<string, unknown> = { ...parked.detail };
  log.warn('reconcile.parked', {
    mapping: mapping.id,
    entity: entityKey(mapping),
    reason: codeOf(parked),
    why: typeof detail['message'] === 'string' ? detail['message'] : undefined,
    request_id: attempts.at(-1)?.requestId ?? undefined,
  });
}

/**
 * One wide line for each delivery that came to its outcome, or was parked or put off; and the figures
 * of what was stored.
 */
export function report(deps: SyncDeps, step: Step, outcome: Outcome, effects: Effects): void {
  const { mapping } = step;
  measure(deps, step, effects);
  const call = step.attempts.at(-1);
  for (const delivery of effects.deliveries) {
    const loaded = step.deliveries.find(
      (d) => d.eventId === delivery.eventId && d.target === delivery.target,
    );
    deps.log.info('delivery.settled', {
      event_id: delivery.eventId,
      entity: entityKey(mapping),
      target: delivery.target,
      event_type: loaded?.eventType,
      version: loaded?.version,
      operation: effects.closed?.intent.operation ?? call?.operation ?? outcome.kind,
      outcome: delivery.status,
      reason: saidReason(effects),
      error: delivery.error?.['code'],
      attempt: (loaded?.attempts ?? 0) + (delivery.tried ? 1 : 0),
      intent: delivery.intentId,
      request_id: call?.requestId ?? undefined,
      replayed: call?.replayed === true ? true : undefined,
      call_ms: call?.latencyMs,
      step_ms: Math.round(performance.now() - step.startedAt),
    });
  }
}

function saidReason({ parked, mapping }: Effects): string | undefined {
  const reason = parked ?? mapping.reason;
  return reason ? codeOf(reason) : undefined;
}

/** A delivery that was put off has no outcome, and one that stays parked has had it. */
function measure({ measures }: SyncDeps, { mapping, attempts, deliveries }: Step, effects: Effects): void {
  if (!measures) return;
  const wasParked = (eventId: string, target: string): boolean =>
    deliveries.some((d) => d.eventId === eventId && d.target === target && d.status === 'parked');
  const { system } = mapping;
  measures.attempted(system, attempts, mapping.attempts > 0);
  measures.echoed(effects.echoed);
  measures.settled(
    system,
    effects.settled.filter(
      ({ eventId, target, status }) =>
        status !== 'queued' && status !== 'waiting' && !(status === 'parked' && wasParked(eventId, target)),
    ),
  );
}

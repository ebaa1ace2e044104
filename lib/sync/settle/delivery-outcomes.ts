// The outcome of each delivery of a step; pure. Each outcome names the intent that carried the
// event.
import type { DeliveryChange, DeliveryStatus } from '../../../db/deliveries.ts';
import type { OpenIntent } from '../../../db/mappings/mappings.ts';
import type { LoadedStep } from '../../../db/mappings/load.ts';
import type { Merged } from '../merged.ts';

/**
 * An intent carries every edit up to the version it was made from: the newest is applied, those
 * before it are in it.
 */
export function carriedBy(step: LoadedStep, intent: OpenIntent): DeliveryChange[] {
  const covered = outbound(step).filter((d) => (d.version ?? 0) <= intent.version);
  const newest = covered.at(-1);
  return covered.map((d): DeliveryChange =>
    d === newest || newest === undefined
      ? { ...at(d), status: 'applied', intentId: intent.id, tried: true }
      : { ...at(d), status: 'superseded', supersededBy: newest.eventId, intentId: intent.id, tried: true },
  );
}

export function endedDeliveries(
  step: LoadedStep,
  {
    by,
    intent,
    rowLives,
  }: {
    by: 'ours' | 'theirs';
    intent: OpenIntent | null;
    /** Only the pair has ended: no edit of ours is lost. */
    rowLives: boolean;
  },
): DeliveryChange[] {
  const ours = outbound(step);
  const newest = ours.at(-1);
  const changes = ours.map((d): DeliveryChange => {
    if (by === 'theirs') return { ...at(d), status: rowLives ? 'stale' : 'conflict', tried: true };
    if (d !== newest && newest)
      return { ...at(d), status: 'superseded', supersededBy: newest.eventId, tried: true };
    return intent
      ? { ...at(d), status: 'applied', intentId: intent.id, tried: true }
      : { ...at(d), status: 'noop', tried: true };
  });
  const theirs = inbound(step).map((d): DeliveryChange => ({
    ...at(d),
    status: by === 'theirs' && d.inbound?.kind === 'deleted' ? 'applied' : 'stale',
    tried: true,
  }));
  return [...changes, ...theirs];
}

/**
 * The row goes on with a new pair: its changes that no request has carried move there, as they are.
 */
export function succeededDeliveries(step: LoadedStep, intent: OpenIntent | null): DeliveryChange[] {
  return [...(intent ? carriedBy(step, intent) : []), ...staleInbound(step, [])];
}

/** Nothing is taken from what came in; echoes of our own writes are told apart. */
export function staleInbound(step: LoadedStep, echoes: readonly { eventId: string }[]): DeliveryChange[] {
  return inbound(step).map((d): DeliveryChange => ({
    ...at(d),
    status: echoes.some(({ eventId }) => eventId === d.eventId) ? 'echo' : 'stale',
    tried: true,
  }));
}

export function answeredInbound(step: LoadedStep, { plan, echoes }: Merged): DeliveryChange[] {
  const lost = plan.conflicts.length > 0;
  const pulled = Object.keys(plan.pull).length > 0;
  return inbound(step).map((d): DeliveryChange => ({
    ...at(d),
    status: echoes.some(({ eventId }) => eventId === d.eventId)
      ? 'echo'
      : lost
        ? 'conflict'
        : pulled
          ? 'applied'
          : 'noop',
    tried: true,
  }));
}

/** Inbound events about another record, which looks for itself. */
export function passedOn(step: LoadedStep, externalId: string): DeliveryChange[] {
  const about = inbound(step).filter((d) => d.inbound?.externalId === externalId);
  return about.map((d): DeliveryChange => ({ ...at(d), status: 'stale', tried: true }));
}

export function outbound(step: LoadedStep): LoadedStep['deliveries'] {
  return step.deliveries.filter((d) => d.inbound === null);
}

export function inbound(step: LoadedStep): LoadedStep['deliveries'] {
  return step.deliveries.filter((d) => d.inbound !== null);
}

export function at(delivery: { eventId: string; target: string }): { eventId: string; target: string } {
  return { eventId: delivery.eventId, target: delivery.target };
}

/**
 * The merge found nothing to write: what an intent of before had carried already says so, the rest
 * changed nothing.
 */
export function agreedOutbound(step: LoadedStep): DeliveryChange[] {
  const last = step.lastIntent;
  return outbound(step).map((d): DeliveryChange => {
    if (last === null || (d.version ?? 0) > last.version) return { ...at(d), status: 'noop', tried: true };
    const status = d.version === last.version ? 'applied' : 'superseded';
    return { ...at(d), status, intentId: last.id, tried: true };
  });
}

/** The same for every delivery of the step. */
export function all(
  step: LoadedStep,
  status: DeliveryStatus,
  { tried = false, error }: { tried?: boolean; error?: Record<string, unknown> } = {},
): DeliveryChange[] {
  return step.deliveries.map((d) => ({ ...at(d), status, tried, ...(error && { error }) }));
}

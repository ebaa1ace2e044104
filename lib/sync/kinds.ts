// The kinds of records that one system keeps for us: each is a kind of rows of ours (an entity) with
// its own mapping document. They share the account, and with it the lane, the rate, the breaker and the
// list of events.
import type { Target } from '../../db/deliveries.ts';
import type { Integration } from '../integrations/integration.ts';
import type { SyncDeps } from './step.ts';

/** Which rows go where. */
export function targetOf({ system, document }: Pick<Integration, 'system' | 'document'>): Target {
  return { system, entityType: document.entity, externalType: document.externalType };
}

/** The same engine for another kind of records; null for an entity that the system does not have. */
export function depsOfKind(deps: SyncDeps, entityType: string): SyncDeps | null {
  if (deps.entity.name === entityType) return deps;
  const { kinds = [], entity, integration } = deps;
  const kind = kinds.find((each) => each.entity.name === entityType);
  if (!kind) return null;
  const others = kinds.filter((each) => each !== kind);
  return { ...deps, ...kind, kinds: [{ entity, integration }, ...others] };
}

/** The targets of every kind, by the entity. */
export function targetsOf({
  integration,
  kinds = [],
}: Pick<SyncDeps, 'integration' | 'kinds'>): ReadonlyMap<string, Target> {
  const all = [integration, ...kinds.map((kind) => kind.integration)].map(targetOf);
  return new Map(all.map((target) => [target.entityType, target]));
}

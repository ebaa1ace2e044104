// Turns an outcome into writes: one small function for each outcome. Pure; settle.ts carries the
// writes out.
//
// The shadow law: a field of the shadow changes only when both halves are known to be held: ours at
// the version named, theirs as an answer or a read gave it. So an answer moves only the fields that
// were sent; a field it shows that we did not send and that differs is another client's edit: the
// shadow stays, and the next step has to read.
import type { DeliveryChange } from '../../../db/deliveries.ts';
import { knownIdentity } from '../identity.ts';
import type { Entity } from '../../catalogue/entity.ts';
import { codeOf } from '../../../db/mappings/reason.ts';
import * as become from '../../../db/mappings/writes/state-change.ts';
import type { MappingChanges } from '../../../db/mappings/writes/update.ts';
import type { LoadedStep } from '../../../db/mappings/load.ts';
import type { FieldRule } from '../../catalogue/document.ts';
import { conflictsBesidesPull } from '../comparison.ts';
import { checkedBy } from '../covered.ts';
import { shadowOfCreate } from '../shadow.ts';
import type { SyncPolicy } from '../step.ts';
import { answered } from './answered-outcome.ts';
import { aliasEffects } from './alias-outcomes.ts';
import { decisionEffects } from './decision-outcomes.ts';
import {
  agreedOutbound,
  all,
  answeredInbound,
  at,
  endedDeliveries,
  passedOn,
  succeededDeliveries,
} from './delivery-outcomes.ts';
import { healthy } from './healthy.ts';
import { mergedEffects } from './merged-outcomes.ts';
import { notWanted } from './not-wanted-outcome.ts';
import { postponed } from './postponed-outcome.ts';
import { restoredEffects } from './restored-outcomes.ts';
import type { Effects, Outcome } from './outcome.ts';

type Of<Kind extends Outcome['kind']> = Extract<Outcome, { kind: Kind }>;
/** What an outcome writes; what it does not name is not written. */
type Writes = Partial<Effects>;

/** How fields correspond, and which is the identity. */
interface Mapped {
  rules: FieldRule[];
  entity: Pick<Entity, 'identity'>;
}

/** Everything that the outcome writes. */
export function effectsOf(
  { rules, entity }: Mapped,
  policy: Pick<SyncPolicy, 'backoff'>,
  step: LoadedStep,
  outcome: Outcome,
  now: Date,
): Effects {
  return {
    ...{
      mapping: {},
      deliveries: [],
      closed: null,
      conflicts: [],
      linked: null,
      movedFrom: null,
      parked: null,
    },
    ...{
      checked: [],
      confirmed: [],
      settled: [],
      echoed: [],
      leavesRow: false,
      succeeded: false,
      release: true,
    },
    ...writesOf({ rules, entity }, policy, step, outcome, now),
  };
}

function writesOf(
  { rules, entity }: Mapped,
  policy: Pick<SyncPolicy, 'backoff'>,
  step: LoadedStep,
  outcome: Outcome,
  now: Date,
): Writes {
  switch (outcome.kind) {
    case 'answered':
      return answered(rules, step, outcome);
    case 'agreed':
      return agreed(step, outcome);
    case 'ended':
      return ended(entity, step, outcome);
    case 'abandoned':
      return abandoned(step, outcome);
    case 'postponed':
      return postponed(policy, step, outcome, now);
    case 'parked':
      return parked(step, outcome);
    case 'waiting':
      return waiting(step, outcome);
    case 'not_wanted':
      return notWanted(step, outcome);
    case 'found':
      return found(outcome);
    case 'passed_on':
      return { deliveries: passedOn(step, outcome.externalId), release: false };
    case 'covered': {
      const { conflicts } = outcome;
      return { conflicts, checked: checkedBy(conflicts), release: false };
    }
    case 'stale':
      return stale(step, outcome);
    case 'still_there':
    case 'begun_anew':
    case 'set_aside':
    case 'refused':
      return decisionEffects(step, outcome);
    case 'restored':
      return restoredEffects(step, outcome);
    case 'moved':
    case 'merged_waits':
    case 'merged_away':
      return mergedEffects(step, outcome);
    case 'alias':
    case 'alias_stays':
    case 'alias_left':
      return aliasEffects(step, outcome);
  }
}

function agreed(step: LoadedStep, { merged }: Of<'agreed'>): Writes {
  const { mapping, row } = step;
  return {
    mapping: {
      ...healthy,
      ...become.linked(),
      mustRead: false,
      shadow: { ...mapping.shadow, ...merged.plan.agreed },
      pushedVersion: Math.max(mapping.pushedVersion, row?.version ?? 0),
      clean: mapping.dirty,
    },
    deliveries: [...agreedOutbound(step), ...answeredInbound(step, merged)],
    conflicts: conflictsBesidesPull(merged.plan),
    checked: checkedBy(merged.plan.conflicts),
    confirmed: merged.echoes,
  };
}

function ended(
  entity: Pick<Entity, 'identity'>,
  step: LoadedStep,
  { state, by, intent, written, ending, ...outcome }: Of<'ended'>,
): Writes {
  const { mapping } = step;
  const succeeded = outcome.succeeded === true;
  const changes: MappingChanges = {
    ...healthy,
    ...become.ended(state, ending),
    intent: null,
    mustRead: false,
    clean: mapping.dirty,
    // The detached record stays at the system, and a later create finds it by this identity first.
    ...(state === 'detached' && by === 'ours' && !succeeded
      ? { knownEmail: knownIdentity(entity, mapping.shadow) }
      : {}),
  };
  const deliveries = succeeded
    ? succeededDeliveries(step, intent)
    : endedDeliveries(step, { by, intent, rowLives: ending !== undefined });
  if (intent) {
    const pushedVersion = Math.max(mapping.pushedVersion, intent.version);
    const closed = { intent, result: 'done', written } as const;
    return { mapping: { ...changes, pushedVersion }, closed, deliveries, succeeded };
  }
  const open = mapping.intent;
  return {
    mapping: changes,
    closed: open && { intent: open, result: 'unknown', written: null },
    deliveries,
    succeeded,
  };
}

function abandoned(
  { mapping }: LoadedStep,
  { intent, result, mustRead, stands, stale }: Of<'abandoned'>,
): Writes {
  return {
    mapping: {
      intent: null,
      mustRead: mapping.mustRead || mustRead,
      // An answer ends a time of failing; one that was never sent has had none, and one that was
      // refused as stale leaves the change where it was.
      ...(result === 'not_needed' || stale ? {} : { attempts: 0, firstFailedAt: null }),
      ...(stands ? { shadow: { ...mapping.shadow, ...stands } } : {}),
    },
    closed: { intent, result, written: null },
    release: false,
  };
}

function parked(step: LoadedStep, { reason, refused }: Of<'parked'>): Writes {
  const { mapping } = step;
  const { detail } = reason;
  return {
    mapping: {
      ...healthy,
      ...become.parked(reason),
      // A read is asked for by whoever wants the requests to begin again (unending.ts).
      ...(reason.code === 'unending' && { mustRead: false }),
      lastError: detail,
      clean: mapping.dirty,
      ...(refused ? { intent: null } : {}),
    },
    closed: refused && { intent: refused, result: 'refused', written: null },
    deliveries: all(step, 'parked', { tried: true, error: { code: codeOf(reason), ...detail } }),
    parked: reason,
  };
}

function waiting(step: LoadedStep, { reason, refused }: Of<'waiting'>): Writes {
  const { mapping } = step;
  return {
    // Waiting is not failing: the count of failures starts again after the wait.
    mapping: {
      ...healthy,
      ...become.waiting(mapping, reason),
      clean: mapping.dirty,
      ...(refused && { intent: null }),
    },
    closed: refused ? { intent: refused, result: 'refused', written: null } : null,
    deliveries: all(step, 'waiting'),
  };
}

function found({ externalId, by, withoutBase, refused }: Of<'found'>): Writes {
  return {
    mapping: {
      ...healthy,
      ...become.linked(),
      mustRead: true,
      madeRecord: by?.operation === 'create' && withoutBase !== true,
      ...(by ? { intent: null, shadow: withoutBase ? {} : shadowOfCreate(by) } : {}),
      ...(refused && { intent: null }),
    },
    closed: by
      ? { intent: by, result: withoutBase ? 'unknown' : 'done', written: null }
      : refused
        ? { intent: refused, result: 'refused', written: null }
        : null,
    linked: externalId,
    release: false,
  };
}

function stale(step: LoadedStep, outcome: Of<'stale'>): Writes {
  const echoes = new Set(outcome.echoes.map(({ eventId }) => eventId));
  return {
    mapping: { clean: step.mapping.dirty, mustRead: false, attempts: 0, firstFailedAt: null },
    deliveries: step.deliveries.map((d): DeliveryChange => ({
      ...at(d),
      status: echoes.has(d.eventId) ? 'echo' : 'stale',
      tried: false,
    })),
    confirmed: outcome.echoes,
    conflicts: outcome.conflicts,
  };
}

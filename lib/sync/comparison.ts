// Both sides of a linked pair as they stand, and what the merge makes of them.
import type { Fields } from '../catalogue/document.ts';
import type { ExternalRecord, Fetched } from '../integrations/integration.ts';
import { know, type Answer } from './facts.ts';
import { movesGrouped, putBack } from './groups.ts';
import type { Comparison } from './merged.ts';
import { merge, type Conflict, type Plan } from './merge.ts';
import { received, type Received } from './received.ts';
import { oursUnmoved, shadowTheirs } from './shadow.ts';
import { identityOfRow } from './identity.ts';
import { withoutRefused } from './next.ts';
import { takenIdentity, type Situation } from './situation.ts';
import { oursOf, theirsOf } from './values.ts';

/**
 * Null where nothing came in that the shadow does not explain: then their side is the shadow's
 * half, and nothing is read. Where an update has to name a version, or has to carry fields that the
 * shadow does not hold, the record is read before it.
 */
export function readTheirs(s: Situation): Answer<Fetched> | null {
  const { externalId } = s.mapping;
  if (externalId === null || s.progress.linked || !mustRead(s)) return null;
  return know(s, 'record', { externalId, for: 'merge' });
}

function mustRead(s: Situation): boolean {
  // What is known of a record that was merged into another one is no value of the pair.
  if (received(s).mustRead || movesGrouped(s) || s.mapping.reason?.code === 'record_merged') return true;
  return s.capabilities.updates === 'version' && hasOursToPush(s);
}

function hasOursToPush({ row, mapping, fields, next }: Situation): boolean {
  if (row === null) return false;
  // What `next` once refused goes out where no `next` is asked any more.
  const isAllowed = !next && Object.values(mapping.shadow).some(({ reason }) => reason === 'refused');
  return isAllowed || mapping.parts > 0 || !oursUnmoved(fields, mapping.shadow, oursOf(fields, row));
}

/** Assumes that their record was found, or was not to be read. Null if the pair has no row. */
export function compare(s: Situation): Comparison | null {
  const { row, mapping, progress } = s;
  if (!row) return null;
  // What was compared before the row was written stands: the shadow has moved on since.
  if (progress.pulled) return progress.pulled;
  const came = received(s);
  const record = presentRecord(s);
  const theirs = record ? theirsOf(s.fields, record.fields) : shadowTheirs(mapping.shadow);
  const held = record?.fields ?? null;
  const { restored, conflicts } = putBack(came.beside, held ?? {});
  const origins: Record<string, string | null> = {};
  const sides = withoutRefused(s, mergeSides(s, theirs, came, origins), { theirs, held });
  const plan = { ...sides, conflicts: [...sides.conflicts, ...conflicts] };
  const lacksTag = record !== null && s.policy.writes && record.ownerTag !== row.createdEventId;
  const merged = { plan, read: mustRead(s), echoes: came.echoes };
  const ownerTag = lacksTag ? row.createdEventId : null;
  return { plan, theirs, hop: came.hop, merged, ownerTag, version: record?.version, held, restored, origins };
}

/** Conflicts of fields that were pulled are stored with the row. */
export function conflictsBesidesPull({ conflicts, pull }: Plan): Conflict[] {
  return conflicts.filter(({ field }) => field === null || !(field in pull));
}

function presentRecord(s: Situation): ExternalRecord | null {
  if (s.progress.linked) return s.progress.linked;
  const answer = readTheirs(s);
  return answer?.ok && answer.value.state === 'present' ? answer.value.record : null;
}

/** `origins` gets those that the merge had to know. */
function mergeSides(
  s: Situation,
  theirs: Fields,
  { unseen }: Received,
  origins: Record<string, string | null>,
): Plan {
  const { row, mapping, fields: rules } = s;
  const ours = row ? oursOf(rules, row) : {};
  const { system, entityType, shadow } = mapping;
  const originOf = (field: string): string | null => {
    const value = row && { entityType, internalId: row.id, field, version: row.version };
    return (origins[field] = value && know(s, 'origin', value));
  };
  const plan = merge({ rules, shadow, ours, theirs, unseen, system, originOf });
  return takenIdentity(s) === null ? plan : holdIdentity(s, theirs, plan);
}

/**
 * Their identity belongs to another of our rows: the field is held, neither pulled nor pushed, until a
 * side changes it.
 */
function holdIdentity({ row, mapping, entity }: Situation, theirs: Fields, plan: Plan): Plan {
  const field = entity.identity ?? '';
  const ours = row ? identityOfRow(entity, row) : null;
  const their = theirs[field] ?? null;
  // An edit of theirs that we covered stays recorded; that it was to be put back has come to nothing.
  const others = plan.conflicts.flatMap((c): Conflict[] => {
    if (c.field !== field) return [c];
    if (c.kind !== 'overwritten_unseen') return [];
    return [c.winner === 'theirs' ? { ...c, winner: 'neither', note: 'held' } : c];
  });
  const held: Conflict = {
    kind: 'duplicate_email',
    field,
    base: mapping.shadow[field]?.ours ?? null,
    ours,
    theirs: their,
    rule: 'held',
    winner: 'neither',
  };
  return {
    pull: without(plan.pull, field),
    push: without(plan.push, field),
    agreed: { ...plan.agreed, [field]: { ours, theirs: their, reason: 'held' } },
    carried: plan.carried.filter((each) => each !== field),
    conflicts: [...others, held],
  };
}

function without(fields: Fields, name: string): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => field !== name));
}

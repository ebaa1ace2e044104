// Brings one customer and its counterpart into agreement. Read docs/sync.md beside it: the steps have the same names.
//
// Guarantees: at most one effect per intent at the other side; no change of either side is lost, and none overwritten without
// a conflict row; a worker that lost its lease writes nothing more.
// Assumes: the mapping was claimed (lease and fence), and no transaction is open while a call is out.
// A crash between any two lines leaves the mapping dirty, so it is claimed again when the lease is over; the open intent, if
// one was stored, is finished first with the same key and body; what `write ours` committed is found as the row's new state.
import { findLivingAliases } from '../../db/mappings/adopt.ts';
import { adopt } from './adopt.ts';
import { tendAlias } from './alias.ts';
import { findAlike } from './before-create.ts';
import { resolutionOf } from './consent.ts';
import { damageOf, toBeMended } from './damage.ts';
import { carryOut, isBeyondFinishing } from './decision.ts';
import { ALIAS_LIVES, lostOurs, outlivedBy } from './delete-conflicts.ts';
import { askHolder } from './duplicate-email.ts';
import { park, postpone } from './failing.ts';
import { awaitsWord, linkNamed, namedRecord, NOT_LINKED } from './first-link.ts';
import { heldDelete, isReleased } from './fuse.ts';
import { findHeard, passOn } from './heard.ts';
import { fetchTheirs } from './intent.ts';
import { merge, type Conflict, type Plan } from './merge.ts';
import { giveBack, rest, type Next } from './next.ts';
import type { Merged } from './outcome.ts';
import { foresee } from './rehearsal.ts';
import { removeTheirs } from './remove.ts';
import { parkRefused } from './row-refused.ts';
import { settle } from './settle.ts';
import { shadowTheirs } from './shadow.ts';
import { hasRoomForCall, load, oursOf, theirsOf, type Claim, type Step, type SyncDeps } from './step.ts';
import { heardEvents, listen, type Heard } from './theirs.ts';
import { deleteOurs, writeOurs } from './write-ours.ts';
import { createTheirs, finishIntent, pushOnly, updateTheirs } from './write-theirs.ts';
import { failpoint } from '../failpoint.ts';
import type { ExternalRecord, Fields, Fetched } from '../integrations/integration.ts';

/** A change that comes back as its own cause this often is a loop that got through. */
const MAX_HOPS = 5;
/** A step that begins again this often is not converging; it is logged, and rests a while so that it starves nobody. */
const MAX_TURNS = 20;

/** Brings one claimed mapping into agreement, or as far as it can be brought now. */
export async function reconcile(deps: SyncDeps, claim: Claim): Promise<void> {
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const step = await load(deps, claim);
    await failpoint('reconcile.loaded');
    if (!step) return;
    if ((await takeStep(deps, step)) === 'done') return;
    if (turn === MAX_TURNS - 1) {
      deps.log.warn('reconcile.not_converging', { mapping: claim.id, turns: MAX_TURNS });
      await rest(deps, step);
    }
  }
}

/** One turn of a step: what a loaded mapping needs next. */
export async function takeStep(deps: SyncDeps, step: Step): Promise<Next> {
  const { mapping, row } = step;
  const ended = mapping.state === 'tombstoned' || mapping.state === 'detached' || mapping.state === 'alias';
  const decided = ended ? null : resolutionOf(mapping);
  const damage = ended || decided || awaitsWord(mapping) ? null : damageOf(mapping);
  if (damage) return park(deps, step, 'damaged', { ...damage, message: toBeMended(damage) });
  if (mapping.intent && !(decided && isBeyondFinishing(mapping)))
    return finishIntent(deps, step, mapping.intent);
  // By our key or our mark it came here before it was known which record is this row's.
  const stranger = heardEvents(step).find(({ event }) => event.externalId !== mapping.externalId)?.event;
  // A row that is gone takes none any more: what was heard looks for itself, and is told.
  const takesNone = mapping.externalId !== null || (row !== null && row.deletedAt !== null);
  if (stranger && takesNone) return passOn(deps, step, stranger.externalId);
  if (mapping.state === 'alias') return tendAlias(deps, step);
  if (ended) {
    const { echoes, deletedOver: conflicts } = await listen(deps, step);
    return settle(deps, step, { kind: 'stale', echoes, conflicts });
  }
  if (awaitsWord(mapping) && !decided)
    return settle(deps, step, { kind: 'waiting', reason: NOT_LINKED, detail: mapping.reasonDetail ?? {} });
  if (mapping.internalId === null) return adopt(deps, step);
  if (!row) return settle(deps, step, { kind: 'waiting', reason: 'lost_row', detail: {} });
  if (row.deletedAt !== null) return removeTheirs(deps, step);
  if (decided) return carryOut(deps, step, decided);
  if (step.deliveries.some((d) => d.hop > MAX_HOPS)) {
    return park(deps, step, 'loop', {
      hops: MAX_HOPS,
      message: 'its own echo keeps changing it; look at the last conflicts',
    });
  }
  const taken = mapping.reason === 'external_id_taken' ? mapping.reasonDetail?.['external_id'] : undefined;
  // Its counterpart is another row's: asked again without a call, and never made a second time.
  if (typeof taken === 'string') return settle(deps, step, { kind: 'found', externalId: taken });
  const named = namedRecord(mapping);
  if (named !== null) return agreeFirst(deps, step, named);
  if (mapping.externalId === null) return (await findHeard(deps, step)) ?? createUnlessAlike(deps, step);
  return agree(deps, step, mapping.externalId);
}

/** Makes a record for the row, unless one with its identity exists. */
async function createUnlessAlike(deps: SyncDeps, step: Step): Promise<Next> {
  const alike = await findAlike(deps, step);
  if (alike === null) return createTheirs(deps, step);
  return typeof alike === 'string' ? alike : agreeFirst(deps, step, alike.link);
}

/** By somebody's word a record is this row's: they are linked, and brought into agreement from what was read for it. */
async function agreeFirst(deps: SyncDeps, step: Step, externalId: string): Promise<Next> {
  const next = await linkNamed(deps, step, externalId);
  if (next === 'again' || next === 'done') return next;
  // What came in about another record has to look for itself before this pair answers for it.
  if (heardEvents(step).some(({ event }) => event.externalId !== externalId)) return 'again';
  return agree(deps, step, externalId, next.linked);
}

/** Theirs, merge, write ours, write theirs, settle. `read`: the record as this very claim has just read it. */
async function agree(
  deps: SyncDeps,
  step: Step,
  externalId: string,
  read: ExternalRecord | null = null,
): Promise<Next> {
  const heard = await listen(deps, step);
  let record = read;
  if (heard.mustRead && !record) {
    if (!hasRoomForCall(deps, step.claim)) return giveBack(deps, step);
    const answer = await fetchTheirs(deps, step, externalId, false);
    await failpoint('reconcile.read');
    if (!answer.ok) return postpone(deps, step, answer.failure);
    if (answer.value.state !== 'present') return notThere(deps, step, externalId, answer.value);
    ({ record } = answer.value);
  }
  if (!record) return mergeAndWrite(deps, step, shadowTheirs(step.mapping.shadow), heard, null);
  // A pair that lacks our mark could not be found again after a restore.
  const mark = step.row?.createdEventId ?? null;
  const unmarked = deps.policy.writes && record.mark !== mark;
  const theirs = theirsOf(deps.integration.document.fields, record.fields);
  return mergeAndWrite(deps, step, theirs, heard, unmarked ? mark : null);
}

async function mergeAndWrite(
  deps: SyncDeps,
  step: Step,
  theirs: Fields,
  heard: Heard,
  mark: string | null,
): Promise<Next> {
  const { row, mapping } = step;
  if (!row) return 'done';
  const rules = deps.integration.document.fields;
  const plan = merge({
    rules,
    shadow: mapping.shadow,
    ours: oursOf(rules, row),
    theirs,
    unseen: heard.unseen,
  });
  const merged: Merged = { plan, read: heard.mustRead, echoes: heard.echoes };
  if (!deps.policy.pulls && Object.keys(plan.pull).length > 0) return leavePulls(deps, step, plan, theirs);
  const [there, here] = [Object.keys(plan.push), Object.keys(plan.pull)];
  if (here.length > 0) foresee(deps, () => ({ would: 'update', there, here }));
  while (Object.keys(plan.pull).length > 0) {
    const wrote = await writeOurs(deps, step, plan, theirs, heard.hop);
    if (wrote === 'lost') return 'done';
    if (wrote === 'moved') return 'again';
    if (wrote === 'written') break;
    if (wrote === 'reformed') {
      // What the table's own triggers have made of it goes out at once; a worker that dies before that leaves it to the next merge.
      const { push } = merge({ rules, shadow: mapping.shadow, ours: oursOf(rules, step.row ?? row), theirs });
      plan.push = push;
      break;
    }
    if (typeof wrote === 'object') return parkRefused(deps, step, wrote.refused);
    const asked = await askHolder(deps, step, plan.pull['email'] ?? '');
    if (asked !== null) return asked;
    holdEmail(step, theirs, plan);
  }
  return writeRest(deps, step, theirs, merged, mark);
}

/** With pulls off our own edits still go out; what was to be pulled waits, and is decided when it may be written. */
async function leavePulls(deps: SyncDeps, step: Step, plan: Plan, theirs: Fields): Promise<Next> {
  const fields = Object.keys(plan.pull);
  const free = ([field]: [string, unknown]): boolean => !fields.includes(field);
  const push = Object.fromEntries(Object.entries(plan.push).filter(free));
  if (Object.keys(push).length === 0)
    return settle(deps, step, { kind: 'waiting', reason: 'pulls_off', detail: { fields } });
  const conflicts = plan.conflicts.filter((c) => c.field === null || !fields.includes(c.field));
  return pushOnly(deps, step, push, theirs, conflicts);
}

/** Write theirs, if it differs; else there was nothing to write. */
async function writeRest(
  deps: SyncDeps,
  step: Step,
  theirs: Fields,
  merged: Merged,
  mark: string | null,
): Promise<Next> {
  if (Object.keys(merged.plan.push).length > 0 || mark !== null)
    return updateTheirs(deps, step, merged, theirs, mark);
  return settle(deps, step, { kind: 'agreed', merged });
}

/** Their email belongs to another of our rows: the field is held, neither pulled nor pushed, until a side changes it. */
function holdEmail(step: Step, theirs: Fields, plan: Plan): void {
  const ours = step.row?.email ?? null;
  const their = theirs['email'] ?? null;
  delete plan.pull['email'];
  delete plan.push['email'];
  plan.agreed['email'] = { ours, theirs: their, reason: 'held' };
  plan.carried = plan.carried.filter((field) => field !== 'email');
  // An edit of theirs that we covered stays told; that it was to be put back has come to nothing.
  plan.conflicts = plan.conflicts.flatMap((c): Conflict[] => {
    if (c.field !== 'email') return [c];
    if (c.kind !== 'overwritten_unseen') return [];
    return [c.winner === 'theirs' ? { ...c, winner: 'neither', note: 'held' } : c];
  });
  plan.conflicts.push({
    kind: 'duplicate_email',
    field: 'email',
    base: step.mapping.shadow['email']?.ours ?? null,
    ours,
    theirs: their,
    rule: 'held',
    winner: 'neither',
  });
}

/** A 404 is never a deletion: a wrong key sees nothing but these. Only `{deleted: true}` is one. */
async function notThere(deps: SyncDeps, step: Step, externalId: string, fetched: Fetched): Promise<Next> {
  if (fetched.state !== 'erased') return park(deps, step, 'missing', { external_id: externalId });
  if (!deps.policy.pulls)
    return settle(deps, step, { kind: 'waiting', reason: 'pulls_off', detail: { operation: 'delete' } });
  const { mapping, row } = step;
  const aliases = row ? await findLivingAliases(deps.db, mapping, row.id) : [];
  // The person may live on in another record: somebody deleted one of two. Whether the row goes too, a person says.
  if (aliases.length > 0 && !isReleased(mapping))
    return settle(deps, step, {
      kind: 'waiting',
      reason: ALIAS_LIVES,
      detail: { external_id: externalId, aliases },
    });
  const rules = deps.integration.document.fields;
  const conflicts = row ? lostOurs(rules, mapping.shadow, oursOf(rules, row)) : [];
  for (const alias of aliases) conflicts.push(outlivedBy(alias, externalId));
  const deleted = await deleteOurs(deps, step, conflicts);
  if (typeof deleted === 'object') return parkRefused(deps, step, deleted.refused);
  switch (deleted) {
    case 'lost':
      return 'done';
    case 'moved':
      return 'again';
    case 'refused':
      return settle(deps, step, heldDelete('in'));
    case 'written':
      return settle(deps, step, {
        kind: 'ended',
        state: 'tombstoned',
        by: 'theirs',
        intent: null,
        written: null,
      });
  }
}

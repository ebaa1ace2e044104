// Our row is a tombstone: its counterpart goes too, as far as the policy says, and never unguarded.
//
// Stripe's DELETE is for good and cancels subscriptions at once, and it takes no idempotency key. So before every DELETE, also a
// repeated one, a GET looks: gone already is success, a subscription that is not cancelled parks, a 404 is never a deletion.
import { failpoint } from '../failpoint.ts';
import { fetchTheirs, makeIntent, sendIntent, storeIntent } from './intent.ts';
import { resolutionOf } from './consent.ts';
import { damageOf } from './damage.ts';
import { isOfNoRecord } from './decision.ts';
import { foreseeDelete, heldDelete, isReleased, mayDelete } from './fuse.ts';
import { foresee } from './rehearsal.ts';
import { park, postpone } from './failing.ts';
import { errorRow } from './outcome.ts';
import { settle } from './settle.ts';
import { hasRoomForCall, theirsOf, type Step, type SyncDeps } from './step.ts';
import { lostTheirs } from './delete-conflicts.ts';
import { giveBack, type Next } from './next.ts';

export async function removeTheirs(deps: SyncDeps, step: Step): Promise<Next> {
  const { mapping, row } = step;
  if (mapping.externalId === null) {
    return settle(deps, step, {
      kind: 'ended',
      state: 'tombstoned',
      by: 'ours',
      intent: null,
      written: null,
    });
  }
  const detached = { kind: 'ended', state: 'detached', by: 'ours', intent: null, written: null } as const;
  if (deps.policy.deletes === 'detach') {
    return settle(deps, step, detached);
  }
  // A person said that the record is gone: where it is not to be seen either, there is nothing to delete.
  const gone = resolutionOf(mapping) !== null;
  if (gone && damageOf({ ...mapping, intent: null })?.column === 'external_id')
    return settle(deps, step, detached);
  if (!hasRoomForCall(deps, step.claim)) return giveBack(deps, step);
  const seen = await fetchTheirs(deps, step, mapping.externalId, true);
  await failpoint('remove.guarded');
  if (!seen.ok)
    return gone && isOfNoRecord(seen) ? settle(deps, step, detached) : postpone(deps, step, seen.failure);
  const { value } = seen;
  if (value.state === 'missing')
    return gone
      ? settle(deps, step, detached)
      : park(deps, step, 'missing', { external_id: mapping.externalId });
  // It is there after all: what was decided is over, and the delete goes its ordinary way.
  if (value.state === 'present' && gone) return settle(deps, step, { kind: 'still_there' });
  if (value.state === 'erased') {
    return settle(deps, step, {
      kind: 'ended',
      state: 'tombstoned',
      by: 'ours',
      intent: mapping.intent,
      written: null,
    });
  }
  if (value.blocksDelete !== null)
    return park(deps, step, 'delete_blocked', { external_id: mapping.externalId, why: value.blocksDelete });
  if (!deps.policy.writes) {
    return settle(deps, step, { kind: 'waiting', reason: 'writes_off', detail: { operation: 'delete' } });
  }
  let intent = mapping.intent;
  if (!intent) {
    const rules = deps.integration.document.fields;
    const theirs = theirsOf(rules, value.record.fields);
    intent = makeIntent(deps, step, {
      operation: 'delete',
      body: {},
      // What the guard saw: the echo tells what really stood there last.
      fields: Object.fromEntries(
        Object.entries(theirs).map(([field, seen]) => [field, { ours: null, seen }]),
      ),
      version: row?.version ?? mapping.wantedVersion,
    });
    await foreseeDelete(deps, mapping, 'out');
    const lost = lostTheirs(rules, mapping.shadow, theirs);
    const stored = await storeIntent(
      deps,
      step,
      intent,
      lost,
      async (tx) =>
        isReleased(mapping) ||
        (await mayDelete(tx, {
          system: mapping.system,
          direction: 'out',
          now: deps.clock.now(),
          log: deps.log,
        })),
    );
    if (stored === 'lost') return 'done';
    if (stored === 'refused') return settle(deps, step, heldDelete('out'));
  }
  foresee(deps, () => ({ would: 'delete', again: true }));
  const answer = await sendIntent(deps, step, intent);
  if (!answer) return giveBack(deps, step);
  // Gone between the look and the delete: the next look tells whether it is erased or was never ours to see.
  if (!answer.ok) {
    const { failure } = answer;
    return failure.kind === 'permanent'
      ? park(deps, step, failure.code, errorRow(failure), intent)
      : postpone(deps, step, failure);
  }
  return settle(deps, step, {
    kind: 'ended',
    state: 'tombstoned',
    by: 'ours',
    intent,
    written: answer.value,
  });
}

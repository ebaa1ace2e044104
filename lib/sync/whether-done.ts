// What became of an update that is not sent again.
import type { OpenIntent } from '../../db/mappings/mappings.ts';
import type { Written } from '../integrations/integration.ts';
import type { Action } from './action.ts';
import { same } from './canonical.ts';
import { know } from './facts.ts';
import { postpone } from './failing.ts';
import { receivedEvents } from './received.ts';
import type { Situation } from './situation.ts';
import { theirsIfAble } from './values.ts';

/**
 * An event with the key of the request shows that the request took effect, and with which values,
 * as its answer would have; later edits are theirs, and are read in the next step. Without such an
 * event only a read shows it: if the record has the values that were sent, the request took effect,
 * and the values are ours, not an edit of theirs. If the record has only some of them, these are
 * ours, and of the other fields only the present values are known.
 */
export function whetherDone(s: Situation, intent: OpenIntent): Action {
  const { externalId } = s.mapping;
  const sent = Object.entries(intent.fields);
  const unknown = { kind: 'abandoned', intent, result: 'unknown', mustRead: true } as const;
  if (externalId === null || sent.length === 0) return { do: 'settle', outcome: unknown };
  const event = receivedEvents(s.deliveries).find((one) => one.event.key === intent.key)?.event;
  if (event?.after) {
    const { after: fields, requestId } = event;
    const record = {
      externalId,
      fields,
      ownerTag: null,
      foreignTag: false,
      createdAt: s.now,
      testClock: null,
    };
    const answer = { requestId, status: 200, answeredAt: null, replayed: true };
    return tookEffect(intent, { ...answer, externalId, record });
  }
  const answer = know(s, 'record', { externalId, for: 'merge' });
  if (!answer.ok) return postpone(s, answer.failure);
  const { value } = answer;
  if (value.state !== 'present') return { do: 'settle', outcome: unknown };
  const theirs = theirsIfAble(s.fields, value.record.fields);
  const standing = sent.filter(([field, { ours }]) =>
    s.fields.some((rule) => rule.internal === field && same(rule, theirs[field], ours)),
  );
  if (standing.length === sent.length) return tookEffect(intent, { ...value, replayed: false, externalId });
  const stands = Object.fromEntries(
    standing.map(([field, { ours }]) => [field, { ours, theirs: theirs[field] ?? null }]),
  );
  return { do: 'settle', outcome: { ...unknown, stands } };
}

function tookEffect(intent: OpenIntent, written: Written): Action {
  return { do: 'settle', outcome: { kind: 'answered', intent, written, merged: null } };
}

// What the answer to a request writes. A part of a change leaves our deliveries open, and the step goes on
// under the same lease: a crash after it leaves the pair dirty, with the shadow of what was carried.
import * as become from '../../../db/mappings/writes/state-change.ts';
import type { LoadedStep } from '../../../db/mappings/load.ts';
import type { FieldRule } from '../../catalogue/document.ts';
import { checkedBy } from '../covered.ts';
import { oursUnmoved, shadowAfterAnswer } from '../shadow.ts';
import { areAble, oursOf, theirsIfAble } from '../values.ts';
import { answeredInbound, carriedBy } from './delivery-outcomes.ts';
import { healthy } from './healthy.ts';
import type { Effects, Outcome } from './outcome.ts';

export function answered(
  rules: FieldRule[],
  step: LoadedStep,
  { intent, written, merged }: Extract<Outcome, { kind: 'answered' }>,
): Partial<Effects> {
  const { mapping, row } = step;
  const before = { ...mapping.shadow, ...merged?.plan.agreed };
  const shadow = written.record
    ? shadowAfterAnswer(rules, before, intent, theirsIfAble(rules, written.record.fields))
    : { pairs: before, foreign: false };
  const isPart = intent.more === true;
  // The request is done, whatever the answer shows: what cannot be carried is said after a read.
  const isShown = written.record === null || areAble(rules, written.record.fields);
  const mustRead = shadow.foreign || !isShown || (mapping.mustRead && merged?.read !== true);
  const isLast = merged !== null && !isPart;
  const isDone = isLast && !mustRead && row !== null && oursUnmoved(rules, shadow.pairs, oursOf(rules, row));
  return {
    mapping: {
      ...healthy,
      ...become.written(mapping, { lives: merged?.read === true }),
      ...(intent.operation === 'create' && { madeRecord: true }),
      intent: null,
      shadow: shadow.pairs,
      mustRead,
      ...(isPart
        ? { parts: mapping.parts + 1 }
        : { pushedVersion: Math.max(mapping.pushedVersion, intent.version) }),
      ...(isDone ? { clean: mapping.dirty } : {}),
    },
    closed: { intent, result: 'done', written },
    // Our changes are open until their last request is answered.
    deliveries: [
      ...(isPart ? [] : carriedBy(step, intent)),
      ...(merged ? answeredInbound(step, merged) : []),
    ],
    checked: merged ? checkedBy(merged.plan.conflicts) : [],
    confirmed: merged ? merged.echoes : [],
    linked: mapping.externalId === null ? written.externalId : null,
    release: isLast,
  };
}

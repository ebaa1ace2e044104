// What the engine would do with a pair, as text for `replay` and `explain`.
import { labelOf } from '../lib/integrations/registry.ts';
import type { PlannedEffect } from '../lib/operations/replay-plan.ts';

/** `system`: the one that the pair is with. */
export function describeEffect(effect: PlannedEffect, system: string): string {
  const label = labelOf(system);
  switch (effect.would) {
    case 'create':
      return effect.again === true ? 'send its open create again' : `create it at ${label}`;
    case 'delete':
      return effect.again === true ? 'send its open delete again' : `delete it at ${label}`;
    case 'delete_here':
      return `delete our row: its record was deleted at ${label}`;
    case 'held':
      return `nothing: held by the fuse, its delete ${effect.direction === 'out' ? 'to' : 'at'} ${label} waits (npx twinbox deletes ${system})`;
    case 'refused':
      return `send the same ${effect.operation} again: unchanged since ${label} refused it (${effect.code})`;
    case 'link':
      return `link it with ${effect.customer === null ? 'its customer' : `customer ${effect.customer}`}`;
    case 'import':
      return 'create a customer for it in our table';
    case 'resolve':
      return `carry out what was decided: ${effect.decision}`;
    case 'update':
      return [
        ...(effect.there.length + effect.here.length === 0 ? [`write our owner tag at ${label}`] : []),
        ...(effect.there.length > 0 ? [`change ${effect.there.join(', ')} at ${label}`] : []),
        ...(effect.here.length > 0 ? [`change ${effect.here.join(', ')} in our table`] : []),
      ].join(' and ');
    case 'superseded':
      return 'nothing by itself: a newer event of the customer is sent';
    case 'nothing':
      return `do nothing: ${effect.why}`;
    case 'unknown':
      return `not known: ${effect.why}`;
  }
}

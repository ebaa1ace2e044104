// What the engine would do with a pair, as text for `replay` and `explain`.
import type { Effect } from '../lib/sync/foresee.ts';

export function describeEffect(effect: Effect): string {
  switch (effect.would) {
    case 'create':
      return effect.again === true ? 'send its open create again' : 'create it at Stripe';
    case 'delete':
      return effect.again === true ? 'send its open delete again' : 'delete it at Stripe';
    case 'delete_here':
      return 'delete our row: its record was deleted at Stripe';
    case 'held':
      return `nothing: held by the fuse, its delete ${effect.direction === 'out' ? 'to' : 'at'} Stripe waits (npx twinbox deletes stripe)`;
    case 'refused':
      return `send the same ${effect.operation} again: unchanged since Stripe refused it (${effect.code})`;
    case 'link':
      return `link it with ${effect.customer === null ? 'its customer' : `customer ${effect.customer}`}`;
    case 'import':
      return 'create a customer for it in our table';
    case 'resolve':
      return `carry out what was decided: ${effect.decision}`;
    case 'update':
      return [
        ...(effect.there.length + effect.here.length === 0 ? ['write our owner tag at Stripe'] : []),
        ...(effect.there.length > 0 ? [`change ${effect.there.join(', ')} at Stripe`] : []),
        ...(effect.here.length > 0 ? [`change ${effect.here.join(', ')} in our table`] : []),
      ].join(' and ');
    case 'nothing':
      return `do nothing: ${effect.why}`;
    case 'unknown':
      return `not known: ${effect.why}`;
  }
}

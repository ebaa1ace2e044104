// What a configuration can say and the program cannot do yet. Each is refused with one sentence, so
// that nothing is accepted that would have no effect. To lift one, remove its entry and its use.
import { builtInEntities } from './built-in.ts';

/** Null for an entity that is kept in step. */
export function whyEntityIsRefused(name: string): string | null {
  return Object.hasOwn(builtInEntities, name)
    ? null
    : 'only customers are kept in step today, so an entity of your own would have no effect; remove it';
}

import type { Fetched } from '../../../lib/integrations/integration.ts';

/** The record of an answer that has to have one. */
export function present(fetched: Fetched): Extract<Fetched, { state: 'present' }> {
  if (fetched.state !== 'present') throw new Error(`expected a record, found ${fetched.state}`);
  return fetched;
}

export function required<T>(thing: T | null | undefined): T {
  if (thing === null || thing === undefined) throw new Error('expected something');
  return thing;
}

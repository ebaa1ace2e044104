// What a key of the API may do. A key has one scope, and a route names the one that it needs.

import type { KeyScope } from '../../db/api-keys.ts';

export type { KeyScope };

/** The scopes that a key can have. An ingest key belongs to one system. */
export const keyScopes = ['viewer', 'editor', 'operator', 'admin', 'ingest'] as const satisfies KeyScope[];

/**
 * What a route needs. `viewer`: reads. `editor`: writes rows. `operator`: an act of an operator,
 * such as a choice, a pause or the reversal of a conflict. `admin`: keys. `ingest`: delivers events of
 * the key's own system. Two need no key: `open`, for signs of life and pages without data, and
 * `signed`, for a webhook whose signature is checked.
 */
export type RouteScope = KeyScope | 'open' | 'signed';

/**
 * An editor does no act of an operator, and an operator writes no rows: the key of a program that
 * writes customers decides nothing, and the key of a person who decides cannot write many rows.
 */
const covered: Record<KeyScope, readonly RouteScope[]> = {
  viewer: ['viewer'],
  editor: ['viewer', 'editor'],
  operator: ['viewer', 'operator'],
  admin: ['viewer', 'editor', 'operator', 'admin', 'ingest'],
  ingest: ['ingest'],
};

/** Whether a key of the scope `has` may use a route that needs `needs`. */
export function covers(has: KeyScope, needs: RouteScope): boolean {
  return !needsKey(needs) || covered[has].includes(needs);
}

/** The scopes of routes that a key may use, such as `viewer` and `operator`. */
export function scopesOf(has: KeyScope): readonly RouteScope[] {
  return covered[has];
}

export function needsKey(needs: RouteScope): boolean {
  return needs !== 'open' && needs !== 'signed';
}

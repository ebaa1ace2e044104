// Who sent a request: what auth.ts found out by the key, and what the routes ask for.

import type { Request } from 'express';
import type { HeldKey } from '../lib/keys/api-keys.ts';
import { covers, needsKey, type KeyScope, type RouteScope } from '../lib/keys/scopes.ts';
import { Problem } from './problems.ts';

export type Caller = {
  scope: KeyScope;
  /** Of an ingest key: the system whose events it delivers. */
  system: string | null;
  /** For the records of operations and the context of events; undefined if no key was needed. */
  actor?: string;
  /** Left out if no key was needed. */
  key?: HeldKey;
};

const callers = new WeakMap<Request, Caller>();

export function setCaller(req: Request, caller: Caller): void {
  callers.set(req, caller);
}

export function hasCaller(req: Request): boolean {
  return callers.has(req);
}

/** Throws if the route stands before the check of the key. */
export function callerOf(req: Request): Caller {
  const caller = callers.get(req);
  if (!caller) throw new Error('this route stands before the check of the key');
  return caller;
}

/** Such as `key:backoffice/3f9c1a2b7d04`; never the key, nor a part of its secret. */
export function actorOf(req: Request): string | undefined {
  return callers.get(req)?.actor;
}

/** Who an act is recorded under; `api` where the API needs no key. */
export function operatorOf(req: Request): string {
  return actorOf(req) ?? 'api';
}

/** Throws 403 if an ingest key is that of another system. */
export function demandSystem(req: Request, system: string): void {
  const of = callers.get(req)?.system ?? system;
  if (of === system) return;
  throw new Problem(
    'forbidden',
    `The ingest key of this request is for ${of}; events of ${system} need a key of their own.`,
    { members: { needed_scope: 'ingest', scope: 'ingest' } },
  );
}

/** Throws 403 if the caller's key does not have the scope that the route needs. */
export function demandScope(req: Request, needs: RouteScope): void {
  if (!needsKey(needs)) return;
  const caller = callerOf(req);
  if (covers(caller.scope, needs)) return;
  throw new Problem(
    'forbidden',
    `This needs a key with the scope ${needs}; the key of this request has the scope ${caller.scope}.`,
    { members: { needed_scope: needs, scope: caller.scope } },
  );
}

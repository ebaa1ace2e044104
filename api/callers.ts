// Who sent a request: what auth.ts found out by the key, and what the routes ask for.

import type { Request } from 'express';
import { covers, needsKey, type KeyScope, type RouteScope } from '../lib/keys/scopes.ts';
import { Problem } from './problems.ts';

export type Caller = {
  scope: KeyScope;
  /** Of an ingest key: the system whose events it delivers. */
  system: string | null;
  /** For the records of operations and the context of events; undefined if no key was needed. */
  actor?: string;
};

const callers = new WeakMap<Request, Caller>();

export function setCaller(req: Request, caller: Caller): void {
  callers.set(req, caller);
}

/** Such as `key:backoffice/3f9c1a2b7d04`; never the key, nor a part of its secret. */
export function actorOf(req: Request): string | undefined {
  return callers.get(req)?.actor;
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
  const caller = callers.get(req);
  if (!caller) throw new Error(`a route that needs the scope ${needs} stands before the check of the key`);
  if (covers(caller.scope, needs)) return;
  throw new Problem(
    'forbidden',
    `This needs a key with the scope ${needs}; the key of this request has the scope ${caller.scope}.`,
    { members: { needed_scope: needs, scope: caller.scope } },
  );
}

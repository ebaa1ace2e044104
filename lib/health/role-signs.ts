// Each process shows in Postgres which roles it runs, every few seconds: a role that is missing can
// then be seen from every other process, from /ready and from `twinbox status`, whatever became of
// the process (an end, a kill, a freeze, another network).
//
// A crash at any moment leaves rows that grow old; a stop says that it was one. Nothing rests on
// these rows but what people read.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Db } from '../../db/server/connection.ts';
import {
  endRoleSigns,
  forgetRoleSigns,
  saveRoleSigns,
  type Alike,
  type RoleName,
  type RoleSign,
} from '../../db/health/role-signs.ts';
import { fullJitter } from '../backoff.ts';
import { runLoop } from '../loop.ts';

/** `null` is no sign: the process lives, and this role of it does not do its work. */
export type Role = {
  name: RoleName;
  look(): { state?: string | null; problem?: string | null } | null;
  /** Those that have to be the same in every process of this role (lib/health/alike.ts). */
  settings?: Alike;
};

export type RoleSigns = {
  /** As in the rows: `host:pid:random`. */
  owner: string;
  /** Says that the process was asked to stop; after it no sign follows. */
  stop(): Promise<void>;
};

export type RoleSignsOptions = {
  db: Db;
  /** Asked at each beat. */
  roles: readonly Role[] | (() => readonly Role[]);
  log: { debug(event: string, fields: Record<string, unknown>): void };
  owner?: string;
  /** 5 s unless set. */
  everyMs?: number;
  /** What else is written as often, such as figures that are counted in memory. */
  onBeat?: () => Promise<void>;
};

const EVERY_MS = 5_000;

/** Resolves once the first signs are there. */
export async function startRoleSigns(options: RoleSignsOptions): Promise<RoleSigns> {
  const { db, roles, log, owner = nameProcess(), everyMs = EVERY_MS, onBeat } = options;
  const stopping = new AbortController();
  await forgetRoleSigns(db);
  await beat();
  let first = true;
  const loop = runLoop(() => (first ? rest() : beat()), {
    idleMs: everyMs,
    busyMs: everyMs,
    backoffMs: (failures) => fullJitter(failures, { baseMs: 500, capMs: everyMs }),
    onError: (error) => log.debug('role.sign_not_written', { error: String(error) }),
    signal: stopping.signal,
  });

  /** The first signs are there already. */
  function rest(): Promise<number> {
    first = false;
    return Promise.resolve(0);
  }

  async function beat(): Promise<number> {
    const states = (typeof roles === 'function' ? roles() : roles).flatMap(
      ({ name, look, settings = null }) => {
        const seen = look();
        if (!seen) return [];
        return [{ role: name, state: seen.state ?? null, problem: seen.problem ?? null, settings }];
      },
    );
    if (states.length > 0) await saveRoleSigns(db, owner, states);
    await onBeat?.();
    return 0;
  }

  return {
    owner,
    async stop() {
      stopping.abort();
      await loop.done;
      await onBeat?.().catch((error: unknown) => log.debug('role.last_beat', { error: String(error) }));
      // The database may be the reason for the stop; what is not said is seen all the same, a little later.
      await endRoleSigns(db, owner).catch((error: unknown) =>
        log.debug('role.end_not_written', { error: String(error) }),
      );
    },
  };
}

/** Three signs that did not come: with the time between two looks a missing role shows within 30 s. */
export const ALIVE_MS = 15_000;

export function isLiving({ stoppedAt, ageMs }: Pick<RoleSign, 'stoppedAt' | 'ageMs'>): boolean {
  return stoppedAt === null && ageMs < ALIVE_MS;
}

/** Unique for each process; the host and the id are for whoever looks for it. */
export function nameProcess(): string {
  return `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
}

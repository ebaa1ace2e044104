// Each process stores in PostgreSQL every few seconds which roles it runs. So every other process,
// /ready and `twinbox status` can see that a role is missing, whatever happened to its process (an
// end, a kill, a freeze, another network).
//
// A crash at any moment leaves rows that grow old; a stop is stored as a stop. These rows are only
// shown to people; no other work depends on them.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Db } from '../../db/server/connection.ts';
import {
  ALIVE_MS,
  endRoleSigns,
  forgetRoleSigns,
  saveRoleSigns,
  type Alike,
  type RoleName,
  type RoleSign,
} from '../../db/health/role-signs.ts';
import { fullJitter } from '../backoff.ts';
import { runLoop } from '../loop.ts';
import { programVersion } from './version.ts';

/** `null` instead of a sign: the process lives, and this role of it does not do its work. */
export type Role = {
  name: RoleName;
  look(): { state?: string | null; problem?: string | null } | null;
  /** Settings that must be the same in every process of this role (lib/health/alike.ts). */
  settings?: Alike;
};

export type RoleSigns = {
  /** As in the rows: `host:pid:random`. */
  owner: string;
  /** Stores that the process was asked to stop; no sign of life follows. */
  stop(): Promise<void>;
};

export type RoleSignsOptions = {
  db: Db;
  /** The roles; a function is called before each sign of life. */
  roles: readonly Role[] | (() => readonly Role[]);
  log: { debug(event: string, fields: Record<string, unknown>): void };
  owner?: string;
  /** 5 s by default. */
  everyMs?: number;
  /** Other work at the same interval, such as storing figures that are counted in memory. */
  onBeat?: () => Promise<void>;
};

const EVERY_MS = 5_000;

/** Resolves once the first signs of life are stored. */
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

  /** The first signs of life are stored already. */
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
    if (states.length > 0) await saveRoleSigns(db, owner, states, programVersion());
    await onBeat?.();
    return 0;
  }

  return {
    owner,
    async stop() {
      stopping.abort();
      await loop.done;
      await onBeat?.().catch((error: unknown) => log.debug('role.last_beat', { error: String(error) }));
      // The database may be the reason for the stop; without this row the end is seen a little
      // later.
      await endRoleSigns(db, owner).catch((error: unknown) =>
        log.debug('role.end_not_written', { error: String(error) }),
      );
    },
  };
}

export { ALIVE_MS };

export function isLiving({ stoppedAt, ageMs }: Pick<RoleSign, 'stoppedAt' | 'ageMs'>): boolean {
  return stoppedAt === null && ageMs < ALIVE_MS;
}

/** Unique for each process; host and process id help a person to find the process. */
export function nameProcess(): string {
  return `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
}

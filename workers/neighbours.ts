// Workers with other settings beside this one. If a setting forbids a worker to do something
// (WRITES, PULLS or IMPORT of a system is off), it notes the pair as waiting. That is right if the
// settings of all workers forbid it. If another worker is allowed to do it, the pair must not wait.
//
// Guarantees: while a worker lives that is allowed to do it, a pair that another worker has left
// waiting is worked on, within two looks, whichever worker received the event. A worker that is not
// allowed does not claim the pair meanwhile.
// Assumes: a worker writes its sign of life before its lanes begin. If the worker that is allowed
// crashes, the others claim the pair after its last sign of life has grown old, and note it as
// waiting again.
import { readLanePauses, type Direction } from '../db/limits/pauses.ts';
import { raiseLeft } from '../db/mappings/dirty.ts';
import { readRoleSigns, type Alike, type RoleSign } from '../db/health/role-signs.ts';
import { settingOf } from '../lib/config/systems.ts';
import { standingOf } from '../lib/health/roles.ts';
import type { SyncDeps, SyncPolicy } from '../lib/sync/step.ts';

/**
 * The reasons for which a worker leaves a pair waiting, each with the setting of the system that
 * allows another worker to work on it.
 */
const LEFT: readonly {
  reason: string;
  setting: string;
  may: (policy: SyncPolicy) => boolean;
  sinceStart: boolean;
  direction?: Direction;
}[] = [
  {
    reason: 'writes_off',
    setting: 'WRITES',
    may: ({ writes }) => writes,
    sinceStart: false,
    direction: 'outbound',
  },
  {
    reason: 'pulls_off',
    setting: 'PULLS',
    may: ({ pulls }) => pulls,
    sinceStart: false,
    direction: 'inbound',
  },
  // A record that was left before this worker started was left on purpose: a person decides
  // (`twinbox link`).
  { reason: 'not_imported', setting: 'IMPORT', may: ({ imports }) => imports, sinceStart: true },
];

export interface Neighbours {
  /** The reasons for which a waiting pair is left to other workers, according to the last look. */
  leaves(): readonly string[];
  /**
   * Reads which workers live and with which settings, and raises the pairs that workers with fewer
   * permissions have left waiting. Returns how many.
   */
  look(): Promise<number>;
}

export function createNeighbours(deps: SyncDeps, owner: string): Neighbours {
  const { db, clock, log, integration, policy } = deps;
  const isOn = (setting: string) => {
    const name = settingOf(integration.system, setting);
    return (settings: Alike): boolean => settings[name] === 'on';
  };
  let leaves: readonly string[] = [];
  /**
   * The reasons for which this worker raised pairs at the last look. It looks for them once more
   * after the last worker that leaves such pairs has ended.
   */
  let helped: readonly string[] = [];

  return {
    leaves: () => leaves,
    async look() {
      const { living } = standingOf('worker', await readRoleSigns(db));
      const own = living.find((sign) => sign.owner === owner);
      const others = living.flatMap((sign) =>
        sign.owner === owner || sign.settings === null ? [] : [sign.settings],
      );
      leaves = LEFT.filter(({ may, setting }) => !may(policy) && others.some(isOn(setting))).map(
        ({ reason }) => reason,
      );
      const helps = LEFT.filter(({ may, setting }) => may(policy) && !others.every(isOn(setting)));
      let taken = 0;
      const paused = helps.length + helped.length > 0 ? await readLanePauses(db, integration.system) : [];
      for (const { reason, sinceStart, direction } of LEFT) {
        const now = helps.some((one) => one.reason === reason);
        if (!now && !helped.includes(reason)) continue;
        // The end of the pause raises them.
        if (paused.some((pause) => pause.direction === direction)) continue;
        const since = sinceStart ? startOf(own) : null;
        taken += await raiseLeft(db, { system: integration.system, reason, since, now: clock.now() });
      }
      helped = helps.map(({ reason }) => reason);
      if (taken > 0) log.info('worker.takes_up', { mappings: taken, reasons: helped });
      return taken;
    },
  };
}

/** When this worker started; a time in the far future if it has no sign of life yet. */
function startOf(own: RoleSign | undefined): Date {
  return own?.startedAt ?? new Date(8.64e15);
}

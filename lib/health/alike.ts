// Settings that change what a worker does must be the same in every process that uses them, and so must
// the configuration of entities and mappings, which is shown as the setting `configuration`. Each
// process shows its settings beside its signs of life (lib/health/role-signs.ts), and every process
// that reads the signs of life reports the settings that differ. A difference stops nothing: while
// a new setting is being rolled out, the processes differ for a while, and another worker does what
// one worker leaves (workers/neighbours.ts).
import type { Db } from '../../db/server/connection.ts';
import { readRoleSigns, type Alike, type RoleSign } from '../../db/health/role-signs.ts';
import { isLiving } from './role-signs.ts';

export type Difference = {
  setting: string;
  /** At least two. */
  values: { value: string; processes: string[] }[];
};

type Shown = { who: string; settings: Alike };

/** Sorted by the names of the settings. */
export function findDifferences(shown: readonly Shown[]): Difference[] {
  const names = [...new Set(shown.flatMap(({ settings }) => Object.keys(settings)))].sort();
  return names.flatMap((setting) => {
    const having = shown.flatMap(({ who, settings }) => {
      const value = settings[setting];
      return value === undefined ? [] : [{ who, value }];
    });
    const groups = [...Map.groupBy(having, ({ value }) => value)];
    if (groups.length < 2) return [];
    return {
      setting,
      values: groups.map(([value, some]) => ({ value, processes: some.map(({ who }) => who) })),
    };
  });
}

/** Of the roles that are running now. A process of an older version shows no settings. */
export function differencesOf(living: readonly RoleSign[], here?: Shown): Difference[] {
  const shown = living.flatMap((sign) =>
    sign.settings === null ? [] : [{ who: nameOf(sign), settings: sign.settings }],
  );
  return findDifferences(here ? [here, ...shown] : shown);
}

/** `STRIPE_PULLS is on in worker db-2:411, and off in worker db-3:7: …` */
export function sayDifference({ setting, values }: Difference): string {
  const all = values.map(
    ({ value, processes }) => `${value === '' ? 'not set' : value} in ${processes.join(', ')}`,
  );
  return `${setting} is ${all.join(', and ')}: the setting must be the same in all of them; restart the processes with the wrong value`;
}

type Log = Record<'info' | 'warn', (event: string, fields: Record<string, unknown>) => void>;

/**
 * At a start, once the signs of this process are stored: reports that a running process has another
 * value, and that a value has changed since the last report.
 */
export async function compareAtStart(db: Db, owner: string, log: Log): Promise<void> {
  const signs = await readRoleSigns(db);
  const told = new Set<string>();
  for (const own of signs) {
    if (own.owner !== owner || own.settings === null) continue;
    const { role, settings } = own;
    const others = signs.filter((sign) => sign.owner !== owner && sign.settings !== null);
    const living = others.filter(isLiving);
    for (const sign of living)
      for (const { setting, here, there } of valuesApart(settings, sign.settings ?? {})) {
        // A process with several roles says it once.
        const other = nameOf(sign);
        if (told.has(`${setting} ${other}`)) continue;
        told.add(`${setting} ${other}`);
        log.warn('settings.differ', {
          ...{ setting, here, there, other },
          why: 'the setting must be the same in all of them: restart the process with the wrong value',
        });
      }
    const [before] = others.filter((sign) => sign.role === role).toSorted((a, b) => a.ageMs - b.ageMs);
    if (living.length > 0 || before === undefined) continue;
    for (const { setting, here, there } of valuesApart(settings, before.settings ?? {}))
      log.info('settings.changed', { setting, from: there, to: here, before: nameOf(before) });
  }
}

function valuesApart(here: Alike, there: Alike): { setting: string; here: string; there: string }[] {
  return Object.entries(here).flatMap(([setting, value]) => {
    const other = there[setting];
    return other === undefined || other === value ? [] : [{ setting, here: value, there: other }];
  });
}

function nameOf({ role, owner }: Pick<RoleSign, 'role' | 'owner'>): string {
  return `${role} ${owner.split(':').slice(0, 2).join(':')}`;
}

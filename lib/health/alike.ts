// Settings that change what is done have to be the same in every process that does it. Each process
// shows its own beside its signs of life (lib/health/role-signs.ts), and whoever reads the signs
// says where two differ. Nothing is refused for it: while a new setting is being rolled out they
// differ for a while, and what one worker leaves another takes (workers/neighbours.ts).
import type { Db } from '../../db/server/connection.ts';
import { readRoleSigns, type Alike, type RoleSign } from '../../db/health/role-signs.ts';
import { isLiving } from './role-signs.ts';

export type Difference = {
  setting: string;
  /** Two at least. */
  values: { value: string; processes: string[] }[];
};

type Shown = { who: string; settings: Alike };

/** In the order of the settings' names. */
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

/** Of the roles that live now. A process of an older program shows none. */
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
  return `${setting} is ${all.join(', and ')}: it has to be the same everywhere; restart those with the wrong value`;
}

type Log = Record<'info' | 'warn', (event: string, fields: Record<string, unknown>) => void>;

/**
 * At a start, once the own signs are there: says where a living process has another value, and what
 * has changed since the last one.
 */
export async function compareAtStart(db: Db, owner: string, log: Log): Promise<void> {
  const signs = await readRoleSigns(db);
  for (const own of signs) {
    if (own.owner !== owner || own.settings === null) continue;
    const { role, settings } = own;
    const others = signs.filter((sign) => sign.owner !== owner && sign.settings !== null);
    const living = others.filter(isLiving);
    for (const sign of living)
      for (const { setting, here, there } of valuesApart(settings, sign.settings ?? {}))
        log.warn('settings.differ', {
          ...{ setting, here, there, other: nameOf(sign) },
          why: 'it has to be the same everywhere: restart the process with the wrong value',
        });
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

// Judges the facts that the doctor collected, in text that says how to fix each problem. Nothing in
// this file sends a request; no sentence contains a secret.
import type { PartitionStatus } from '../../db/partitions/status.ts';
import type { Ground } from '../../db/server/preflight.ts';
import { HELD_DELETES } from '../../db/mappings/reason.ts';
import { sayReason, type ReasonCount } from '../../db/health/reports.ts';
import { checks, type Check } from '../finding.ts';

const { ok, warning, problem } = checks;

export function judgeDatabase(
  place: string,
  { version, bytes, readOnly }: { version: string; bytes: number; readOnly: boolean },
): Check {
  const says = `PostgreSQL ${version} at ${place}, ${sizeOf(bytes)}`;
  if (readOnly)
    return problem(
      'database',
      `${says}, accepts no writes`,
      'Set DATABASE_URL to the primary, not to a standby.',
    );
  // A version that is too old was refused before this check.
  return ok('database', says);
}

/** `found`: what is wrong with the database; in each text the fix follows the last colon. */
export function judgeGroundFacts(ground: Ground, found: string[]): Check[] {
  const { encoding, provider, locale, schema, role } = ground;
  if (found.length === 0)
    return [
      ok('ground', `${encoding}, locale ${locale} (${provider}), schema ${schema ?? '–'}, role ${role}`),
    ];
  return found.map((sentence) => {
    const at = sentence.indexOf(': ');
    return problem('ground', sentence.slice(0, at), `${upperFirst(sentence.slice(at + 2))}.`);
  });
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A signature is refused if its time is this far from ours (api/webhooks.ts). */
const TOLERANCE_MS = 300_000;
/** A system gives whole seconds, and an answer takes time on its way. */
const NOTICED_MS = 5_000;

/** `theirs` is the time of another clock at the moment at which this machine's clock had `ours`. */
export function judgeClock(whose: string, { theirs, ours }: { theirs: Date; ours: Date }): Check {
  const apart = theirs.getTime() - ours.getTime();
  const seconds = Math.round(Math.abs(apart) / 100) / 10;
  const says = `${whose} ${seconds < 1 ? 'agrees with' : `is ${seconds} s ${apart > 0 ? 'ahead of' : 'behind'}`} this machine`;
  const fix = 'Set the clocks by NTP (timedatectl set-ntp true).';
  if (Math.abs(apart) >= TOLERANCE_MS)
    return problem('clocks', `${says}: webhooks are refused, due times are wrong`, fix);
  return Math.abs(apart) >= NOTICED_MS ? warning('clocks', says, fix) : ok('clocks', says);
}

/** Rows in the default partition; a few are events whose time is far from now, and are harmless. */
const DEFAULT_GROWS = 1_000;

export function judgePartitions(tables: PartitionStatus[]): Check {
  const fix =
    'Let the workers run: they create partitions ahead (twinbox up), and their log says why if they cannot.';
  const behind = tables.filter(({ ahead }) => ahead < 2);
  const full = tables.filter(({ inDefault }) => inDefault >= DEFAULT_GROWS);
  if (full.length > 0)
    return warning('partitions', `rows gather in the default partition of ${names(full)}`, fix);
  if (behind.length > 0)
    return warning('partitions', `fewer than two partitions are ready ahead for ${names(behind)}`, fix);
  const least = Math.min(...tables.map(({ ahead }) => ahead));
  return ok('partitions', `at least ${least} partitions ready ahead in each of ${tables.length} tables`);
}

function names(tables: PartitionStatus[]): string {
  return tables.map(({ table }) => table).join(', ');
}

/** `systems`: each sends or lists its events again for `keptDays`. */
export function judgeRetention(
  days: number,
  oldest: Date | null,
  { now, systems }: { now: Date; systems: readonly { label: string; keptDays: number }[] },
): Check {
  const longer = systems.find(({ keptDays }) => days <= keptDays);
  if (longer)
    return problem(
      'retention',
      `events are kept for ${days} days, and ${longer.label} resends events for ${longer.keptDays}`,
      `Set TWINBOX_RETENTION_DAYS to ${longer.keptDays + 5} or more.`,
    );
  const age = oldest === null ? null : Math.floor((now.getTime() - oldest.getTime()) / 86_400_000);
  const says = `events are kept for ${days} days${age === null || age < 1 ? '' : `; the oldest partition is ${age} days old`}`;
  // A partition covers a period, so it is dropped a little later than its oldest row expires.
  return age !== null && age > days + 31
    ? warning(
        'retention',
        says,
        'Old partitions are not dropped: the log of the workers says what prevents it.',
      )
    : ok('retention', says);
}

/** Pairs that wait for a person; such a pair is no fault of the installation. */
export function judgeAttention(reasons: ReasonCount[]): Check {
  if (reasons.length === 0) return ok('waiting', 'nothing is parked, and nothing waits');
  const list = reasons.map((each) => `${each.count} ${each.state} (${sayReason(each)})`).join(', ');
  const asked = reasons.some(({ reason }) => reason === 'ask_link' || reason === 'not_linked');
  const parked = reasons.some(({ state }) => state === 'parked');
  const deletes = reasons.filter(({ reason }) => HELD_DELETES.some((code) => code === reason));
  const calls = [
    ...(parked ? ['npx twinbox replay'] : []),
    ...(asked ? ['npx twinbox link'] : []),
    ...new Set(deletes.map(({ system }) => `npx twinbox deletes ${system}`)),
  ];
  return warning('waiting', list, `${calls.join(' and ') || 'npx twinbox status'} shows more.`);
}

/** The items that a loop has skipped in the last day; null if there were none. */
export function judgeSkipped(skipped: { says: string } | null): Check {
  if (skipped === null) return ok('skipped', 'nothing was skipped in the last day');
  return warning(
    'skipped',
    skipped.says,
    'select * from skipped_items order by last_at desc shows all; docs/deployment.md says what each item means.',
  );
}

/** `undecided`: unmatched records at the system; null before the account was read. */
export function judgeUnmatched(label: string, undecided: number | null): Check {
  if (undecided === null) return ok('records', 'the account has not been read yet: creates wait until it is');
  if (undecided === 0)
    return ok(
      'records',
      `every record at ${label} has a customer in our table, or a person has decided about it`,
    );
  return warning(
    'records',
    `${undecided.toLocaleString('en-US')} records at ${label} have no customer in our table`,
    'npx twinbox link --dry-run shows the records; link --all, --import or --leave decides about them.',
  );
}

const SCARCE = { warning: 2 * 1024 ** 3, problem: 200 * 1024 ** 2 };

export function judgeDisk(folder: string, freeBytes: number): Check {
  const says = `${sizeOf(freeBytes)} free for ${folder}`;
  const fix = 'Free some space, or set TWINBOX_DATA_DIR to a larger disk while nothing runs.';
  if (freeBytes < SCARCE.problem) return problem('disk', says, fix);
  return freeBytes < SCARCE.warning ? warning('disk', says, fix) : ok('disk', says);
}

/**
 * Keeps the first of several findings with the same text, and adds the names of the others: one
 * cause is reported once.
 */
export function tellOnce(all: Check[]): Check[] {
  const [fine, wrong] = [
    all.filter(({ level }) => level === 'ok'),
    all.filter(({ level }) => level !== 'ok'),
  ];
  const firsts = Map.groupBy(wrong, ({ says }) => says);
  return all.flatMap((each) => {
    if (fine.includes(each)) return [each];
    const same = firsts.get(each.says) ?? [each];
    if (same[0] !== each) return [];
    const others = [...new Set(same.map(({ name }) => name))].filter((name) => name !== each.name);
    return [others.length === 0 ? each : { ...each, says: `${each.says} (also: ${others.join(', ')})` }];
  });
}

export function hasProblem(all: Check[]): boolean {
  return all.some(({ level }) => level === 'problem');
}

function sizeOf(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${Math.round((bytes / 1024 ** power) * 10) / 10} ${units[power] ?? 'bytes'}`;
}

// Judges the facts that the doctor collected, in text that says how to fix each problem. Nothing in
// this file sends a request; no sentence contains a secret.
import type { PartitionStatus } from '../../db/partitions/status.ts';
import type { Ground } from '../../db/server/preflight.ts';
import { sayReason, type ReasonCount } from '../../db/health/reports.ts';
import type { EndpointSeen, Right, StripeFacts } from '../integrations/stripe/inspect.ts';

export type Level = 'ok' | 'warning' | 'problem';

export type Check = {
  name: string;
  level: Level;
  says: string;
  /** How to fix the problem; present unless the check is ok. */
  fix?: string;
};

const ok = (name: string, says: string): Check => ({ name, level: 'ok', says });
const warning = (name: string, says: string, fix: string): Check => ({ name, level: 'warning', says, fix });
const problem = (name: string, says: string, fix: string): Check => ({ name, level: 'problem', says, fix });
export const checks = { ok, warning, problem };

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
/** Stripe gives whole seconds, and an answer takes time on its way. */
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

/** Stripe lists and resends events for this long (docs.stripe.com/api/events/list). */
const STRIPE_KEEPS_DAYS = 30;

export function judgeRetention(days: number, oldest: Date | null, now: Date): Check {
  if (days <= STRIPE_KEEPS_DAYS)
    return problem(
      'retention',
      `events are kept for ${days} days, and Stripe resends events for ${STRIPE_KEEPS_DAYS}`,
      'Set TWINBOX_RETENTION_DAYS to 35 or more.',
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

const NEEDED = new Set(['Account (read)', 'Customers (read)', 'Events (read)']);

export function judgeRights(rights: Right[]): Check[] {
  const missing = rights.filter(({ allowed }) => !allowed);
  if (missing.length === 0)
    return [ok('key rights', `may read ${rights.map(({ name }) => name.replace(' (read)', '')).join(', ')}`)];
  if (missing.length === rights.length) {
    const { code, message } = missing[0] ?? {};
    return [
      problem(
        'key rights',
        `Stripe refuses the key, or does not answer: ${code ?? ''} ${message ?? ''}`.trim(),
        hintFor(code ?? null),
      ),
    ];
  }
  return missing.map(({ name, code }) => {
    const says = `the key may not use: ${name} (${code ?? 'refused'})`;
    const fix = `Give the restricted key the permission ${name.replace(' (read)', '')}: ${name.includes('Customers') ? 'write' : 'read'}.`;
    return NEEDED.has(name) ? problem('key rights', says, fix) : warning('key rights', says, fix);
  });
}

function hintFor(code: string | null): string {
  return /key|auth|401|expired/.test(code ?? '')
    ? 'Set STRIPE_SECRET_KEY to a key from the dashboard that is not revoked.'
    : 'Check the network, the proxy and status.stripe.com, and run the doctor again.';
}

const WANTED_EVENTS = ['customer.created', 'customer.updated', 'customer.deleted'];
const PATH = '/api/v1/webhooks/stripe';

/** `simulated`: twinbox creates the endpoint itself, at the simulator. */
export function judgeEndpoints(
  { endpoints, apiVersion }: Pick<StripeFacts, 'endpoints' | 'apiVersion'>,
  { secrets, simulated, running }: { secrets: number; simulated: boolean; running: boolean },
): Check[] {
  const checksOfAll: Check[] = [];
  if (!simulated && secrets === 0)
    checksOfAll.push(
      problem(
        'webhooks',
        'no signing secret is set, so events of Stripe arrive by the sweep only, minutes later',
        `Create an endpoint for https://<your host>${PATH} and set STRIPE_WEBHOOK_SECRET to its secret (docs/webhooks.md).`,
      ),
    );
  // The check of the key's rights says why the endpoints cannot be listed.
  if (endpoints === null) return checksOfAll;
  const ours = endpoints.filter(({ url }) => URL.parse(url)?.pathname === PATH);
  if (ours.length === 0) {
    const says = `no endpoint of this account leads to ${PATH}`;
    if (simulated && !running)
      checksOfAll.push(ok('webhooks', `${says}; twinbox up creates one at the simulator`));
    else
      checksOfAll.push(
        warning(
          'webhooks',
          says,
          'Create an endpoint in the dashboard (docs/webhooks.md), unless a proxy changes the path.',
        ),
      );
  }
  return [...checksOfAll, ...ours.map((endpoint) => judgeEndpoint(endpoint, apiVersion))];
}

function judgeEndpoint({ id, url, enabled, events, apiVersion }: EndpointSeen, ourVersion: string): Check {
  const says = `${id} to ${url}, version ${apiVersion ?? 'of the account'}`;
  if (!enabled)
    return problem(
      'webhooks',
      `the endpoint ${says}, is disabled`,
      'Enable the endpoint in the dashboard; Stripe disables an endpoint that fails for days.',
    );
  const missing = events.includes('*') ? [] : WANTED_EVENTS.filter((type) => !events.includes(type));
  if (missing.length > 0)
    return problem(
      'webhooks',
      `the endpoint ${says}, does not send ${missing.join(', ')}`,
      'Add these events to the endpoint.',
    );
  return apiVersion !== null && apiVersion !== ourVersion
    ? warning(
        'webhooks',
        says,
        `Twinbox uses the API version ${ourVersion}: create an endpoint of that version when you can.`,
      )
    : ok('webhooks', says);
}

/** Pairs that wait for a person; such a pair is no fault of the installation. */
export function judgeAttention(reasons: ReasonCount[]): Check {
  if (reasons.length === 0) return ok('waiting', 'nothing is parked, and nothing waits');
  const list = reasons.map((each) => `${each.count} ${each.state} (${sayReason(each)})`).join(', ');
  const asked = reasons.some(({ reason }) => reason === 'ask_link' || reason === 'not_linked');
  const parked = reasons.some(({ state }) => state === 'parked');
  const calls = [...(parked ? ['npx twinbox replay'] : []), ...(asked ? ['npx twinbox link'] : [])];
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
export function judgeUnmatched(undecided: number | null): Check {
  if (undecided === null) return ok('records', 'the account has not been read yet: creates wait until it is');
  if (undecided === 0)
    return ok(
      'records',
      'every record at Stripe has a customer in our table, or a person has decided about it',
    );
  return warning(
    'records',
    `${undecided.toLocaleString('en-US')} records at Stripe have no customer in our table`,
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

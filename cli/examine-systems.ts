// What doctor looks at of each external system: what the credential may do, the clocks, the webhooks,
// whose account it is, whether what is known of it is still there, and how its events come in.
import { countRefusals, readLastReceived } from '../db/health/doctor.ts';
import { readWebhookSigns } from '../db/health/webhook-signs.ts';
import type { Db } from '../db/server/connection.ts';
import { readSweep } from '../db/sweep.ts';
import { systemClock } from '../lib/clock.ts';
import type { Config } from '../lib/config/config.ts';
import { checks, type Check } from '../lib/finding.ts';
import type { SystemDefinition } from '../lib/integrations/definition.ts';
import { judgeClock } from '../lib/operations/doctor.ts';
import { judgeIntake } from '../lib/operations/doctor-signs.ts';
import { checkKnown } from '../lib/operations/known-sample.ts';
import { createSyncDeps } from '../lib/process/systems.ts';
import { attempt, check } from './attempt.ts';
import type { Host } from './host.ts';
import { findHost } from './hosts.ts';
import { findRunning } from './running.ts';
import { quietLog } from './session.ts';
import { readAccount } from './sync.ts';

type About = { config: Config; systems: readonly SystemDefinition[] };

/** At the same time: a system that does not answer keeps no other one waiting. */
export async function examineSystems({ config, systems }: About, db: Db | null): Promise<Check[]> {
  const found = await Promise.all(systems.map((system) => examineSystem(system, config, db)));
  if (systems.length === 1) return found.flat();
  return systems.flatMap(({ name }, at) =>
    (found[at] ?? []).map((each) => ({ ...each, name: each.name === name ? name : `${name} ${each.name}` })),
  );
}

/**
 * Without a database what the settings say of a system can be tried all the same; the state of a
 * double of ours would be opened for nothing.
 */
export function examineSystemsAlone({ config, systems }: About): Promise<Check[]> {
  const named = systems.filter((system) => system.findAccess(config) !== null);
  return examineSystems({ config, systems: named }, null);
}

async function examineSystem(system: SystemDefinition, config: Config, db: Db | null): Promise<Check[]> {
  const fix = system.lookAt;
  const host = await attempt(system.name, fix, () => findHost(system, config, quietLog(config)));
  if ('level' in host) return [host];
  try {
    const secrets = system.webhookSecrets(config).length;
    const running = (await findRunning(config.dataDir)) !== null;
    const seen = await attempt(system.name, fix, () => host.examine({ secrets, running }));
    if ('level' in seen) return [seen];
    const whose = host.simulatorUrl === null ? system.label : 'the simulator';
    return [
      ...seen.rights,
      ...(seen.clock ? [judgeClock(whose, seen.clock)] : []),
      ...seen.webhooks,
      ...(db === null ? [] : await examineRecords(host, { config, db, secrets, ...seen })),
    ];
  } finally {
    await host.close();
  }
}

const DAY_MS = 86_400_000;

async function examineRecords(
  host: Host,
  about: { config: Config; db: Db; secrets: number; mayIdentify: boolean },
): Promise<Check[]> {
  const { config, db, secrets, mayIdentify } = about;
  const fix = host.system.lookAt;
  const parts = { db, access: host, log: quietLog(config), nudge: () => undefined };
  const { integration } = await createSyncDeps(config, parts);
  const found: Check[] = [];
  const account = (): Promise<Check> =>
    check('account', fix, async () => {
      const read = await readAccount(db, integration);
      if (read.ok) return checks.ok('account', `${read.account}, ${read.livemode ? 'live' : 'test'} mode`);
      const use = 'Use the key of the account that this database belongs to.';
      return checks.problem('account', read.message, use);
    });
  if (mayIdentify) found.push(await account());
  if (mayIdentify && found.at(-1)?.level === 'ok')
    found.push(await check('known records', fix, () => checkKnown(db, integration)));
  const now = systemClock.now();
  const { system } = integration;
  const heard = await attempt('heard', 'Look at the database.', async () =>
    judgeIntake(
      {
        system,
        last: await readLastReceived(db, system),
        signs: await readWebhookSigns(db, system),
        // Without a secret another check already says that events come in by the sweep alone.
        sweep: secrets > 0 || host.simulatorUrl !== null ? await readSweep(db, system) : null,
        refusals: await countRefusals(db, system, new Date(now.getTime() - DAY_MS)),
      },
      now,
    ),
  );
  return [...found, ...('level' in heard ? [heard] : heard)];
}

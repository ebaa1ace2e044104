// The checks of the doctor for each external system: the rights of its key, the clocks, the
// webhooks, the account, whether known records still exist, and how its events arrive.
import { readCredential } from '../db/credentials.ts';
import { countRefusals, readLastReceived } from '../db/health/doctor.ts';
import { readWebhookSigns } from '../db/health/webhook-signs.ts';
import type { Db } from '../db/server/connection.ts';
import { readSweep } from '../db/sweep.ts';
import { systemClock } from '../lib/clock.ts';
import type { Config } from '../lib/config/config.ts';
import { checks, type Check } from '../lib/finding.ts';
import { lossSays } from '../lib/health/intake.ts';
import type { SystemDefinition } from '../lib/integrations/definition.ts';
import { judgeClock } from '../lib/operations/doctor.ts';
import { judgeIntake } from '../lib/operations/doctor-signs.ts';
import { checkKnown } from '../lib/operations/known-sample.ts';
import { authorizeBy, type CredentialParts } from '../lib/credentials/integrate.ts';
import { checkCredential } from '../lib/credentials/standing.ts';
import { createSyncDeps } from '../lib/process/systems.ts';
import { attempt, check } from './attempt.ts';
import type { Host } from './host.ts';
import { findHost } from './hosts.ts';
import { findRunning } from './running.ts';
import { quietLog } from './session.ts';
import { readAccount } from './sync.ts';

/** `mayBeCopy`: no credential is renewed, since the original has it too. */
type About = { config: Config; systems: readonly SystemDefinition[]; mayBeCopy?: boolean };

/** The systems are checked at the same time, so none waits for one that does not answer. */
export async function examineSystems(
  { config, systems, mayBeCopy = false }: About,
  db: Db | null,
): Promise<Check[]> {
  const found = await Promise.all(systems.map((system) => examineSystem(system, { config, db, mayBeCopy })));
  if (systems.length === 1) return found.flat();
  return systems.flatMap(({ name }, at) =>
    (found[at] ?? []).map((each) => ({ ...each, name: each.name === name ? name : `${name} ${each.name}` })),
  );
}

/**
 * The checks of the systems that need no database. A simulator inside this process is left out: its
 * stored state would be opened for no use.
 */
export function examineSystemsAlone({ config, systems }: About): Promise<Check[]> {
  const configured = systems.filter((system) => system.findAccess(config) !== null);
  return examineSystems({ config, systems: configured }, null);
}

async function examineSystem(
  system: SystemDefinition,
  { config, db, mayBeCopy }: { config: Config; db: Db | null; mayBeCopy: boolean },
): Promise<Check[]> {
  const fix = system.lookAt;
  const host = await attempt(system.name, fix, () => findHost(system, config, quietLog(config)));
  if ('level' in host) return [host];
  try {
    const secrets = system.webhookSecrets(config).length;
    const running = (await findRunning(config.dataDir)) !== null;
    const credential = await examineCredential(host, config, db);
    if (credential.some(({ level }) => level === 'problem') || (host.auth && (db === null || mayBeCopy)))
      return credential;
    const authorize = db === null ? undefined : authorizeBy(host, credentialParts(config, db));
    const seen = await attempt(system.name, fix, () => host.examine({ secrets, running, authorize }));
    if ('level' in seen) return [...credential, seen];
    const whose = host.simulatorUrl === null ? system.label : 'the simulator';
    return [
      ...credential,
      ...seen.rights,
      ...(seen.clock ? [judgeClock(whose, seen.clock)] : []),
      ...seen.webhooks,
      ...(db === null ? [] : await examineRecords(host, { config, db, secrets, ...seen })),
    ];
  } finally {
    await host.close();
  }
}

const credentialParts = (config: Config, db: Db): CredentialParts => ({
  ...{ db, clock: systemClock, log: quietLog(config), keys: config.secretKeys },
});

/** Nothing where the credential is static; the checks of the system's rights speak of that. */
async function examineCredential({ auth, system }: Host, config: Config, db: Db | null): Promise<Check[]> {
  if (!auth) return [];
  if (db === null)
    return [
      checks.problem('credential', 'it is in the database, which cannot be read', 'Look at the database.'),
    ];
  const isRotating = auth.kind === 'rotating';
  const about = { system: system.name, isRotating, keys: config.secretKeys };
  return [
    await check('credential', 'Look at the database.', async () =>
      checkCredential(
        about,
        await readCredential(db, system.name, isRotating ? 'bound' : 'new'),
        systemClock.now(),
      ),
    ),
  ];
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
  // Without this right the account cannot be read; the check of the rights reports that.
  if (mayIdentify) found.push(await account());
  if (mayIdentify && found.at(-1)?.level === 'ok')
    found.push(await check('known records', fix, () => checkKnown(db, integration)));
  const now = systemClock.now();
  const { system } = integration;
  const intake = await attempt('heard', 'Look at the database.', async () => {
    const sweep = await readSweep(db, system);
    return judgeIntake(
      {
        system,
        last: await readLastReceived(db, system),
        signs: await readWebhookSigns(db, system),
        // Without a secret another check already says that only the sweep brings events.
        sweep: secrets > 0 || host.simulatorUrl !== null ? sweep : null,
        loss: sweep && lossSays(system, sweep),
        refusals: await countRefusals(db, system, new Date(now.getTime() - DAY_MS)),
      },
      now,
    );
  });
  return [...found, ...('level' in intake ? [intake] : intake)];
}

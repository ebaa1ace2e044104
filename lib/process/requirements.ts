// What a separate process requires, and `twinbox up` starts by itself.
import { hasApiKeys } from '../../db/api-keys.ts';
import type { Db } from '../../db/server/connection.ts';
import type { Config } from '../config/config.ts';
import { AppError } from '../errors.ts';
import type { SystemAccess } from '../integrations/definition.ts';
import { missingKey } from '../credentials/integrate.ts';
import { systems, type Registry } from '../integrations/registry.ts';
import type { Role } from './run.ts';

/**
 * Requires a database and Kafka, which a separate process cannot replace by parts of its own.
 * Throws `config_invalid` with all that is missing.
 */
export function requireShared(config: Config, role: Role): { databaseUrl: string } {
  const { url } = config.database;
  const missing = [
    ...(url === undefined ? ['DATABASE_URL: the PostgreSQL that all processes share'] : []),
    ...(config.kafka.bootstrapServers.length === 0
      ? [
          'KAFKA_BOOTSTRAP_SERVERS: without Kafka events do not reach other processes; `make kafka` starts a broker to try it with',
        ]
      : []),
  ];
  if (url === undefined || missing.length > 0) throw settingsMissing(role, missing);
  return { databaseUrl: url };
}

/**
 * The access of a process that calls the systems to each system that is kept in step. Throws
 * `config_invalid` with all settings that are missing.
 */
export function requireSystems(
  config: Config,
  role: Role,
  registry: Registry = systems,
): readonly SystemAccess[] {
  const found = registry.enabled(config).map((system) => system.findAccess(config) ?? system.missing);
  const accesses = found.filter((each) => typeof each !== 'string');
  const keys = accesses.flatMap((access) => missingKey(access, config.secretKeys) ?? []);
  const missing = [...found.filter((each) => typeof each === 'string'), ...new Set(keys)];
  if (missing.length > 0) throw settingsMissing(role, missing);
  return accesses;
}

/**
 * Throws `config_invalid` if other machines could reach an API that needs no key. It asks the database,
 * since a key may be there alone.
 */
export async function requireClosedApi({ api }: Config, db: Db): Promise<void> {
  if (api.isLoopback || api.keys.length > 0 || api.insecure || (await hasApiKeys(db))) return;
  throw new AppError('config_invalid', {
    detail:
      `API_HOST is ${api.host}, which other machines can reach, and the API has no key. Make one (npx twinbox keys create NAME --scope admin), ` +
      'or set API_KEYS, or API_HOST=127.0.0.1, or API_INSECURE=yes if a proxy in front of the API checks its clients.',
  });
}

function settingsMissing(role: Role, missing: string[]): AppError {
  const list = missing.map((line) => `  - ${line}.`).join('\n');
  return new AppError('config_invalid', {
    detail:
      `A separate ${role} process cannot start without\n${list}\n` +
      'To run everything in one process, no settings are required: npx twinbox up. More in docs/deployment.md.',
  });
}

// What a process of its own needs that `twinbox up` brings along.
import type { Config } from '../config/config.ts';
import { AppError } from '../errors.ts';
import type { SystemAccess } from '../integrations/definition.ts';
import { systems, type Registry } from '../integrations/registry.ts';
import type { Role } from './run.ts';

/**
 * The database and Kafka: nothing inside this process can take their place. Throws `config_invalid`
 * with all that is missing.
 */
export function requireShared(config: Config, role: Role): { databaseUrl: string } {
  const { url } = config.database;
  const missing = [
    ...(url === undefined ? ['DATABASE_URL: the PostgreSQL that all processes share'] : []),
    ...(config.kafka.bootstrapServers.length === 0
      ? [
          'KAFKA_BOOTSTRAP_SERVERS: the bus inside a process reaches no other process; `make kafka` starts a broker to try it with',
        ]
      : []),
  ];
  if (url === undefined || missing.length > 0) throw lacks(role, missing);
  return { databaseUrl: url };
}

/**
 * Where a process that calls the systems finds each that is kept in step. Throws `config_invalid`
 * with all that is missing.
 */
export function requireSystems(
  config: Config,
  role: Role,
  registry: Registry = systems,
): readonly SystemAccess[] {
  const found = registry.enabled(config).map((system) => system.findAccess(config) ?? system.missing);
  const missing = found.filter((each) => typeof each === 'string');
  if (missing.length > 0) throw lacks(role, missing);
  return found.filter((each) => typeof each !== 'string');
}

function lacks(role: Role, missing: string[]): AppError {
  const list = missing.map((line) => `  - ${line}.`).join('\n');
  return new AppError('config_invalid', {
    detail:
      `A process of its own cannot start as ${role} without\n${list}\n` +
      'Everything in one process needs no settings: npx twinbox up. More in docs/deployment.md.',
  });
}

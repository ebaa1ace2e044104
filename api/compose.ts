// Builds the API from the database and the settings, for the API as a separate process and for the
// process that runs every role.
import type { RequestListener } from 'node:http';
import { customerOf } from '../lib/config/entity.ts';
import type { Db } from '../db/server/connection.ts';
import type { Clock } from '../lib/clock.ts';
import type { Config } from '../lib/config/config.ts';
import { createPreviewedConflicts } from '../lib/operations/conflict-preview.ts';
import type { CustomerStore } from '../lib/customers/customers.ts';
import { intakesPart } from '../lib/health/intake.ts';
import type { WebhookTally } from '../lib/health/webhook-tally.ts';
import type { Intake } from '../lib/integrations/definition.ts';
import { createKeyOperations } from '../lib/operations/keys.ts';
import { createLaneOperations } from '../lib/operations/lanes.ts';
import { createLinkOperations } from '../lib/operations/links.ts';
import { createResolveOperations } from '../lib/operations/resolutions.ts';
import { createChoiceOperations } from '../lib/operations/record-choice.ts';
import { databasePart, partitionsPart, relayPart, syncPart } from '../lib/health/readiness.ts';
import { refusedPart } from '../lib/health/refused.ts';
import { rolesPart } from '../lib/health/roles.ts';
import { laneSettings } from '../lib/process/metrics.ts';
import { sequencesPart } from '../lib/process/sequences.ts';
import type { Metrics } from '../lib/metrics/metrics.ts';
import type { Readiness } from '../lib/health/readiness-report.ts';
import type { ApiKeys } from '../lib/keys/api-keys.ts';
import { readHashSecrets } from '../lib/keys/hash-secrets.ts';
import type { SyncDeps } from '../lib/sync/step.ts';
import { noTracing, type Tracing } from '../lib/tracing/tracing.ts';
import { createApi } from './app.ts';
import type { ConsoleDoor } from './console-door.ts';
import type { ApiLog } from './requests.ts';

/** One external system as the API uses it. */
export type ApiSystem = {
  /** Its events are received; without `ingress` it has no webhook route. */
  intake: Intake;
  /** The secrets that sign the webhooks of the system; without any, only the sweep finds events. */
  secrets: string[];
  /** Counts deliveries of webhooks; the caller that created it stores the counts. */
  tally: WebhookTally;
};

export type ApiParts = {
  config: Config;
  db: Db;
  clock: Clock;
  log: ApiLog;
  tracing?: Tracing;
  store: CustomerStore;
  /** The caller that created it stores the last uses (`flush`). */
  keys: ApiKeys;
  /** The systems that are kept in step. */
  systems: readonly ApiSystem[];
  nudge: () => void;
  /** What is asked what a step would do; no system is called. */
  planners: readonly SyncDeps[];
  /** The lease owner of this process: its own signs of life cause no warning in its own /ready. */
  owner: string | null;
  /** Null: there is no console. */
  door: ConsoleDoor | null;
  metrics?: Pick<Metrics, 'measures' | 'scrape'>;
  /** What /ready shows of the other roles in this process. */
  readiness?: Readiness;
};

/** Sessions are sealed with what keys are hashed with: every process has it, and it lasts. */
function consoleOptions({ api, env }: Config, db: Db, { origin, port, takeLink }: ConsoleDoor) {
  const secrets = async () => (await readHashSecrets(db, api.keySecrets)).map(({ key }) => key);
  return { origin: () => origin, port, takeLink, secrets, environment: env, anyHost: api.insecure };
}

export function composeApi(parts: ApiParts): RequestListener {
  const { config, db, clock, log, store, keys, systems, nudge, planners, owner, door } = parts;
  const { readiness = {}, metrics: { measures, scrape } = {} } = parts;
  const { retentionDays } = config;
  const entity = customerOf(config);
  const names = systems.map(({ intake }) => intake.system);
  const documents = systems.map(({ intake }) => intake.document);
  const bySystem = new Map(planners.map((deps) => [deps.integration.system, deps]));
  return createApi({
    ...{ measures, scrape, store, nudge, db },
    entity,
    clock,
    ...{ log, tracing: parts.tracing ?? noTracing },
    config: {
      retentionDays,
      topics: { prefix: config.kafka.topicPrefix, customerEvents: config.kafka.customerEvents },
    },
    keys,
    ...(door && { console: consoleOptions(config, db, door) }),
    keyOperations: createKeyOperations({ db, clock, keySecrets: config.api.keySecrets }),
    webhooks: systems.flatMap(({ intake: { system, document, ingress }, secrets, tally }) => {
      const inbox = { db, clock, integration: { system, document }, retentionDays, nudge };
      return ingress ? [{ system, ingress, secrets, inbox, tally, measures }] : [];
    }),
    conflicts: createPreviewedConflicts({ db, clock, entity, nudge, documents }, bySystem),
    planners: bySystem,
    links: createLinkOperations({ db, clock }),
    lanes: createLaneOperations({ db, clock, entity }),
    laneSettings: laneSettings(config, names),
    resolutions: createResolveOperations({ db, clock, entity, log }),
    choices: new Map(
      systems.map(({ intake: { system, document } }) => {
        const target = { system, externalType: document.externalType };
        return [system, createChoiceOperations({ db, clock, nudge, entity, target })];
      }),
    ),
    readiness: {
      database: databasePart(db),
      roles: rolesPart(db, clock, { owner, systems: names }),
      relay: relayPart(db, clock),
      refused: refusedPart(db, clock),
      sequences: sequencesPart(db),
      partitions: partitionsPart(db, clock),
      sync: syncPart(db, names),
      intake: intakesPart(
        db,
        clock,
        systems.map(({ intake: { system, ingress }, secrets }) => ({
          system,
          secrets: ingress?.verify === null ? null : secrets,
        })),
      ),
      ...readiness,
    },
  });
}

// The source of a command that works on the database itself.
import { listAudit, readAuditHead, type AuditEntry } from '../db/audit.ts';
import { listConflicts, readConflict } from '../db/conflicts.ts';
import { listEvents } from '../db/events/list.ts';
import { listJobs, readFailures, readJob } from '../db/replays/jobs.ts';
import { systemClock } from '../lib/clock.ts';
import { customerOf } from '../lib/config/entity.ts';
import { decodePosition, encodePosition, type Position } from '../lib/customers/change-position.ts';
import { presentPosition, readChanges } from '../lib/customers/changes.ts';
import { createLiveChanges } from '../lib/customers/live-changes.ts';
import { readRoles } from '../lib/health/roles.ts';
import type { Registry } from '../lib/integrations/registry.ts';
import { readAuditWords } from '../lib/operations/audit-query.ts';
import { changeJson } from '../lib/operations/change-json.ts';
import { readGroup, readGroups } from '../lib/operations/error-groups.ts';
import { readEventWords } from '../lib/operations/event-query.ts';
import { createKeyOperations } from '../lib/operations/keys.ts';
import { readLanes } from '../lib/operations/lane-list.ts';
import { decodeCursor, encodeCursor } from '../lib/operations/list-cursor.ts';
import { placeOf, readStory } from '../lib/operations/story.ts';
import { readTrafficOf } from '../lib/operations/traffic.ts';
import { readTimeline } from '../lib/operations/timeline.ts';
import { CliError, exit } from './exit.ts';
import { createLocalActs } from './local-acts.ts';
import type { Session } from './session.ts';
import {
  expiredPosition,
  FAILURES,
  wrongPosition,
  type AuditAsked,
  type Listed,
  type OperatorsPart,
  type Source,
} from './source.ts';
import { chosenSystems } from './systems.ts';

/** As many pairs as the API shows of a group. */
const MEMBERS = 100;

export function createLocalSource(session: Session, systems: Registry): Source {
  const {
    config,
    log,
    database: { db },
  } = session;
  const entity = customerOf(config);
  const inStep = systems.enabled(config).map(({ name }) => name);
  return {
    ...createLocalActs(session, systems),
    ...operatorsPart(session, systems),
    entity,
    async events({ words, after, limit }) {
      const of = { list: 'events', filter: words };
      const read = readEventWords(words, { systems: systems.names, now: systemClock.now() });
      // The command has checked its words before.
      if ('violations' in read) throw new CliError(exit.usage, JSON.stringify(read.violations));
      const place = after === undefined ? undefined : Number(decodeCursor(of, after, ['number'])?.[0]);
      const found = await listEvents(db, { ...read.query, after: place, limit: limit + 1 });
      return pageOf(found, limit, ({ id }) => encodeCursor(of, [id]));
    },
    event: (id) => readTimeline(db, id),
    groups: (filter) => readGroups(db, entity, filter),
    group: (fingerprint) => readGroup(db, entity, fingerprint, MEMBERS),
    story(of, { order, limit, after }) {
      const place = after === undefined ? null : placeOf(of, order, after);
      const { retentionDays } = config;
      const page = { order, limit, after: place, systems: inStep, now: systemClock.now(), retentionDays };
      return readStory(db, of, page);
    },
    async conflicts(filter) {
      const found = await listConflicts(db, { ...filter, limit: filter.limit + 1 });
      return pageOf(found, filter.limit, ({ id }) => id);
    },
    conflict: (id) => readConflict(db, id),
    async keys() {
      const { keys: fixed, keySecrets } = config.api;
      const keys = await createKeyOperations({ db, clock: systemClock, keySecrets }).list();
      return { keys, fixed: fixed.length };
    },
    async customerChanges({ after, limit }) {
      if (after === 'now')
        return { changes: [], position: encodePosition(await presentPosition(db)), more: false };
      const found = await readChanges(db, toPosition(after), limit, { entity: entity.name });
      if (found.outcome === 'expired') throw expiredPosition();
      const { changes, position, more } = found;
      return { changes: changes.map(changeJson), position: encodePosition(position), more };
    },
    async follow(after, take, signal) {
      const { outcome } = await createLiveChanges({ db, log }).follow(toPosition(after), take, signal);
      return outcome === 'expired' ? 'position_expired' : 'aborted';
    },
  };
}

/** What an operator looks at. */
function operatorsPart(session: Session, systems: Registry): OperatorsPart {
  const {
    config,
    database: { db },
  } = session;
  return {
    lanes(named) {
      const settings = chosenSystems(systems, config, named).map((system) => {
        const { writes, pulls } = system.settings(config);
        return { system: system.name, writes, pulls };
      });
      return readLanes(db, settings, systemClock.now());
    },
    traffic(named) {
      const names = chosenSystems(systems, config, named).map(({ name }) => name);
      return readTrafficOf(db, names, systemClock.now());
    },
    audit: (asked) => listEntries(session, asked),
    async auditHead() {
      const head = await readAuditHead(db);
      if (head) return head;
      throw new CliError(exit.failed, 'The row of audit_head, which names the newest entry, is missing.');
    },
    async hasWorker() {
      return (await readRoles(db)).some(({ role, living }) => role === 'worker' && living.length > 0);
    },
    replays: (asked) => listJobs(db, asked),
    async replay(id) {
      const job = await readJob(db, id);
      return job && { job, failures: await readFailures(db, id, FAILURES) };
    },
  };
}

async function listEntries(
  { config, database: { db } }: Session,
  { words, after, limit }: AuditAsked,
): Promise<Listed<AuditEntry>> {
  const of = { list: 'audit', filter: words };
  const read = readAuditWords(words, { entity: customerOf(config).name, now: systemClock.now() });
  if ('violations' in read)
    throw new CliError(
      exit.usage,
      read.violations.map(({ pointer, detail }) => `--${pointer.slice(1)} ${detail}`).join('; '),
    );
  const place = after === undefined ? undefined : Number(decodeCursor(of, after, ['number'])?.[0]);
  const found = await listAudit(db, { ...read.query, after: place, limit: limit + 1 });
  return pageOf(found, limit, ({ id }) => encodeCursor(of, [id]));
}

function pageOf<T>(found: readonly T[], limit: number, cursor: (last: T) => string): Listed<T> {
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return { found: page, next: found.length > limit && last !== undefined ? cursor(last) : null };
}

function toPosition(after: string | undefined): Position | null {
  if (after === undefined) return null;
  const position = decodePosition(after);
  if (position) return position;
  throw wrongPosition();
}

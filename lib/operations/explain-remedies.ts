// What a person can do about a pair in its present state: exact commands that will not be refused.
import type { Entity } from '../catalogue/entity.ts';
import { findRecordMapping } from '../../db/mappings/aliases.ts';
import type { LoadedStep } from '../../db/mappings/load.ts';
import type { Mapping } from '../../db/mappings/mappings.ts';
import type { MappedRow } from '../../db/entities/rows.ts';
import type { DeleteDirection } from '../../db/connections.ts';
import type { Db } from '../../db/server/connection.ts';
import { isLetGo } from '../../db/mappings/consent.ts';
import { isInactive } from '../../db/mappings/state.ts';
import { recordsAlike } from '../sync/pair-state.ts';
import { labelOf } from '../integrations/registry.ts';
import type { Obstacle, ObstacleKind } from './explain-obstacles.ts';
import { whyNot, type Resolution } from './resolutions.ts';

export type Remedy = { command: string; does: string };

type About = {
  db: Db;
  entity: Entity;
  step: LoadedStep;
  /** Null if no row belongs to the pair. */
  customer: MappedRow | null;
  /** The customer's primary pair; null if the customer has none. */
  primary: Mapping | null;
  obstacles: Obstacle[];
};

export async function remediesOf(about: About): Promise<Remedy[]> {
  const { mapping } = about.step;
  return [
    ...(await ofState(about)),
    ...(mapping.decision === null ? replays(about.step) : []),
    ...about.obstacles.flatMap(({ kind }) => byObstacle(kind, mapping.system, mapping.internalId)),
  ];
}

/** A decision that is already stored will be carried out by a worker: no remedy is needed. */
async function ofState(about: About): Promise<Remedy[]> {
  const { mapping } = about.step;
  if (mapping.decision !== null) return [];
  if (mapping.state === 'alias') return ofAlias(about);
  // The cure is the value or the transform, as the reason says; another record would get the same value.
  if (mapping.state === 'parked')
    return mapping.reason?.code === 'transform_failed' ? [] : resolutions(about);
  if (isLetGo(mapping)) return resolutions(about);
  return mapping.state === 'waiting' ? ofWaiting(about) : [];
}

async function ofWaiting(about: About): Promise<Remedy[]> {
  const { mapping } = about.step;
  const { reason } = mapping;
  switch (reason?.code) {
    case 'fuse':
    case 'ask_delete':
      return heldDelete(mapping, reason.detail.direction);
    case 'not_linked':
      return notLinked(about);
    case 'restored':
      return [...restoredAlone(mapping), ...resolutions(about)];
    case 'alias_lives':
      return [...aliasLives(mapping, reason.detail.aliases), ...resolutions(about)];
    case 'record_merged':
      return [...mergedAway(mapping), ...resolutions(about)];
    case 'ask_link':
      return mapping.consent === null
        ? [
            {
              command: `npx twinbox link ${mapping.id}`,
              does: 'consents: the record and the customer are linked',
            },
            ...resolutions(about),
          ]
        : [];
    // These reasons end by themselves, once the setting, the account or the row allows it.
    case 'not_wanted':
    case 'writes_off':
    case 'pulls_off':
    case 'account_unread':
    case 'chosen':
      return [];
    default:
      return resolutions(about);
  }
}

function heldDelete({ system, internalId }: Mapping, direction: DeleteDirection): Remedy[] {
  if (internalId === null) return [];
  const command = `npx twinbox deletes ${system} --customer ${internalId}`;
  return [
    {
      command: `${command} --release`,
      does: direction === 'in' ? 'our row is deleted too' : `the record at ${labelOf(system)} is deleted too`,
    },
    { command: `${command} --take-back`, does: 'the delete does not happen: both sides keep the customer' },
    { command: `${command} --detach`, does: 'the pair ends; each side keeps what it has' },
  ];
}

async function notLinked(about: About): Promise<Remedy[]> {
  const { mapping } = about.step;
  const { internalId, system } = mapping;
  if (internalId === null || isDeleted(about.customer)) return resolutions(about);
  if (mapping.consent !== null || mapping.intent !== null) return [];
  const found: Remedy[] = [];
  const records = recordsAlike(mapping);
  for (const externalId of records ?? []) {
    if (await isAnothers(about, externalId)) continue;
    found.push({
      command: `npx twinbox link ${internalId} --record ${externalId}`,
      does: 'this record becomes the record of the customer',
    });
  }
  // The customer waits for the first link.
  if (records === null) {
    found.push({
      command: 'npx twinbox link --dry-run',
      does: 'shows which record each customer would be linked with',
    });
    found.push({ command: 'npx twinbox link --all', does: 'links all of them, after a question' });
  }
  found.push({
    command: `npx twinbox link ${internalId} --create`,
    does: `a new record is created at ${labelOf(system)}`,
  });
  return found;
}

/** Whether the record cannot be chosen: it belongs to another customer, or was deleted. */
async function isAnothers({ db, step: { mapping } }: About, externalId: string): Promise<boolean> {
  const { system, account, entityType, externalType } = mapping;
  const other = await findRecordMapping(db, { system, account, entityType, externalType, externalId });
  if (other === null) return false;
  return other.internalId !== null || other.intent !== null || other.state === 'tombstoned';
}

function restoredAlone({ system }: Mapping): Remedy[] {
  const command = `npx twinbox link --system ${system}`;
  return [
    {
      command: `${command} --import`,
      does: 'every record without a customer becomes a new customer, this one too',
    },
    { command: `${command} --leave`, does: 'every record without a customer stays as it is' },
  ];
}

function aliasLives({ internalId }: Mapping, aliases: string[]): Remedy[] {
  if (internalId === null) return [];
  return [
    ...aliases.map((externalId) => ({
      command: `npx twinbox link ${internalId} --record ${externalId}`,
      does: 'the customer stays, with this record',
    })),
    {
      command: `npx twinbox link ${internalId} --accept-deletion`,
      does: 'our row is deleted, as the record was',
    },
  ];
}

function mergedAway({ internalId }: Mapping): Remedy[] {
  if (internalId === null) return [];
  return [
    {
      command: `npx twinbox link ${internalId} --accept-deletion`,
      does: 'our row is deleted, as its record is a part of the other one',
    },
  ];
}

/** An alias may take the place of the primary, unless a request about the primary is open. */
function ofAlias({ step: { mapping }, customer, primary }: About): Remedy[] {
  const { internalId, externalId, mergedInto } = mapping;
  if (internalId === null || externalId === null || isDeleted(customer) || mergedInto !== null) return [];
  if (
    primary === null ||
    primary.intent !== null ||
    mapping.intent !== null ||
    primary.account !== mapping.account
  )
    return [];
  return [
    {
      command: `npx twinbox link ${internalId} --record ${externalId}`,
      does: `this record becomes the record of the customer, in place of ${primary.externalId ?? 'none'}`,
    },
  ];
}

const ACTIONS: Resolution['action'][] = ['recreate', 'record', 'let_go'];

/** The decisions of `twinbox resolve` that would not be refused. */
function resolutions({ entity, step: { mapping }, customer }: About): Remedy[] {
  if (mapping.role !== 'primary') return [];
  const who = mapping.internalId === null ? `--mapping ${mapping.id}` : String(mapping.internalId);
  return ACTIONS.filter((action) => whyNot(entity, mapping, customer, action) === null).map((action) =>
    resolution(action, who, mapping, isDeleted(customer)),
  );
}

function resolution(
  action: Resolution['action'],
  who: string,
  { reason, externalId, pushedVersion, system }: Mapping,
  deleted: boolean,
): Remedy {
  const command = `npx twinbox resolve ${who}`;
  const name = labelOf(system);
  if (action === 'let_go')
    return { command: `${command} --let-go`, does: 'the pair is detached; each side keeps what it has' };
  if (action === 'record') {
    const id =
      reason?.code === 'damaged' && externalId !== null && externalId.trim() !== '' ? externalId : 'ID';
    return {
      command: `${command} --record ${id}`,
      does: `the record with this id at ${name} becomes the record of the customer`,
    };
  }
  if (deleted)
    return { command: `${command} --recreate`, does: `the delete ends, if ${name} does not have the record` };
  const isNew = externalId === null && pushedVersion === 0;
  const does = isNew
    ? `a record is created at ${name}`
    : `a new record is created, if ${name} does not have this one`;
  return { command: `${command} --recreate`, does };
}

/** A pair that its deliveries parked is tried again by `replay`, which shows its plan first. */
function replays({ mapping, deliveries }: LoadedStep): Remedy[] {
  const parked = deliveries.filter(({ status }) => status === 'parked');
  if (mapping.state !== 'parked' || isInactive(mapping) || parked.length === 0) return [];
  const which =
    mapping.internalId === null
      ? parked.map(({ eventId }) => eventId).join(' ')
      : `--customer ${mapping.internalId}`;
  return [
    {
      command: `npx twinbox replay ${which}`,
      does: 'tries the pair again, after showing what would be done',
    },
  ];
}

function byObstacle(kind: ObstacleKind, system: string, row: number | null): Remedy[] {
  switch (kind) {
    case 'rests':
      return [
        {
          command: `npx twinbox resume ${system}`,
          does: `calls ${labelOf(system)} before that time, if its quota is larger by now`,
        },
      ];
    case 'paused':
      return [
        {
          command: `npx twinbox resume ${system}`,
          does: `sends to ${labelOf(system)} again, for all customers`,
        },
      ];
    case 'outbound_paused':
    case 'inbound_paused': {
      const direction = kind === 'outbound_paused' ? 'outbound' : 'inbound';
      return [
        {
          command: `npx twinbox resume ${system} --direction ${direction}`,
          does: `ends the pause of this direction, for all customers`,
        },
      ];
    }
    case 'row_paused':
      return [
        {
          command: `npx twinbox resume ${system} --customer ${row ?? 'CUSTOMER'}`,
          does: 'goes on with this customer',
        },
      ];
    case 'breaker':
    case 'account_unknown':
      return [
        {
          command: 'npx twinbox doctor',
          does: `says what is wrong between this machine and ${labelOf(system)}`,
        },
      ];
    case 'no_worker':
      return [{ command: 'npx twinbox up', does: 'starts all processes, a worker included' }];
    case 'not_noticed':
      return [{ command: 'npx twinbox verify --repair', does: 'reads and merges every pair that differs' }];
    default:
      return [];
  }
}

function isDeleted(customer: MappedRow | null): boolean {
  return customer === null || customer.deletedAt !== null;
}

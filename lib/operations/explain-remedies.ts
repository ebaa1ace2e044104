// What a person can do about a pair in its present state: exact commands that will not be refused.
import { findRecordMapping } from '../../db/mappings/aliases.ts';
import type { LoadedStep } from '../../db/mappings/load.ts';
import type { Mapping } from '../../db/mappings/mappings.ts';
import type { Customer } from '../../db/customers.ts';
import type { Db } from '../../db/server/connection.ts';
import { keptConsent } from '../sync/consent.ts';
import { ALIAS_LIVES } from '../sync/delete-conflicts.ts';
import { isInactive } from '../../db/mappings/state.ts';
import { IDENTITY_EXISTS, NOT_LINKED } from '../sync/pair-state.ts';
import { idsIn, nameOf } from './explain-reasons.ts';
import type { Obstacle, ObstacleKind } from './explain-obstacles.ts';
import { whyNot, type Resolution } from './resolutions.ts';

export type Remedy = { command: string; does: string };

type About = {
  db: Db;
  step: LoadedStep;
  /** Null if no row belongs to the pair. */
  customer: Customer | null;
  /** The customer's primary pair; null if the customer has none. */
  primary: Mapping | null;
  obstacles: Obstacle[];
};

export async function remediesOf(about: About): Promise<Remedy[]> {
  const { mapping } = about.step;
  return [
    ...(await ofState(about)),
    ...(mapping.decision === null ? replays(about.step) : []),
    ...about.obstacles.flatMap(({ kind }) => byObstacle(kind, mapping.system)),
  ];
}

/** A decision that is already stored will be carried out by a worker: no remedy is needed. */
async function ofState(about: About): Promise<Remedy[]> {
  const { mapping } = about.step;
  if (mapping.decision !== null) return [];
  if (mapping.state === 'alias') return ofAlias(about);
  if (mapping.state === 'parked') return resolutions(about);
  if (mapping.state === 'detached' && mapping.reasonDetail?.['let_go'] === true) return resolutions(about);
  return mapping.state === 'waiting' ? ofWaiting(about) : [];
}

async function ofWaiting(about: About): Promise<Remedy[]> {
  const { mapping } = about.step;
  switch (mapping.reason) {
    case 'fuse':
      return heldDelete(mapping);
    case NOT_LINKED:
      return notLinked(about);
    case ALIAS_LIVES:
      return [...aliasLives(mapping), ...resolutions(about)];
    case 'ask_link':
      return keptConsent(mapping) === null
        ? [
            {
              command: `npx twinbox link ${mapping.id}`,
              does: 'consents: the record and the customer are linked',
            },
            ...resolutions(about),
          ]
        : [];
    // These reasons end by themselves, once the setting or the account allows it.
    case 'writes_off':
    case 'pulls_off':
    case 'account_unread':
    case 'chosen':
      return [];
    default:
      return resolutions(about);
  }
}

function heldDelete({ system, internalId, reasonDetail }: Mapping): Remedy[] {
  if (internalId === null) return [];
  const command = `npx twinbox deletes ${system} --customer ${internalId}`;
  const isIn = reasonDetail?.['direction'] === 'in';
  return [
    {
      command: `${command} --release`,
      does: isIn ? 'our row is deleted too' : `the record at ${nameOf(system)} is deleted too`,
    },
    { command: `${command} --take-back`, does: 'the delete does not happen: both sides keep the customer' },
    { command: `${command} --detach`, does: 'the pair ends; each side keeps what it has' },
  ];
}

async function notLinked(about: About): Promise<Remedy[]> {
  const { mapping } = about.step;
  const { internalId, reasonDetail, system } = mapping;
  if (internalId === null || isDeleted(about.customer)) return resolutions(about);
  if (keptConsent(mapping) !== null || mapping.intent !== null) return [];
  const found: Remedy[] = [];
  for (const externalId of idsIn(reasonDetail?.['records'])) {
    if (await isAnothers(about, externalId)) continue;
    found.push({
      command: `npx twinbox link ${internalId} --record ${externalId}`,
      does: 'this record becomes the record of the customer',
    });
  }
  const isFirst = reasonDetail?.['because'] !== IDENTITY_EXISTS;
  if (isFirst) {
    found.push({
      command: 'npx twinbox link --dry-run',
      does: 'shows which record each customer would be linked with',
    });
    found.push({ command: 'npx twinbox link --all', does: 'links all of them, after a question' });
  }
  found.push({
    command: `npx twinbox link ${internalId} --create`,
    does: `a new record is created at ${nameOf(system)}`,
  });
  return found;
}

/** Whether the record cannot be chosen: it belongs to another customer, or was deleted. */
async function isAnothers({ db, step: { mapping } }: About, externalId: string): Promise<boolean> {
  const { system, account, externalType } = mapping;
  const other = await findRecordMapping(db, { system, account, externalType, externalId });
  if (other === null) return false;
  return other.internalId !== null || other.intent !== null || other.state === 'tombstoned';
}

function aliasLives({ internalId, reasonDetail }: Mapping): Remedy[] {
  if (internalId === null) return [];
  return [
    ...idsIn(reasonDetail?.['aliases']).map((externalId) => ({
      command: `npx twinbox link ${internalId} --record ${externalId}`,
      does: 'the customer stays, with this record',
    })),
    {
      command: `npx twinbox link ${internalId} --accept-deletion`,
      does: 'our row is deleted, as the record was',
    },
  ];
}

/** An alias may take the place of the primary, unless a request about the primary is open. */
function ofAlias({ step: { mapping }, customer, primary }: About): Remedy[] {
  const { internalId, externalId } = mapping;
  if (internalId === null || externalId === null || isDeleted(customer)) return [];
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
function resolutions({ step: { mapping }, customer }: About): Remedy[] {
  if (mapping.role !== 'primary') return [];
  const who = mapping.internalId === null ? `--mapping ${mapping.id}` : String(mapping.internalId);
  return ACTIONS.filter((action) => whyNot(mapping, customer, action) === null).map((action) =>
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
  const name = nameOf(system);
  if (action === 'let_go')
    return { command: `${command} --let-go`, does: 'the pair is detached; each side keeps what it has' };
  if (action === 'record') {
    const id = reason === 'damaged' && externalId !== null && externalId.trim() !== '' ? externalId : 'ID';
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

function byObstacle(kind: ObstacleKind, system: string): Remedy[] {
  switch (kind) {
    case 'paused':
      return [
        {
          command: `npx twinbox resume ${system}`,
          does: `sends to ${nameOf(system)} again, for all customers`,
        },
      ];
    case 'breaker':
    case 'account_unknown':
      return [
        {
          command: 'npx twinbox doctor',
          does: `says what is wrong between this machine and ${nameOf(system)}`,
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

function isDeleted(customer: Customer | null): boolean {
  return customer === null || customer.deletedAt !== null;
}

// Pairs as the comparison sees them.
import { isClosedSql } from './closed-pairs.ts';
import { isLetGoSql } from './consent.ts';
import type { Db } from '../server/connection.ts';
import type { MappingState, StoredPair } from './mappings.ts';
import type { LoadedRow } from './load.ts';

export type ComparedPair = {
  mappingId: number;
  internalId: number | null;
  account: string | null;
  externalId: string | null;
  state: MappingState;
  reason: string | null;
  shadow: Record<string, StoredPair>;
  dirty: number;
  clean: number;
  /** The newest version that has been received for this system. */
  wantedVersion: number;
  /** Of a row that has another record as its own. */
  isAlias: boolean;
  /** Parked or waiting, and a person has said that nothing is to be done about it. */
  isClosed: boolean;
  /** The pair has ended: a person let it go, the row has had another pair since, or it is the original's. */
  ended: 'let_go' | 'replaced' | 'copied' | null;
  /** An intent is open. */
  intent: boolean;
  row: LoadedRow | null;
};

const pairColumns = `
  m.id as "mappingId", m.internal_id as "internalId", m.account, m.external_id as "externalId", m.state, m.reason,
  case when jsonb_typeof(m.shadow) = 'object' then m.shadow else '{}' end as shadow, -- damaged, it is parked by that name, and here the same as none
  m.dirty, m.clean, m.wanted_version as "wantedVersion",
  m.intent is not null as intent, m.role = 'alias' as "isAlias",
  m.state in ('parked', 'waiting') and ${isClosedSql('m')} as "isClosed",
  case when m.state <> 'detached' then null
       when ${isLetGoSql('m')} then 'let_go'
       when m.ending ->> 'kind' = 'replaced' then 'replaced'
       when m.reason = 'copied' then 'copied' end as ended,
  (select jsonb_build_object('id', c.id, 'fields', c.fields, 'version', c.version,
                             'createdEventId', c.created_event_id, 'deletedAt', c.deleted_at)
   from entity_rows() c where c.entity_type = m.entity_type and c.id = m.internal_id) as row`;

/** A page of one system's mappings in order of id, behind `after`; or the one with an external id. */
export async function readPairs(
  db: Db,
  system: string,
  after: number,
  limit: number,
  externalId: string | null = null,
): Promise<ComparedPair[]> {
  const { rows } = await db.raw<{ rows: ComparedPair[] }>(
    `select ${pairColumns} from external_mappings m
     where m.system = :system and m.id > :after and (:externalId::text is null or m.external_id = :externalId::text)
     order by m.id limit :limit`,
    { system, after, limit, externalId },
  );
  return rows;
}

export type PairName = Pick<ComparedPair, 'mappingId' | 'internalId' | 'externalId'>;

const nameColumns = 'id as "mappingId", internal_id as "internalId", external_id as "externalId"';

/** What says least of the same page: for one of which a pair cannot be read. */
export async function readPairNames(
  db: Db,
  system: string,
  after: number,
  limit: number,
): Promise<PairName[]> {
  const { rows } = await db.raw<{ rows: PairName[] }>(
    `select ${nameColumns} from external_mappings
     where system = :system and id > :after order by id limit :limit`,
    { system, after, limit },
  );
  return rows;
}

/** The pairs of one row, with their ids alone. */
export async function readPairNamesOfRow(
  db: Db,
  row: { system: string; entityType: string; rowId: number },
): Promise<PairName[]> {
  const { rows } = await db.raw<{ rows: PairName[] }>(
    `select ${nameColumns} from external_mappings
     where system = :system and entity_type = :entityType and internal_id = :rowId order by id`,
    row,
  );
  return rows;
}

export async function readPairsOf(db: Db, mappingIds: number[]): Promise<ComparedPair[]> {
  const { rows } = await db.raw<{ rows: ComparedPair[] }>(
    `select ${pairColumns} from external_mappings m where m.id = any(:mappingIds::bigint[]) order by m.id`,
    { mappingIds },
  );
  return rows;
}

export async function rereadPair(db: Db, mappingId: number): Promise<ComparedPair | null> {
  const { rows } = await db.raw<{ rows: ComparedPair[] }>(
    `select ${pairColumns} from external_mappings m where m.id = :mappingId`,
    { mappingId },
  );
  return rows[0] ?? null;
}

/**
 * Living customers that no mapping of the system stands for yet: their event has not been received.
 * `only`: whether this row is one of them.
 */
export async function findUnmapped(
  db: Db,
  system: string,
  only: { entityType: string; rowId: number } | null = null,
): Promise<number[]> {
  const { entityType = null, rowId = null } = only ?? {};
  const { rows } = await db.raw<{ rows: { id: number }[] }>(
    `select c.id from entity_rows() c
     where c.deleted_at is null and (:rowId::bigint is null or c.entity_type = :entityType and c.id = :rowId) and not exists (
       select from external_mappings m where m.entity_type = c.entity_type and m.internal_id = c.id and m.system = :system
         and (m.state <> 'detached' or ${isLetGoSql('m')}))
     order by c.id limit 1000`,
    { system, entityType, rowId },
  );
  return rows.map(({ id }) => id);
}

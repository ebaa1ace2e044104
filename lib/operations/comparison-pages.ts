// The pages of pairs that a comparison reads. A pair that cannot be read is reported by its name,
// and does not keep the others from being compared.
import {
  readPairNames,
  readPairNamesOfRow,
  readPairs,
  readPairsOf,
  rereadPair,
  type ComparedPair,
  type PairName,
} from '../../db/mappings/comparison.ts';
import type { LoadedRow } from '../../db/mappings/load.ts';
import { isOfOneRow } from '../../db/server/errors.ts';
import { noteSkipped, workInHalves } from '../skipped.ts';
import { rowsNamedAtSystem } from '../sync/references.ts';
import type { SyncDeps } from '../sync/step.ts';

export interface PairsPage {
  pairs: ComparedPair[];
  unreadable: PairName[];
  /**
   * The id of the last mapping of this page, after which the next page begins; null on the last
   * page.
   */
  next: number | null;
}

const PAGE = 1_000;
const NOT_COMPARED = 'the pair is not compared';

export async function readPairsPage(deps: SyncDeps, after: number): Promise<PairsPage> {
  const { db, integration } = deps;
  const { system } = integration;
  try {
    const pairs = await readPairs(db, system, after, PAGE);
    return { pairs: await named(deps, pairs), unreadable: [], next: nextOf(pairs) };
  } catch (error) {
    if (!isOfOneRow(error)) throw error;
  }
  const names = await readPairNames(db, system, after, PAGE);
  return { ...(await readByName(deps, names)), next: nextOf(names) };
}

/** All pairs of one row, also those that have ended. */
export async function readPairsOfRow(deps: SyncDeps, rowId: number): Promise<Omit<PairsPage, 'next'>> {
  const { db, integration, entity } = deps;
  const row = { system: integration.system, entityType: entity.name, rowId };
  return readByName(deps, await readPairNamesOfRow(db, row));
}

async function readByName(deps: SyncDeps, names: PairName[]): Promise<Omit<PairsPage, 'next'>> {
  const [pairs, unreadable]: [ComparedPair[], PairName[]] = [[], []];
  await workInHalves(
    names,
    async (some) => {
      const read = await readPairsOf(
        deps.db,
        some.map(({ mappingId }) => mappingId),
      );
      return pairs.push(...read);
    },
    async (name, error) => {
      unreadable.push(name);
      const item = `external_mappings ${name.mappingId}`;
      await noteSkipped(deps, { loop: 'verify', item, instead: NOT_COMPARED }, error);
    },
  );
  return { pairs: await named(deps, pairs), unreadable };
}

/** One pair as it is now. */
export async function readPairAgain(deps: SyncDeps, mappingId: number): Promise<ComparedPair | null> {
  const pair = await rereadPair(deps.db, mappingId);
  return pair && ((await named(deps, [pair]))[0] ?? null);
}

/** With the rows as the engine compares them: a reference is the id of the named row's record. */
async function named({ db, entity, integration }: SyncDeps, pairs: ComparedPair[]): Promise<ComparedPair[]> {
  const { system } = integration;
  const byAccount = Map.groupBy(
    pairs.filter(({ row }) => row !== null),
    ({ account }) => account,
  );
  const rows = new Map<number, LoadedRow>();
  for (const [account, some] of byAccount) {
    if (account === null) continue; // no record of it is known yet
    const given = some.flatMap(({ row }) => row ?? []);
    const known = await rowsNamedAtSystem(db, entity, { system, account }, given);
    some.forEach(({ mappingId }, at) => {
      const row = known[at];
      if (row) rows.set(mappingId, row);
    });
  }
  return pairs.map((pair) => ({ ...pair, row: rows.get(pair.mappingId) ?? pair.row }));
}

function nextOf(page: PairName[]): number | null {
  return page.length < PAGE ? null : (page.at(-1)?.mappingId ?? null);
}

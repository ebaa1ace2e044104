// The pages of pairs that a comparison reads. A pair that cannot be read is reported by its name,
// and does not keep the others from being compared.
import { readPairNames, readPairs, readPairsOf, type ComparedPair } from '../../db/mappings/comparison.ts';
import { isOfOneRow } from '../../db/server/errors.ts';
import { noteSkipped, workInHalves } from '../skipped.ts';
import type { SyncDeps } from '../sync/step.ts';

type PairName = Pick<ComparedPair, 'mappingId' | 'internalId' | 'externalId'>;

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
    return { pairs, unreadable: [], next: nextOf(pairs) };
  } catch (error) {
    if (!isOfOneRow(error)) throw error;
  }
  const names = await readPairNames(db, system, after, PAGE);
  const [pairs, unreadable]: [ComparedPair[], PairName[]] = [[], []];
  await workInHalves(
    names,
    async (some) => {
      const read = await readPairsOf(
        db,
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
  return { pairs, unreadable, next: nextOf(names) };
}

function nextOf(page: PairName[]): number | null {
  return page.length < PAGE ? null : (page.at(-1)?.mappingId ?? null);
}

// Do the records that we know still exist at the external system? With a wrong key, or after test
// data was deleted, each read of a small sample fails.
import { sampleKnown } from '../../db/health/doctor.ts';
import type { Db } from '../../db/server/connection.ts';
import { checks, type Check } from '../finding.ts';
import type { Integration } from '../integrations/integration.ts';
import { labelOf } from '../integrations/registry.ts';

/** The most reads of one check; each read uses a rate token of the system. */
export const SAMPLE = 20;

/**
 * Reads a sample of known records. Throws what the integration throws: without an answer there is
 * no result.
 */
export async function checkKnown(db: Db, integration: Integration): Promise<Check> {
  const ids = await sampleKnown(db, integration.system, SAMPLE);
  let missing = 0;
  for (const id of ids) if ((await integration.fetch(id)).state === 'missing') missing += 1;
  return judgeKnown(labelOf(integration.system), { sampled: ids.length, missing });
}

export function judgeKnown(label: string, { sampled, missing }: { sampled: number; missing: number }): Check {
  if (sampled === 0) return checks.ok('known records', 'no record is known yet');
  if (missing === 0) return checks.ok('known records', `${sampled} of ${sampled} sampled exist at ${label}`);
  const says =
    `${missing} of ${sampled} records sampled are not at ${label}: ` +
    'the test data of the account was deleted, or the key belongs to another account';
  const fix =
    'If the key is right, npx twinbox verify --repair finds all of them; ' +
    'then npx twinbox resolve --reason-code missing --recreate creates new records, and --let-go detaches the pairs.';
  return missing * 2 >= sampled
    ? checks.problem('known records', says, fix)
    : checks.warning('known records', says, fix);
}

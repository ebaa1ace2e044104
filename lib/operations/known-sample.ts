// Are the records that we know still at the other side? A sample shows it: a wrong key, or test
// data that was deleted, shows in every read.
import { sampleKnown } from '../../db/health/doctor.ts';
import type { Db } from '../../db/server/connection.ts';
import { checks, type Check } from '../finding.ts';
import type { Integration } from '../integrations/integration.ts';
import { labelOf } from '../integrations/registry.ts';

/** Reads at most; each is a call at the other side's limits. */
export const SAMPLE = 20;

/** Reads a sample of known records. Throws what the integration throws: no answer is no verdict. */
export async function checkKnown(db: Db, integration: Integration): Promise<Check> {
  const ids = await sampleKnown(db, integration.system, SAMPLE);
  let missing = 0;
  for (const id of ids) if ((await integration.fetch(id)).state === 'missing') missing += 1;
  return judgeKnown(labelOf(integration.system), { sampled: ids.length, missing });
}

export function judgeKnown(label: string, { sampled, missing }: { sampled: number; missing: number }): Check {
  if (sampled === 0) return checks.ok('known records', 'no record is known yet');
  if (missing === 0) return checks.ok('known records', `${sampled} of ${sampled} sampled are there`);
  const says =
    `${missing} of ${sampled} records sampled are not at ${label}: ` +
    'its test data was deleted, or the key is another account’s';
  const fix =
    'If the key is right, npx twinbox verify --repair finds all of them; ' +
    'then npx twinbox resolve --reason-code missing --recreate makes them anew, and --let-go lets them go.';
  return missing * 2 >= sampled
    ? checks.problem('known records', says, fix)
    : checks.warning('known records', says, fix);
}

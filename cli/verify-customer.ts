// `twinbox verify --customer`: one customer is compared with its records, by the rule of the comparison of
// all. It leaves no receipt, which would say how many of all agree.
import { readRow } from '../db/entities/rows.ts';
import { compareRow, type RowComparison, type Verdict } from '../lib/operations/compare-one.ts';
import { comparedPairJson } from '../lib/operations/comparison-json.ts';
import { exit } from './exit.ts';
import { table, type Output } from './output.ts';
import { answerOrNull, readAccount } from './sync.ts';
import { withSync } from './sync-session.ts';
import type { About } from './systems.ts';

type Options = { customer: number; json?: boolean };

export async function verifyCustomer(
  about: About,
  { customer, json = false }: Options,
  output: Output,
): Promise<number> {
  return withSync(
    async ({ sync }) => {
      const { db, entity, integration } = sync;
      if (!(await readRow(db, entity, customer))) {
        output.say(`No customer has the number ${customer}.`);
        return exit.nothingMatched;
      }
      const account = await readAccount(db, integration);
      if (!account.ok) {
        output.say(`No result: ${account.message}`);
        return exit.undecided;
      }
      const found = await answerOrNull(integration, compareRow(sync, customer), output);
      if (found === null) return exit.undecided;
      if (json)
        output.printJson({ customer, verdict: found.verdict, pairs: found.pairs.map(comparedPairJson) });
      else print(found, { customer, label: about.system.label }, output);
      return STATUS[found.verdict];
    },
    { mayCreate: false, background: true, ...about },
  );
}

/** As of the comparison of all. */
const STATUS: Record<Verdict, number> = {
  agree: exit.ok,
  set_aside: exit.ok,
  differ: exit.failed,
  missing: exit.undecided,
  not_certain: exit.undecided,
};

const SAYS: Record<Verdict, string> = {
  agree: 'agrees with',
  differ: 'differs from',
  missing: 'has a record that was not found at',
  not_certain: 'cannot be compared with certainty with',
  set_aside: 'has no pair that counts at',
};

function print(
  { verdict, pairs }: RowComparison,
  { customer, label }: { customer: number; label: string },
  output: Output,
): void {
  const rows = pairs.map(({ kind, externalId, why, fields }) => {
    const differing = (fields ?? []).join(',');
    const shown = why === differing || differing === '' ? '' : `differs: ${differing}`;
    return [kind, externalId ?? '–', why ?? '', shown];
  });
  for (const line of table(rows)) output.print(line.trimEnd());
  output.print(`customer ${customer} ${SAYS[verdict]} ${label}`);
}

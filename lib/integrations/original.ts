// A copy of a database and the account of its original. The pairs of the copy are detached from
// every external record, so each of its customers would be created a second time in that account.
// The records of the original are recognised by their owner tags, which contain the instance id
// that this database had before.
//
// Until an operator allows the copy to work beside its original, workers do nothing in such an
// account, and `link --all` refuses.
import {
  allowCopyAccount,
  noteCopyAccount,
  readCopiedFrom,
  readCopyAccount,
} from '../../db/copy-accounts.ts';
import { withTransaction, type Db } from '../../db/server/connection.ts';
import { recordAction } from '../../db/operator-actions.ts';
import type { Clock } from '../clock.ts';
import type { Integration } from './integration.ts';

export type Original = {
  /** How many records of the account have an owner tag of the original. */
  records: number;
  /** Nothing may be created or linked in that account. */
  refused: boolean;
  /** One line for an operator. */
  says: string;
};

type Where = { db: Db; clock: Clock; integration: Integration };

/**
 * Null if this database is not a copy, or no record of the account has an owner tag of an original.
 * Lists every record of the account, unless an earlier count found none, or an operator has allowed
 * the copy to work and `recount` is not asked for.
 */
export async function findOriginal(
  { db, clock, integration }: Where,
  account: string,
  { recount = false } = {},
): Promise<Original | null> {
  const ids = await readCopiedFrom(db);
  if (ids.length === 0) return null;
  const { system } = integration;
  const known = await readCopyAccount(db, system, account);
  const allowed = known !== null && known.allowedAt !== null;
  if (known !== null && !recount && (allowed || known.records === 0)) return judge(known.records, allowed);
  const records = (await integration.countTagged?.(ids)) ?? 0;
  await noteCopyAccount(db, { system, account, records, now: clock.now() });
  return judge(records, allowed);

  function judge(found: number, isAllowed: boolean): Original | null {
    if (found === 0) return null;
    const counted = found === 1 ? '1 record has' : `${found} records have`;
    const tags = ids.map((id) => `twinbox_${id}`).join(', ');
    const says = `this database is a copy, and ${counted} the owner tag of its original (${tags}) in ${system} account ${account}`;
    return {
      records: found,
      refused: !isAllowed,
      says: isAllowed
        ? `${says}: these records are not changed; an operator has allowed the copy to work in this account`
        : `${says}: nothing is created or linked in this account, because each customer would get a second record. ${adviceFor(system)}`,
    };
  }
}

const adviceFor = (system: string): string =>
  `Use the key of another account (npx twinbox connect ${system} --new-account), or allow the copy to work beside its original: ` +
  `npx twinbox connect ${system} --beside-original --why "the reason".`;

/** Allows the copy to work in the account of its original. Null if this database is not a copy. */
export async function allowBesideOriginal(
  where: Where,
  { actor, why }: { actor: string; why: string },
): Promise<{ account: string; records: number } | null> {
  const { db, clock, integration } = where;
  if ((await readCopiedFrom(db)).length === 0) return null;
  const { system } = integration;
  const { account } = await integration.identify();
  const found = await findOriginal(where, account, { recount: true });
  const now = clock.now();
  await withTransaction(db, async (tx) => {
    await allowCopyAccount(tx, { system, account, actor, why, now });
    await recordAction(tx, {
      ...{ action: 'allow_beside_original', system, actor, reason: why, at: now },
      detail: { account, records: found?.records ?? 0 },
      before: { refused: found?.refused ?? false },
      after: { refused: false },
    });
  });
  return { account, records: found?.records ?? 0 };
}

// `verify --audit`: checks the chain of the record of operations, and says where it is broken.
import { parseHead, verifyAudit, type NotedHead } from '../lib/operations/audit-chain.ts';
import { InvalidArgumentError } from 'commander';
import { exit } from './exit.ts';
import { count, type Output } from './output.ts';
import { createProgress } from './progress.ts';
import { withDatabase } from './session.ts';

export async function verifyAuditTrail(
  { head = null, json = false }: { head?: NotedHead | null; json?: boolean },
  output: Output,
): Promise<number> {
  const progress = createProgress(output, 'checked');
  const verdict = await withDatabase(
    ({ database: { db } }) => verifyAudit(db, { head, onProgress: (entries) => progress.update(entries) }),
    { mayCreate: false },
  ).finally(() => progress.end());
  const { entries, left, broken } = verdict;
  const status = broken === null ? exit.ok : exit.failed;
  if (json) {
    output.printJson({ ok: broken === null, entries, left, head: verdict.head, broken });
    return status;
  }
  if (broken !== null) {
    output.print(
      `The record of operations is broken${broken.entry === null ? '' : ` at entry ${broken.entry}`}: ${broken.what}.`,
    );
    output.say(`${count(entries, 'entry', 'entries')} before it fit.`);
    return status;
  }
  output.print(
    `${count(entries, 'entry', 'entries')} of the record of operations ${entries === 1 ? 'fits' : 'fit'}${left === 0 ? '' : `; ${left} have left with retention, and checkpoints hold them`}.`,
  );
  output.print(`head ${verdict.head.id}:${verdict.head.hash}`);
  return status;
}

export function toHead(text: string): NotedHead {
  const head = parseHead(text);
  if (head === null)
    throw new InvalidArgumentError(
      'It must be a head as `audit head` prints it: a number, a colon and 64 hexadecimal digits.',
    );
  return head;
}

import { Option } from 'commander';
import { exitStatusOf, type Comparison, type Finding } from '../../lib/operations/comparison.ts';
import type { NotedHead } from '../../lib/operations/audit-chain.ts';
import { storeReceipt } from '../../lib/operations/receipts.ts';
import { repair, type Asked } from '../../lib/operations/repair.ts';
import { loadConfigAndCatalogue } from '../../lib/process/load-config.ts';
import type { SyncDeps } from '../../lib/sync/step.ts';
import { commandActor } from '../actor.ts';
import { toId } from '../choices.ts';
import { toHead, verifyAuditTrail } from '../audit-check.ts';
import { compare, countKinds, summarise } from '../comparison.ts';
import { CliError, exit } from '../exit.ts';
import { count, table, type Output } from '../output.ts';
import type { CommandContext } from '../command-context.ts';
import { createProgress } from '../progress.ts';
import { toSeconds } from '../seconds.ts';
import { findRunning } from '../running.ts';
import { withSync } from '../sync-session.ts';
import { verifyCustomer } from '../verify-customer.ts';
import { chosenSystems, ofEach, systemOption, type About } from '../systems.ts';
import { readAccount, answerOrNull } from '../sync.ts';

type Options = {
  wait?: number;
  repair?: boolean;
  json?: boolean;
  all?: boolean;
  system?: string;
  audit?: boolean;
  head?: NotedHead;
  customer?: number;
};

export function addVerify({ program, output, finish, systems }: CommandContext): void {
  program
    .command('verify')
    .option(
      '--wait <seconds>',
      `how long to wait for changes that are on their way (0; with --repair ${REPAIR_WAIT})`,
      toSeconds,
    )
    .option(
      '--repair',
      'have workers bring pairs that drift into agreement, by the rules of any change, and compare again',
    )
    .addOption(systemOption(systems))
    .option('--customer <id>', 'compare only this customer, by a read of its record', toId)
    .option('--all', `list every finding, and not only the first ${SHOWN}`)
    .option('--audit', 'check the record of operations instead: whether all entries are there and unchanged')
    .addOption(
      new Option('--head <head>', 'with --audit: a head that `audit head` printed earlier').argParser(toHead),
    )
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Exit status: 0 if all agree; 1 for drift: a pair differs, and no change is on its way; 2 if the result is not certain, or a
person has to look (pending, parked, missing); 3 if there is no customer with the number of --customer. Pairs that are
held, waiting, detached, closed or an alias are listed and do not count.

Examples:
  $ npx twinbox verify
  $ npx twinbox verify --wait 30 --json
  $ npx twinbox verify --repair
  $ npx twinbox verify --customer 42
  $ npx twinbox verify --audit --head "$(cat head-of-november)"`,
    )
    .action(async (options: Options) => {
      if (options.audit === true) return finish(await verifyAuditTrail(options, output));
      if (options.head) throw new CliError(exit.usage, '--head is for --audit.');
      const { customer } = options;
      if (customer !== undefined && (options.repair === true || options.wait !== undefined))
        throw new CliError(exit.usage, '--repair and --wait are for all customers: leave out --customer.');
      const config = loadConfigAndCatalogue();
      const chosen = chosenSystems(systems, config, options.system);
      finish(
        await ofEach(chosen, output, (system, each) =>
          customer === undefined
            ? verify({ system, config }, options, each)
            : verifyCustomer({ system, config }, { customer, ...options }, each),
        ),
      );
    });
}

const SHOWN = 50;
/** Seconds. */
const REPAIR_WAIT = 30;

async function verify(about: About, options: Options, output: Output): Promise<number> {
  const { repair: fix = false, json = false, all = false } = options;
  const { wait = fix ? REPAIR_WAIT : 0 } = options;
  return withSync(
    async ({ sync, config }) => {
      const account = await readAccount(sync.db, sync.integration);
      if (!account.ok) {
        output.say(`No result: ${account.message}`);
        return exit.undecided;
      }
      const began = sync.clock.now();
      let report = await compareWithProgress(sync, wait, output);
      if (report === null) return exit.undecided;
      const asked = fix ? await repair(sync, report, { comparedSince: began, actor: commandActor() }) : null;
      if (asked) {
        for (const line of sayAsked(asked, about.system.label)) output.say(line);
        if (asked.pairs.length + asked.records.length > 0) {
          if (!(await findRunning(config.dataDir)) && config.database.url === undefined)
            output.say('No worker runs. Start one: npx twinbox up');
          report = await compareWithProgress(sync, wait, output);
          if (report === null) return exit.undecided;
        }
      }
      await storeReceipt(sync, report, { beganAt: began, actor: commandActor() });
      if (json)
        output.printJson({
          ...countKinds(report),
          unknown_there: report.unknownThere,
          ...(asked && {
            asked: { pairs: asked.pairs.map(toJson), records: asked.records, left: asked.left.map(toJson) },
          }),
          findings: report.findings.map(toJson),
        });
      else printReport(report, { all, label: about.system.label }, output);
      return exitStatusOf(report);
    },
    { mayCreate: false, background: true, ...about },
  );
}

/** Compares and shows the progress; null if the system stopped answering, which is printed. */
async function compareWithProgress(sync: SyncDeps, wait: number, output: Output): Promise<Comparison | null> {
  const progress = createProgress(output, 'compared');
  const report = await answerOrNull(sync.integration, compare(sync, wait, progress.update), output);
  progress.end();
  return report;
}

function sayAsked({ pairs, records, left }: Asked, label: string): string[] {
  const customers = pairs
    .slice(0, SHOWN)
    .map(({ customer, externalId }) => `${customer ?? externalId ?? '?'}`);
  const more = pairs.length > SHOWN ? `, and ${pairs.length - SHOWN} more` : '';
  return [
    ...(pairs.length > 0
      ? [`Workers look again at ${count(pairs.length, 'pair')} (${customers.join(', ')}${more}).`]
      : []),
    ...(records.length > 0
      ? [`Workers look at ${count(records.length, 'record')} of ${label} that no pair has.`]
      : []),
    ...(left.length > 0
      ? [
          `Not changed: ${count(left.length, 'customer')} whose pair has ended. For each: npx twinbox resolve CUSTOMER --recreate, or delete the customer.`,
        ]
      : []),
    ...(pairs.length + records.length + left.length === 0 ? ['No pair drifts.'] : []),
  ];
}

const KINDS = [
  'drift',
  'pending',
  'parked',
  'missing',
  'waiting',
  'held',
  'alias',
  'detached',
  'closed',
] as const;

function printReport(
  report: Comparison,
  { all, label }: { all: boolean; label: string },
  output: Output,
): void {
  // The findings that count come first.
  const findings = [...report.findings].sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
  const shown = all ? findings : findings.slice(0, SHOWN);
  for (const line of table(shown.map(toRow))) output.print(line);
  if (findings.length > shown.length)
    output.print(`… and ${findings.length - shown.length} more (--all lists them)`);
  if (report.unknownThere > 0) {
    output.say(
      `${label} has ${count(report.unknownThere, 'record')} without a customer in our table: npx twinbox link --dry-run shows them.`,
    );
  }
  output.print(summarise(report));
}

function toRow({ kind, customer, externalId, why }: Finding): string[] {
  return [kind, customer === null ? 'no customer' : `customer ${customer}`, externalId ?? '–', why];
}

function toJson({ kind, customer, externalId, why }: Finding) {
  return { kind, customer, external_id: externalId, why };
}

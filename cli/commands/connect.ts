import { readConnection } from '../../db/connections.ts';
import { readHolders } from '../../db/health/reports.ts';
import type { Identity } from '../../lib/integrations/integration.ts';
import { allowBesideOriginal } from '../../lib/integrations/original.ts';
import { moveToAccount, type Move } from '../../lib/operations/connect.ts';
import { loadConfigAndCatalogue } from '../../lib/process/load-config.ts';
import { commandActor } from '../actor.ts';
import { CliError, exit } from '../exit.ts';
import { count, type Output } from '../output.ts';
import { toReason } from '../choices.ts';
import type { CommandContext } from '../command-context.ts';
import { assertMayAsk, isAgreed } from '../question.ts';
import { readAccount, answerOrNull } from '../sync.ts';
import { withSync } from '../sync-session.ts';
import { chosenSystem, labelsOf, systemArgument, type About } from '../systems.ts';

type Options = {
  newAccount?: boolean;
  besideOriginal?: boolean;
  why?: string;
  yes?: boolean;
  json?: boolean;
};

export function addConnect({ program, output, finish, systems }: CommandContext): void {
  program
    .command('connect')
    .addArgument(systemArgument(systems))
    .option('--new-account', 'move the database to the account of the key in the settings')
    .option('--beside-original', 'allow a copied database to use the account of its original')
    .option('--reason, --why <text>', 'the reason; required with --beside-original', toReason)
    .option('--yes', 'go ahead without asking')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
A database belongs to one account, from its first contact with that account. With a key of another account nothing is sent.
To move the database: stop API, relays and workers; put the new key and webhook secret into the settings, or set a stored
credential of the new account (npx twinbox credentials set); run this command;
link the customers (npx twinbox link --dry-run); start the processes again. All pairs of the old account are detached, and
nothing is deleted in it. Every customer waits until it is linked with a record of the new account. If the database moves back
to an earlier account, the pairs of that account are linked again.
A copy of a database (relay --after-restore copy) does nothing in an account in which its original has records: each customer
would get a second record in that account. --beside-original --why "…" allows it.
Exit status: 0; 1 if the key is of another account and --new-account is not given; 2 if ${labelsOf(systems)} does not answer, or if the
command has a question and there is neither a terminal nor --yes; 130 if a question was not answered.

Examples:
  $ npx twinbox connect stripe
  $ npx twinbox connect stripe --new-account`,
    )
    .action(async (named: string | undefined, options: Options) => {
      const config = loadConfigAndCatalogue();
      const system = chosenSystem(systems, config, named);
      finish(await connect({ system, config }, options, output));
    });
}

async function connect(
  about: About,
  { newAccount = false, besideOriginal = false, why = '', yes = false, json = false }: Options,
  output: Output,
): Promise<number> {
  if (besideOriginal) {
    if (newAccount) throw new CliError(exit.usage, 'Give --new-account or --beside-original, not both.');
    if (why.trim() === '')
      throw new CliError(exit.usage, '--beside-original needs a reason: --beside-original --why "…".');
    return workBesideOriginal(about, { why: why.trim(), json }, output);
  }
  if (newAccount) assertMayAsk('connect --new-account', yes);
  return withSync(
    async ({ sync }) => {
      const asked = moveToAccount(sync, { dryRun: true, actor: commandActor() }).then((planned) => ({
        planned,
      }));
      const answer = await answerOrNull(sync.integration, asked, output);
      if (answer === null) return exit.undecided;
      const { planned } = answer;
      if (planned === null) {
        const bound = await readConnection(sync.db, sync.integration.system);
        if (json) output.printJson({ moved: false, account: bound?.account ?? null });
        else output.print(`The database and the key belong to the account ${bound?.account ?? '–'}.`);
        return exit.ok;
      }
      if (!json) sayPlan(planned, about.system.label, output);
      if (!newAccount || planned.from === null) {
        if (json) output.printJson({ moved: false, ...planned });
        else if (planned.from === null)
          output.say('A worker binds the database to this account at the first contact: npx twinbox up');
        else output.say('Nothing was changed. --new-account moves the database.');
        return planned.from === null ? exit.ok : exit.failed;
      }
      const holders = await readHolders(sync.db);
      if (holders.length > 0) {
        output.say(
          `Processes still run on this database (${holders.map(({ name }) => name).join(', ')}): stop API, relays and workers first.`,
        );
        return exit.unavailable;
      }
      if (!yes && !(await isAgreed('Move the database?', output))) return exit.failed;
      const moved = await moveToAccount(sync, { dryRun: false, actor: commandActor() });
      if (json) output.printJson({ moved: true, ...moved });
      else
        output.say(
          `Moved. ${count(moved?.revived ?? 0, 'pair')} linked again; ${count(moved?.waiting ?? 0, 'customer')} waiting for the first link: npx twinbox link --dry-run`,
        );
      return exit.ok;
    },
    { mayCreate: false, newestCredential: true, ...about },
  );
}

async function workBesideOriginal(
  about: About,
  { why, json }: { why: string; json: boolean },
  output: Output,
): Promise<number> {
  return withSync(
    async ({ sync }) => {
      const bound = await readAccount(sync.db, sync.integration);
      if (!bound.ok) {
        output.say(`No result: ${bound.message}`);
        return exit.undecided;
      }
      const asked = allowBesideOriginal(sync, { actor: commandActor(), why }).then((allowed) => ({
        allowed,
      }));
      const answer = await answerOrNull(sync.integration, asked, output);
      if (answer === null) return exit.undecided;
      const { allowed } = answer;
      if (json) output.printJson({ allowed: allowed !== null, ...allowed });
      else if (allowed === null) output.say('This database is not a copy: nothing has to be allowed.');
      else
        output.say(
          `This copy may use the account ${allowed.account} of its original now. ${count(allowed.records, 'record')} of the original stay as they are; ` +
            'npx twinbox link --dry-run shows what link --all would create.',
        );
      return allowed === null ? exit.failed : exit.ok;
    },
    { mayCreate: false, ...about },
  );
}

function sayPlan({ from, to, pairs }: Move, label: string, output: Output): void {
  output.print(`The database belongs to ${from ? nameOf(from) : 'no account yet'}.`);
  output.print(`The key in the settings is of ${nameOf(to)}.`);
  if (from) output.print(`Moving detaches ${count(pairs, 'pair')}; nothing is deleted at ${label}.`);
}

function nameOf({ account, livemode }: Identity): string {
  return `${account} (${livemode ? 'live' : 'test'} mode)`;
}

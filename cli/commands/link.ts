import { readConnection } from '../../db/connections.ts';
import type { JsonValue } from '../../db/entities/rows.ts';
import { countUnmatched } from '../../db/external-records.ts';
import { countNotLinked } from '../../db/mappings/first-link.ts';
import { findLinkable, type Linkable } from '../../db/mappings/list.ts';
import type { Db } from '../../db/server/connection.ts';
import { systemClock } from '../../lib/clock.ts';
import { loadConfigAndCatalogue } from '../../lib/process/load-config.ts';
import type { SystemDefinition } from '../../lib/integrations/definition.ts';
import { createLinkOperations } from '../../lib/operations/links.ts';
import { commandActor } from '../actor.ts';
import { shortTime, toId } from '../choices.ts';
import { CliError, exit } from '../exit.ts';
import { count, table, type Output } from '../output.ts';
import type { CommandContext } from '../command-context.ts';
import { assertMayAsk, isAgreed, these } from '../question.ts';
import { findRunning } from '../running.ts';
import { withDatabase } from '../session.ts';
import { withSync } from '../sync-session.ts';
import { chosenSystem, systemOption, type About } from '../systems.ts';
import { firstLink } from '../link/first-link.ts';
import { decideAboutUnmatched } from '../link/link-unmatched.ts';
import {
  findOtherRecords,
  linkRecord,
  otherRecordsJson,
  printOtherRecords,
  type RecordOptions,
} from '../link/link-record.ts';

type Options = {
  all?: boolean;
  dryRun?: boolean;
  import?: boolean;
  leave?: boolean;
  system?: string;
  yes?: boolean;
  json?: boolean;
} & RecordOptions;

function addId(text: string, before?: number[]): number[] {
  return [...(before ?? []), toId(text)];
}

/** More records than a person decides about at once; the next call lists the others. */
const MAX = 10_000;

export function addLink({ program, output, finish, systems }: CommandContext): void {
  program
    .command('link')
    .argument(
      '[number...]',
      'only these mappings, by their listed numbers; with --record the number of the customer',
      addId,
    )
    .option('--all', 'all records that wait for consent')
    .option('--record <id>', 'link the customer with this record, also if another one is linked')
    .option('--create', 'create a new record for the customer, although records like it exist')
    .option('--accept-deletion', 'delete the customer in our table, as its record was deleted at its system')
    .option(
      '--dry-run',
      'only show which records would be linked with which customers, and what would happen to the others',
    )
    .option('--import', 'create a customer for every record that has none, also if STRIPE_IMPORT is off')
    .option('--leave', 'leave all records without a customer as they are')
    .addOption(systemOption(systems, 'needed where several are kept in step'))
    .option('--yes', 'go ahead without asking')
    .option('--json', 'print the list as JSON')
    .addHelpText(
      'after',
      `
Without numbers and without --all the command only lists. Anyone can check out at Stripe with the email of another person, so an
equal email alone links nothing (STRIPE_LINK_BY_EMAIL=ask): a person has to consent. --dry-run reads both sides and shows which
record each customer would get, and what would happen to every other record; --all gives consent to this plan (docs/first-link.md).
If the command is interrupted, run it again.

For records at Stripe without a customer in our table: --import creates a customer for each, --leave leaves them as they are.

A customer with several records is linked with one of them. --record chooses another one, now or later: the chosen record takes the
place of the linked one, which stays at Stripe as it is. If the linked record was deleted at Stripe and another record exists, the
customer waits for --record or --accept-deletion.

Exit status: 0; 1 if --record, --create or --accept-deletion changed nothing, with the reason; 2 if Stripe does not answer or the
key is of another account, or if the command has a question and there is neither a terminal nor --yes; 3 if nothing waits for
consent; 130 if a question was not answered.

Examples:
  $ npx twinbox link --dry-run
  $ npx twinbox link 12 15
  $ npx twinbox link 42 --record cus_NffrFeUfNV2Hib
  $ npx twinbox link 42 --accept-deletion
  $ npx twinbox link --all --yes`,
    )
    .action(async (ids: number[], options: Options) => {
      const config = loadConfigAndCatalogue();
      const about = { system: chosenSystem(systems, config, options.system), config };
      finish(await link(about, ids, options, output));
    });
}

async function link(about: About, ids: number[], options: Options, output: Output): Promise<number> {
  const { all = false, dryRun = false, yes = false, json = false } = options;
  if (all && ids.length > 0) throw new CliError(exit.usage, 'Give numbers or --all, not both.');
  const decision = options.import === true ? 'import' : options.leave === true ? 'leave' : null;
  if (decision !== null) {
    if (all || ids.length > 0 || (options.import === true && options.leave === true))
      throw new CliError(
        exit.usage,
        'Give one of --all, --import and --leave; with --import and --leave no numbers are allowed.',
      );
    if (!dryRun) assertMayAsk(`link --${decision}`, yes);
    return decideAboutUnmatched(decision, { ...about, dryRun, yes, json }, output);
  }
  const ofOne = [options.record !== undefined, options.create === true, options.acceptDeletion === true];
  if (ofOne.includes(true)) {
    const [customer] = ids;
    if (customer === undefined || ids.length > 1 || ofOne.filter((chosenOne) => chosenOne).length > 1)
      throw new CliError(
        exit.usage,
        'Give one customer, and one of --record, --create and --accept-deletion: npx twinbox link 42 --record cus_…',
      );
    if (all || dryRun) throw new CliError(exit.usage, 'Leave out --all and --dry-run for one customer.');
    return linkRecord(about, { ...options, customer }, output);
  }
  const chosen = all || ids.length > 0;
  if (chosen && !dryRun) assertMayAsk(all ? 'link --all' : 'link MAPPING', yes);
  const first = ids.length === 0 ? await linkFirst(about, options, output) : NONE_FIRST;
  if (first.status !== null && (json || first.status !== exit.ok)) return first.status;
  return withDatabase(
    async ({ config, database: { db } }) => {
      const found = await findOpen(db, about.system.name, ids);
      const unmatched = ids.filter((id) => !found.some(({ mappingId }) => mappingId === id));
      const open = found.filter(({ consent }) => !consent);
      const other = ids.length > 0 ? NO_OTHERS : await findOtherRecords(db, about.system.name);
      const others = other.held.length + other.left.length;
      const matched = (number: number): number =>
        number + first.waiting + others === 0 ? exit.nothingMatched : exit.ok;
      const act = async (): Promise<number> => (chosen && !dryRun ? storeConsents(db, open) : 0);
      const ask = (): Promise<boolean> => isAgreed(`Link ${these(open.length, 'record')}?`, output);
      if (json) {
        const agreed = yes || (chosen && !dryRun && open.length > 0 && (await ask()));
        const linked = agreed ? await act() : 0;
        output.printJson({
          matched: found.length,
          linked,
          not_linked: first.waiting,
          unknown: unmatched,
          mappings: found.map(toJson),
          ...otherRecordsJson(other),
        });
        return matched(found.length);
      }
      for (const line of table(found.length > 0 ? [HEAD, ...found.map(toRow)] : [])) output.print(line);
      for (const id of unmatched) output.say(`Mapping ${id} does not wait for consent.`);
      printOtherRecords(other, output);
      if (found.length === 0) {
        if (unmatched.length === 0 && first.waiting + others === 0 && !dryRun)
          output.say('No record waits for consent.');
        return matched(0);
      }
      if (dryRun || !chosen) {
        output.say('Nothing was changed. To link records: npx twinbox link --all, or give their numbers.');
      } else if (open.length > 0 && (yes || (await ask()))) {
        output.say(`A worker links ${count(await act(), 'record')} now.`);
        if (!(await findRunning(config.dataDir)) && config.database.url === undefined)
          output.say('No worker runs. Start one: npx twinbox up');
      } else if (open.length === 0) output.say('Consent was given before; a worker links them.');
      return exit.ok;
    },
    { mayCreate: false, config: about.config },
  );
}

async function findOpen(db: Db, system: string, ids: number[]): Promise<Linkable[]> {
  const found = await findLinkable(db, { ids: ids.length > 0 ? ids : null, limit: MAX });
  return found.filter((each) => each.system === system);
}

type First = {
  /** Rows that wait for their first link. */
  waiting: number;
  /** The exit status, if both sides were read; otherwise null. */
  status: number | null;
};

const NO_OTHERS = { held: [], left: [] };

const NONE_FIRST: First = { waiting: 0, status: null };

/** The first link, if rows wait for it. Both sides are read only with --all or --dry-run. */
async function linkFirst(
  about: About,
  { all = false, dryRun = false, yes = false, json = false }: Options,
  output: Output,
): Promise<First> {
  const { waiting, undecided } = await withDatabase(
    ({ database: { db } }) => countUnlinked(db, about.system),
    { mayCreate: false, config: about.config },
  );
  if (undecided > 0 && !all && !dryRun)
    output.say(
      `${about.system.label} has ${count(undecided, 'record')} without a customer in our table: npx twinbox link --dry-run shows them.`,
    );
  if (waiting + undecided === 0 && !dryRun) return NONE_FIRST;
  if (!all && !dryRun) {
    if (waiting === 0) return { waiting: undecided, status: null };
    output.say(
      `${count(waiting, 'customer')} ${waiting === 1 ? 'waits' : 'wait'} for the first link: npx twinbox link --dry-run shows the plan.`,
    );
    return { waiting, status: null };
  }
  const agree = dryRun
    ? null
    : (question: string) => (yes ? Promise.resolve(true) : isAgreed(question, output));
  const status = await withSync(({ sync }) => firstLink(sync, { agree, all, json }, output), {
    mayCreate: false,
    ...about,
  });
  return { waiting: waiting + undecided, status: status === exit.nothingMatched && !json ? null : status };
}

/**
 * The number of rows that wait for their first link, and of records about which nothing was
 * decided.
 */
async function countUnlinked(
  db: Db,
  { name: system, externalType }: SystemDefinition,
): Promise<{ waiting: number; undecided: number }> {
  const account = (await readConnection(db, system))?.account ?? '';
  const place = { system, account, externalType };
  const [waiting, { undecided }] = await Promise.all([countNotLinked(db, system), countUnmatched(db, place)]);
  return { waiting, undecided };
}

async function storeConsents(db: Db, open: Linkable[]): Promise<number> {
  const operations = createLinkOperations({ db, clock: systemClock });
  let given = 0;
  for (const { mappingId } of open) {
    const { outcome } = await operations.consent(mappingId, commandActor());
    if (outcome === 'consented') given += 1;
  }
  return given;
}

const HEAD = ['mapping', 'record', 'customer', 'name', 'email', 'since', 'then'];

function toRow(each: Linkable): string[] {
  return [
    ...[String(each.mappingId), each.externalId ?? '–', String(each.customerId ?? '–')],
    ...[nameIn(each) ?? '–', emailIn(each) ?? '–', shortTime(each.since), describe(each)],
  ];
}

const nameIn = ({ fields }: Linkable): string | null => textOf(fields?.['name']);
const emailIn = ({ fields }: Linkable): string | null => textOf(fields?.['email']);

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function describe({ fields, linkedWith, consent }: Linkable): string {
  if (fields === null) return 'the customer is deleted: a worker looks at the record again';
  if (linkedWith !== null) return `the customer has ${linkedWith} now: this record becomes an alias`;
  return consent ? 'consent was given; a worker links them' : 'they are linked';
}

function toJson(each: Linkable) {
  return {
    mapping: each.mappingId,
    system: each.system,
    external_id: each.externalId,
    customer: each.customerId,
    name: nameIn(each),
    email: emailIn(each),
    linked_with: each.linkedWith,
    consent: each.consent,
    since: each.since,
  };
}

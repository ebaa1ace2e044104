import { InvalidArgumentError, Option } from 'commander';
import { customerOf } from '../../lib/config/entity.ts';
import { findStuck, type StuckPair, type StuckState } from '../../db/mappings/decisions.ts';
import { systemClock } from '../../lib/clock.ts';
import { loadConfigAndCatalogue } from '../../lib/process/load-config.ts';
import { createResolveOperations, type Resolution } from '../../lib/operations/resolutions.ts';
import { commandActor } from '../actor.ts';
import { LIMIT_MAX, shortTime, toId, toLimit, toReason } from '../choices.ts';
import { CliError, exit } from '../exit.ts';
import { printResults, RESULT_WAIT, resultJson, waitForResults } from '../outcome.ts';
import { count, table, type Output } from '../output.ts';
import type { CommandContext } from '../command-context.ts';
import { isAgreed, isInteractive } from '../question.ts';
import { toSeconds } from '../seconds.ts';
import { withDatabase, type Session } from '../session.ts';
import { chosenSystem, labelsOf, systemOption, type About } from '../systems.ts';

type Options = {
  recreate?: boolean;
  letGo?: boolean;
  record?: string;
  mapping?: number[];
  reasonCode?: string;
  state?: StuckState;
  system?: string;
  limit: number;
  why?: string;
  wait: number;
  yes?: boolean;
  json?: boolean;
};

function addId(text: string, before?: number[]): number[] {
  return [...(before ?? []), toId(text)];
}

function toRecord(text: string): string {
  if (!/^\S{1,255}$/.test(text))
    throw new InvalidArgumentError('It must be the id of a record, without blanks.');
  return text;
}

const STATES: StuckState[] = ['parked', 'waiting', 'detached'];

export function addResolve({ program, output, finish, systems }: CommandContext): void {
  program
    .command('resolve')
    .argument('[customer...]', 'only these customers', addId)
    .option('--recreate', 'the record is gone: create a new one; the delete of a deleted customer ends')
    .option(
      '--let-go',
      'detach the pair: edits are no longer carried over, and the record at the system stays as it is',
    )
    .option('--record <id>', 'link the customer with this record (one customer only)', toRecord)
    .option(
      '--mapping <number>',
      'a pair, by the number of its mapping, such as a record without a customer',
      addId,
    )
    .option(
      '--reason-code <code>',
      'all with this reason, such as missing (npx twinbox status lists the reasons)',
    )
    .addOption(new Option('--state <state>', 'all in this state').choices(STATES))
    .addOption(systemOption(systems))
    .option('--limit <number>', 'the largest number of pairs', toLimit, LIMIT_MAX)
    .option('--reason, --why <text>', 'the reason, which is stored with the decision', toReason)
    .option('--wait <seconds>', 'how long to wait for the results', toSeconds, RESULT_WAIT)
    .option('--yes', 'go ahead without asking')
    .option('--json', 'print the list as JSON')
    .addHelpText(
      'after',
      `
Without --recreate, --let-go or --record the command only lists. Before a record is created or linked, ${labelsOf(systems)} is read: if the
record still exists, it is linked again, and no second record is created. Without a terminal and without --yes the command only
lists.
Exit status: 0; 1 if a decision could not be taken or carried out; 3 if nothing matched.

Examples:
  $ npx twinbox resolve
  $ npx twinbox resolve 42 --recreate --why "deleted by a script at Stripe"
  $ npx twinbox resolve --reason-code missing --recreate --yes
  $ npx twinbox resolve 42 --record cus_NffrFeUfNV2Hib`,
    )
    .action(async (customers: number[], options: Options) => {
      const config = loadConfigAndCatalogue();
      const about = { system: chosenSystem(systems, config, options.system), config };
      finish(await resolve(about, customers, options, output));
    });
}

async function resolve(about: About, customers: number[], options: Options, output: Output): Promise<number> {
  const { name: system, label } = about.system;
  const action = actionOf(options);
  const mappings = options.mapping ?? [];
  const narrowed = [customers, mappings].some(({ length }) => length > 0);
  if (action === 'record' && customers.length + mappings.length !== 1)
    throw new CliError(exit.usage, 'With --record name one customer: a record belongs to one customer.');
  if (action !== null && !narrowed && options.reasonCode === undefined && options.state === undefined)
    throw new CliError(
      exit.usage,
      'Choose pairs: customers by their numbers, --reason-code missing, or --state parked. npx twinbox resolve lists the pairs.',
    );
  return withDatabase(
    async (session) => {
      const found = await findPairs(session, system, customers, options);
      const unknown = customers.filter((id) => !found.some(({ customerId }) => customerId === id));
      const decide = () => decideAll(session, found, { action: action ?? 'let_go', options }, output);
      if (options.json === true) {
        const done = action !== null && options.yes === true ? await decide() : NOTHING;
        output.printJson({ matched: found.length, unknown, pairs: found.map(toJson), ...done });
        return found.length === 0 ? exit.nothingMatched : statusOf(done);
      }
      for (const line of table(
        found.length > 0 ? [HEAD, ...found.map((pair) => toRow(pair, { action, label }))] : [],
      ))
        output.print(line);
      for (const id of unknown)
        output.say(
          `Customer ${id} is not parked and does not wait: npx twinbox verify compares it with Stripe.`,
        );
      if (found.length === options.limit) output.say(`Only the first ${options.limit} are listed (--limit).`);
      if (found.length === 0) {
        if (unknown.length === 0)
          output.say(narrowed ? 'Nothing matched.' : 'Nothing is parked, and nothing waits.');
        return exit.nothingMatched;
      }
      if (action === null) {
        output.say('Nothing was changed. Decide with --recreate, --let-go or --record ID.');
        return exit.ok;
      }
      if (options.yes !== true && !(await isAgreed(questionOf(action, found.length), output))) {
        if (!isInteractive()) output.say('Nothing was changed. Add --yes to go ahead.');
        return exit.ok;
      }
      const done = await decide();
      output.say(`${count(done.decided, 'decision')} taken.`);
      return statusOf(done);
    },
    { mayCreate: false, config: about.config },
  );
}

function actionOf({ recreate, letGo, record }: Options): Resolution['action'] | null {
  const given = [recreate === true, letGo === true, record !== undefined].filter(Boolean).length;
  if (given > 1) throw new CliError(exit.usage, 'Give one of --recreate, --let-go and --record.');
  if (recreate === true) return 'recreate';
  if (letGo === true) return 'let_go';
  return record === undefined ? null : 'record';
}

function questionOf(action: Resolution['action'], pairs: number): string {
  switch (action) {
    case 'recreate':
      return `Create a new record for ${count(pairs, 'pair')}?`;
    case 'let_go':
      return `Detach ${count(pairs, 'pair')}?`;
    case 'record':
      return 'Link the customer with this record?';
  }
}

function findPairs(
  { database: { db } }: Session,
  system: string,
  customers: number[],
  options: Options,
): Promise<StuckPair[]> {
  const { mapping, reasonCode, state, limit } = options;
  // A detached pair is decided again only if the command names it.
  const named: StuckState[] = customers.length + (mapping?.length ?? 0) > 0 ? STATES : ['parked', 'waiting'];
  return findStuck(db, {
    ...{ system, limit, states: state === undefined ? named : [state] },
    ...(customers.length > 0 && { customers }),
    ...(mapping !== undefined && { mappings: mapping }),
    ...(reasonCode !== undefined && { reason: reasonCode }),
  });
}

type Done = {
  decided: number;
  refused: { mapping: number; customer: number | null; why: string }[];
  results: object[];
  /** The number of pairs that a worker has finished and that are parked or wait nevertheless. */
  stuck: number;
};

const NOTHING: Done = { decided: 0, refused: [], results: [], stuck: 0 };

async function decideAll(
  session: Session,
  found: StuckPair[],
  { action, options }: { action: Resolution['action']; options: Options },
  output: Output,
): Promise<Done> {
  const { db } = session.database;
  const operations = createResolveOperations({
    entity: customerOf(session.config),
    db,
    clock: systemClock,
    log: session.log,
  });
  const done: Done = { decided: 0, refused: [], results: [], stuck: 0 };
  const waitedFor: number[] = [];
  for (const { mappingId, customerId } of found) {
    const { record: externalId, why = null } = options;
    const result = await operations.resolve(mappingId, { action, externalId, why, actor: commandActor() });
    if (result.outcome === 'not_found') continue;
    if (result.outcome === 'cannot_resolve') {
      done.refused.push({ mapping: mappingId, customer: customerId, why: result.why });
      output.say(result.why);
      continue;
    }
    if (result.outcome !== 'decided_already') done.decided += 1;
    waitedFor.push(mappingId);
  }
  const results =
    waitedFor.length === 0 ? null : await waitForResults(session, waitedFor, options.wait, output);
  if (results === null) return done;
  done.results = results.map(resultJson);
  done.stuck = results.filter(
    ({ settled, state }) => settled && (state === 'parked' || state === 'waiting'),
  ).length;
  if (options.json !== true) printResults(results, output);
  return done;
}

function statusOf({ refused, stuck }: Done): number {
  return refused.length + stuck > 0 ? exit.failed : exit.ok;
}

const HEAD = ['customer', 'record', 'state', 'because', 'since', 'then'];

type Shown = { action: Resolution['action'] | null; label: string };

function toRow(pair: StuckPair, shown: Shown): string[] {
  const { customerId, mappingId, externalId, state, reason, since } = pair;
  return [
    customerId === null ? `(mapping ${mappingId})` : String(customerId),
    ...[externalId ?? '–', state, reason ?? '–', shortTime(since), describe(pair, shown)],
  ];
}

function describe(
  { externalId, deleted, decision, customerId }: StuckPair,
  { action, label }: Shown,
): string {
  switch (action) {
    case null:
      if (decision === null) return deleted ? 'deleted in our table' : '';
      return `decided: ${decision.kind}${decision.external_id === undefined ? '' : ` ${decision.external_id}`}`;
    case 'let_go':
      return deleted ? 'its delete ends' : 'is detached: edits stop';
    case 'record':
      return 'is linked with this record, if it belongs to no other customer';
    case 'recreate':
      if (customerId === null) return 'not possible: the pair has no customer';
      if (deleted) return `its delete ends, if ${label} does not know the record`;
      return externalId === null
        ? 'a record is created'
        : `a new record is created, if ${label} does not know this one`;
  }
}

function toJson({ mappingId, customerId, externalId, state, reason, decision, deleted, since }: StuckPair) {
  return {
    ...{
      mapping: mappingId,
      customer: customerId,
      external_id: externalId,
      state,
      reason,
      decision,
      deleted,
      since,
    },
  };
}

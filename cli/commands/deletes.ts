import { findStuck, type StuckPair } from '../../db/mappings/decisions.ts';
import { identityName } from '../../lib/catalogue/entity.ts';
import { customerOf } from '../../lib/config/entity.ts';
import { HELD_DELETES } from '../../db/mappings/reason.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Config } from '../../lib/config/config.ts';
import { loadConfigAndCatalogue } from '../../lib/process/load-config.ts';
import { createDeleteOperations, type Decider, type HeldOutcome } from '../../lib/operations/held-deletes.ts';
import { commandActor } from '../actor.ts';
import { shortTime, toId, toReason } from '../choices.ts';
import { CliError, exit } from '../exit.ts';
import { printResults, RESULT_WAIT, resultJson, waitForResults } from '../outcome.ts';
import { count, table, type Output } from '../output.ts';
import type { CommandContext } from '../command-context.ts';
import { isAgreed, isInteractive } from '../question.ts';
import { toSeconds } from '../seconds.ts';
import { withDatabase, type Session } from '../session.ts';
import { chosenSystem, systemArgument } from '../systems.ts';

type Options = {
  customer?: number[];
  release?: boolean;
  takeBack?: boolean;
  detach?: boolean;
  why?: string;
  wait: number;
  yes?: boolean;
  json?: boolean;
};

type Action = 'release' | 'take_back' | 'detach';

function addId(text: string, before?: number[]): number[] {
  return [...(before ?? []), toId(text)];
}

/** More deletes than a person decides about at once; the next call shows the others. */
const MAX = 100_000;

export function addDeletes({ program, output, finish, systems }: CommandContext): void {
  program
    .command('deletes')
    .addArgument(systemArgument(systems))
    .option('--customer <id>', 'only the delete of this customer; may be given several times', addId)
    .option('--release', 'carry the deletes out (resume stripe --deletes does this for all)')
    .option('--take-back', 'cancel the deletes: both sides keep the customer')
    .option('--detach', 'cancel the deletes and end the pairs: each side keeps what it has')
    .option('--reason, --why <text>', 'the reason, which is stored with the decision', toReason)
    .option('--wait <seconds>', 'how long to wait for the results', toSeconds, RESULT_WAIT)
    .option('--yes', 'go ahead without asking')
    .option('--json', 'print the list as JSON')
    .addHelpText(
      'after',
      `
A delete waits because the fuse holds it (too many at once), or because a customer was deleted at a system whose settings ask first
(STRIPE_DELETES_IN=ask). Without --release, --take-back or --detach the command only lists. --release applies to the deletes that are held at that moment;
the fuse counts later deletes from zero and may hold them again. A customer that was deleted in our table stays deleted: --take-back
creates a new customer with the same values, linked with the record at Stripe. A customer that was deleted at Stripe keeps its
number: --take-back creates a new record for it.
Exit status: 0; 1 if a delete could not be taken back; 3 if none is held.

Examples:
  $ npx twinbox deletes stripe
  $ npx twinbox deletes stripe --take-back --why "a script deleted the wrong table" --yes
  $ npx twinbox deletes stripe --customer 12 --release`,
    )
    .action(async (named: string | undefined, options: Options) => {
      const config = loadConfigAndCatalogue();
      const { name, label } = chosenSystem(systems, config, named);
      finish(await deletes({ system: name, label, config }, options, output));
    });
}

type About = { system: string; label: string; config: Config };

async function deletes({ system, label, config }: About, options: Options, output: Output): Promise<number> {
  const action = actionOf(options);
  return withDatabase(
    async (session) => {
      const { db } = session.database;
      const { customer } = options;
      const held = (
        await findStuck(db, {
          ...{ system, reasons: HELD_DELETES, states: ['waiting'], limit: MAX },
          ...(customer && { customers: customer }),
        })
      ).filter(({ decision }) => decision === null);
      const act = (): Promise<Done> => decide(session, { system, action, held, options }, output);
      if (options.json === true) {
        const done = action !== null && options.yes === true ? await act() : NOTHING;
        output.printJson({ matched: held.length, deletes: held.map(toJson), ...done });
        return held.length === 0 ? exit.nothingMatched : statusOf(done);
      }
      for (const line of table(
        held.length > 0 ? [HEAD, ...held.map((pair) => toRow(pair, { action, label }))] : [],
      ))
        output.print(line);
      if (held.length === 0) {
        output.say(
          customer === undefined
            ? 'No delete waits for a decision.'
            : 'No delete of these customers waits for a decision.',
        );
        return exit.nothingMatched;
      }
      if (action === null) {
        output.say('Nothing was changed. Decide with --release, --take-back or --detach.');
        return exit.ok;
      }
      if (
        options.yes !== true &&
        !(await isAgreed(`${questionOf(action)} ${count(held.length, 'delete')}?`, output))
      ) {
        if (!isInteractive()) output.say('Nothing was changed. Add --yes to go ahead.');
        return exit.ok;
      }
      const done = await act();
      output.say(sayDone(action, done.decided, customer !== undefined));
      return statusOf(done);
    },
    { mayCreate: false, config },
  );
}

function actionOf({ release, takeBack, detach }: Options): Action | null {
  const given: Action[] = [
    ...(release === true ? (['release'] as const) : []),
    ...(takeBack === true ? (['take_back'] as const) : []),
    ...(detach === true ? (['detach'] as const) : []),
  ];
  if (given.length > 1) throw new CliError(exit.usage, 'Give one of --release, --take-back and --detach.');
  return given[0] ?? null;
}

/** The beginning of the question. */
function questionOf(action: Action): string {
  switch (action) {
    case 'release':
      return 'Release';
    case 'take_back':
      return 'Take back';
    case 'detach':
      return 'Detach the pairs of';
  }
}

type Done = {
  decided: number;
  taken_back: { customer: number | null; as: number }[];
  refused: { customer: number | null; why: string }[];
  results: object[];
};

const NOTHING: Done = { decided: 0, taken_back: [], refused: [], results: [] };

async function decide(
  session: Session,
  {
    system,
    action,
    held,
    options,
  }: { system: string; action: Action | null; held: StuckPair[]; options: Options },
  output: Output,
): Promise<Done> {
  const { db } = session.database;
  const entity = customerOf(session.config);
  const operations = createDeleteOperations({
    entity,
    db,
    clock: systemClock,
    system,
    log: session.log,
  });
  const decider: Decider = { actor: commandActor(), why: options.why ?? null };
  const done: Done = { decided: 0, taken_back: [], refused: [], results: [] };
  const waited: number[] = [];
  if (action === 'release') {
    const ids = held.map(({ mappingId }) => mappingId);
    done.decided = await operations.release(options.customer === undefined ? null : ids, decider);
    waited.push(...ids);
  } else {
    for (const { mappingId, customerId } of held) {
      const result = await (action === 'detach' ? operations.detach : operations.takeBack)(
        mappingId,
        decider,
      );
      note(done, { customer: customerId, identity: identityName(entity) }, result, output);
      if (result.outcome === 'taken_back' && result.customer === customerId) waited.push(mappingId);
    }
  }
  const results = waited.length === 0 ? null : await waitForResults(session, waited, options.wait, output);
  done.results = (results ?? []).map(resultJson);
  if (results !== null && options.json !== true) printResults(results, output);
  return done;
}

function note(
  done: Done,
  { customer, identity }: { customer: number | null; identity: string },
  result: HeldOutcome,
  output: Output,
): void {
  switch (result.outcome) {
    case 'taken_back':
      done.decided += 1;
      done.taken_back.push({ customer, as: result.customer });
      if (result.customer !== customer)
        output.say(`Customer ${customer ?? '?'} was created again as customer ${result.customer}.`);
      return;
    case 'detached':
      done.decided += 1;
      return;
    case 'email_taken': {
      const why = `The delete of customer ${customer ?? '?'} cannot be taken back: another customer has its ${identity} now. Change the ${identity} of that customer first, or use --detach.`;
      done.refused.push({ customer, why });
      output.say(why);
      return;
    }
    case 'refused': {
      const why = `The delete of customer ${customer ?? '?'} cannot be taken back: ${result.refusal.message}. Change that rule first, or use --detach.`;
      done.refused.push({ customer, why });
      output.say(why);
      return;
    }
    case 'not_held':
      done.refused.push({ customer, why: 'another person has decided about this delete meanwhile' });
  }
}

/**
 * A release applies to the deletes that are held at that moment; the fuse counts later ones from
 * zero.
 */
function sayDone(action: Action, decided: number, isNamed: boolean): string {
  if (action !== 'release') return `${count(decided, 'delete')} decided.`;
  const released = `${count(decided, 'delete')} released`;
  if (isNamed) return `${released}, and no others.`;
  return `${released}: all that waited at this moment. The fuse counts later deletes from zero and may hold them again.`;
}

function statusOf({ refused }: Done): number {
  return refused.length > 0 ? exit.failed : exit.ok;
}

const HEAD = ['customer', 'record', 'deleted', 'since', 'then'];

type Shown = { action: Action | null; label: string };

function toRow({ customerId, externalId, direction, since }: StuckPair, { action, label }: Shown): string[] {
  const isInbound = direction === 'in';
  return [
    ...[
      String(customerId ?? '–'),
      externalId ?? '–',
      isInbound ? `at ${label}` : 'in our table',
      shortTime(since),
    ],
    describe(action, isInbound, label),
  ];
}

function describe(action: Action | null, isInbound: boolean, label: string): string {
  switch (action) {
    case null:
      return '';
    case 'release':
      return isInbound ? 'is deleted in our table' : `is deleted at ${label}`;
    case 'take_back':
      return isInbound
        ? `stays, with a new record at ${label}`
        : 'is created again as a new customer, linked with its record';
    case 'detach':
      return isInbound ? 'stays in our table only' : `stays at ${label} only`;
  }
}

function toJson({ mappingId, customerId, externalId, direction, since }: StuckPair): object {
  return { mapping: mappingId, customer: customerId, external_id: externalId, direction, since };
}

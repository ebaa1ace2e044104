// `twinbox link` while rows wait for the first link: shows the plan, and records the operator's
// consent.
import { labelOf } from '../../lib/integrations/registry.ts';
import { placeExistingRows } from '../../lib/intake/existing-rows.ts';
import { bindAccount } from '../../lib/integrations/bind.ts';
import { findOriginal } from '../../lib/integrations/original.ts';
import { callsOf, differs, linesOf, secondsOf, type LinkOutcome } from '../../lib/operations/link-lines.ts';
import { storeConsents, planFirstLink } from '../../lib/operations/link-plan.ts';
import type { LinkPlan, PlannedPair } from '../../lib/operations/planned-link.ts';
import { saidOfNotTaken } from '../../lib/operations/link-rivals.ts';
import type { SyncDeps } from '../../lib/sync/step.ts';
import { commandActor } from '../actor.ts';
import { exit } from '../exit.ts';
import { count, table, type Output } from '../output.ts';
import { createProgress } from '../progress.ts';
import { readAccount, answerOrNull } from '../sync.ts';

export type FirstLinkOptions = {
  /**
   * Asks the question that it is given, and returns whether the operator agrees. Null: the plan is
   * only shown.
   */
  agree: ((question: string) => Promise<boolean>) | null;
  all: boolean;
  json: boolean;
};

/** Shows the plan and, if the operator agrees, records the consents. */
export async function firstLink(
  sync: SyncDeps,
  { agree, all, json }: FirstLinkOptions,
  output: Output,
): Promise<number> {
  const account = await readAccount(sync.db, sync.integration);
  if (!account.ok) {
    output.say(`No result: ${account.message}`);
    return exit.undecided;
  }
  const found = findOriginal(sync, account.account, { recount: true }).then((original) => ({ original }));
  const answer = await answerOrNull(sync.integration, found, output);
  if (answer === null) return exit.undecided;
  const { original } = answer;
  if (original !== null) output.say(sentence(original.says));
  if (original?.refused === true && agree !== null) return exit.undecided;
  const reading = createProgress(output, 'records and rows read');
  const plan = await answerOrNull(sync.integration, planFirstLink(sync, reading.update), output);
  reading.end();
  if (plan === null) return exit.undecided;
  if (!json) printPlan(plan, sync, all, output);
  const rows = rowsOf(plan);
  const question = questionOf(rows, plan.imports.length);
  const agreed = agree !== null && question !== null && (await agree(question));
  let given = { rows: 0, records: 0 };
  if (agreed) {
    const asked = bindAccount(sync.db, sync.clock, sync.integration);
    const binding = await answerOrNull(sync.integration, asked, output);
    if (binding === null) return exit.undecided;
    if (!binding.ok) {
      output.say(`No result: ${binding.message}`);
      return exit.undecided;
    }
    while ((await placeExistingRows(sync)).more);
    const storing = createProgress(output, 'consents stored');
    const onProgress = (done: number): void => storing.update(done, done / rows);
    given = await storeConsents(sync, plan, commandActor(), { onProgress });
    storing.end();
  }
  const tagged =
    original === null ? {} : { original: { records: original.records, refused: original.refused } };
  if (json) output.printJson({ ...toJson(plan), ...tagged, given });
  else if (agreed)
    output.say(
      `Consent is stored for ${count(given.rows, 'customer')}, and workers will look at ${count(given.records, 'record')}. Newer changes are worked on first.`,
    );
  else if (question !== null && original?.refused !== true)
    output.say(
      'Nothing was changed. To go ahead: npx twinbox link --all, which asks first (with --yes it does not ask).',
    );
  const undecided = plan.others.filter(({ why }) => why === 'not_imported').length;
  if (undecided > 0 && !json)
    output.say(
      `${count(undecided, 'record')} without a customer in our table: npx twinbox link --import creates a customer for each, --leave leaves them as they are.`,
    );
  return question === null && undecided === 0 ? exit.nothingMatched : exit.ok;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
}

/** The question to the operator; null if there is nothing to agree to. */
function questionOf(rows: number, imports: number): string | null {
  const parts = [
    ...(rows > 0 ? [`link ${count(rows, 'customer')}`] : []),
    ...(imports > 0 ? [`create ${count(imports, 'customer')} for the records without a customer`] : []),
  ];
  if (parts.length === 0) return null;
  const text = parts.join(' and ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}?`;
}

function rowsOf({ pairs, creates, ended }: LinkPlan): number {
  return pairs.size + creates.length + ended.length;
}

const SHOWN = 20;

/** Lines about some of the pairs that an earlier line has counted. */
const INDENTS: Partial<Record<LinkOutcome, string>> = {
  pair_differs: '… ',
  pair_field: '  ',
  pair_waits: '… ',
};

function printPlan(plan: LinkPlan, { integration, policy }: SyncDeps, all: boolean, output: Output): void {
  const label = labelOf(integration.system);
  const pairs = [...plan.pairs.values()];
  const shown = linesOf(plan, integration.system);
  const width = Math.max(0, ...shown.map((line) => line.count.toLocaleString('en-US').length));
  for (const line of shown)
    output.print(
      `${line.count.toLocaleString('en-US').padStart(width)}  ${INDENTS[line.outcome] ?? ''}${line.says}`,
    );
  if (shown.length === 0)
    output.print(`No customer in our table waits for a link, and ${label} has no customer.`);
  // Pairs that differ come first, since a person has to look at them.
  const sorted = pairs.toSorted((a, b) => Number(differs(b)) - Number(differs(a)));
  const listed = all ? sorted : sorted.slice(0, SHOWN);
  if (listed.length > 0) output.print();
  for (const line of table(listed.length > 0 ? [HEAD, ...listed.map(toRow)] : [])) output.print(line);
  if (sorted.length > listed.length)
    output.print(`… and ${(sorted.length - listed.length).toLocaleString('en-US')} more (--json has all)`);
  printChoices(pairs, all, output);
  const calls = callsOf(plan);
  if (calls.all > 0) {
    const seconds = secondsOf(calls, policy.rates ?? integration.capabilities.rates);
    output.say(
      `This takes about ${count(calls.all, 'call')} to ${label}: ${durationOf(seconds)} at its rate limits.`,
    );
  }
}

function durationOf(seconds: number): string {
  return seconds < 90 ? count(Math.ceil(seconds), 'second') : count(Math.ceil(seconds / 60), 'minute');
}

/** For customers with several possible records: which record each gets, and why. */
function printChoices(pairs: PlannedPair[], all: boolean, output: Output): void {
  const rows = pairs.flatMap(({ customer, externalId, over }) =>
    over.map((other) => [String(customer), externalId, other.externalId, saidOfNotTaken(other.by)]),
  );
  if (rows.length === 0) return;
  output.print();
  const shown = all ? rows : rows.slice(0, SHOWN);
  for (const line of table([['customer', 'gets', 'not', 'because'], ...shown])) output.print(line);
  if (rows.length > shown.length)
    output.print(`… and ${(rows.length - shown.length).toLocaleString('en-US')} more (--json has all)`);
  output.say('To choose another record, now or later: npx twinbox link CUSTOMER --record ID');
}

const HEAD = ['customer', 'record', 'by', 'values'];

function toRow({ customer, externalId, by, changes, waits }: PlannedPair): string[] {
  const { here, there, conflicts } = changes;
  const says = [
    ...here.map((field) => `${field} filled in our table`),
    ...there.map((field) => `${field} filled at Stripe`),
    ...conflicts.map(({ field, winner }) => `${field}: ${winner} stays`),
    ...(waits === null ? [] : [`waits: ${waits}`]),
  ];
  return [String(customer), externalId, by, says.join(', ') || 'agree'];
}

function toJson(plan: LinkPlan): object {
  return {
    pairs: [...plan.pairs.values()].map(({ customer, externalId, by, changes, waits, over }) => ({
      customer,
      external_id: externalId,
      by,
      instead_of: over.map((other) => ({ external_id: other.externalId, because: other.by })),
      filled_here: changes.here,
      filled_there: changes.there,
      conflicts: changes.conflicts,
      waits,
    })),
    creates: plan.creates.flatMap(({ customer, waits }) => (waits === null ? [customer] : [])),
    waiting: plan.creates.flatMap(({ customer, waits }) =>
      waits === null ? [] : [{ customer, because: waits }],
    ),
    deleted: plan.ended.length,
    under_way: plan.underWay,
    pending: plan.pending,
    imports: plan.imports,
    aliases: plan.aliases.map(({ externalId, customer, by }) => ({
      external_id: externalId,
      customer,
      because: by,
    })),
    matches: plan.matches,
    others: plan.others.map(({ externalId, why }) => ({ external_id: externalId, why })),
    elsewhere: plan.elsewhere,
    known: plan.known,
  };
}

// Who did what, when and why: the record of operations, for people and as lines of JSON.
import { InvalidArgumentError, type Command } from 'commander';
import { readAuditEntry, type AuditEntry } from '../../db/audit.ts';
import { entryText } from '../../lib/operations/audit-chain.ts';
import {
  aboutOf,
  auditActions,
  auditJson,
  auditPatterns,
  auditSays,
  type AuditWords,
} from '../../lib/operations/audit-query.ts';
import { decodeCursor } from '../../lib/operations/list-cursor.ts';
import { LIMIT_MAX, shortTime, toId, toLimit, toTimeWord } from '../choices.ts';
import type { CommandContext } from '../command-context.ts';
import { CliError, exit } from '../exit.ts';
import { table } from '../output.ts';
import { withDatabase } from '../session.ts';
import { withSource } from '../with-source.ts';

export function addAudit(context: CommandContext): void {
  const audit = context.program.command('audit').addHelpText(
    'after',
    `
Each entry has the hash of the one before it. npx twinbox verify --audit checks all of them; note the head at a place of your own,
and verify --audit --head finds out whether the end of the record was removed since.

Examples:
  $ npx twinbox audit
  $ npx twinbox audit list --action pause --since 7d
  $ npx twinbox audit --customer 42 --json
  $ npx twinbox audit text 1042 | sha256sum
  $ npx twinbox audit head > head-of-november`,
  );
  addList(audit, context);
  addHead(audit, context);
  addText(audit, context);
}

type ListOptions = AuditWords & { limit: number; after?: string; json?: boolean };

function addList(audit: Command, context: CommandContext): void {
  audit
    .command('list', { isDefault: true })
    .description('list the entries, newest first')
    .option('--actor <actor>', 'only what this actor did: key:<name>/<id>, or cli:<user> on <host>')
    .option('--action <action>', 'only this action, such as pause or revoke_key', toAction)
    .option('--system <system>', 'only entries about this system', toSystem)
    .option('--customer <id>', 'only entries about a pair of this customer', toId)
    .option('--since <time>', 'only those since then: 30m, 2h, 7d, or a time with its zone', toTimeWord)
    .option('--until <time>', 'only those before then', toTimeWord)
    .option('--after <cursor>', 'only those after this place: the cursor of the page before')
    .option('--limit <number>', `the largest number of entries, up to ${LIMIT_MAX}`, toLimit, 50)
    .option('--json', 'print each entry as a line of JSON')
    .action((options: ListOptions) => list(context, options));
}

async function list(
  { output, finish, systems }: CommandContext,
  { json = false, limit, after, ...words }: ListOptions,
): Promise<void> {
  if (after !== undefined && !decodeCursor({ list: 'audit', filter: words }, after, ['number']))
    throw new CliError(exit.usage, '--after must be a whole cursor of this list, with the same filter.');
  const { found: page, next } = await withSource(systems, (source) => source.audit({ words, after, limit }));
  if (json) for (const entry of page) output.printJsonLine(auditJson(entry));
  else if (page.length === 0) output.say('There are no such entries.');
  else for (const line of table([HEAD, ...page.map(toRow)])) output.print(line);
  if (next !== null) output.say(`There are more: --after ${next}`);
  finish(exit.ok);
}

const HEAD = ['number', 'when', 'action', 'system', 'about', 'actor', 'pairs', 'reason'];

function toRow(entry: AuditEntry): string[] {
  const { id, at, action, system, actor, pairCount, reason } = entry;
  return [
    String(id),
    shortTime(new Date(at)),
    action,
    system || '–',
    aboutOf(entry) ?? '–',
    actor,
    String(pairCount),
    reason ?? '–',
  ];
}

function addHead(audit: Command, { output, finish, systems }: CommandContext): void {
  audit
    .command('head')
    .description('print the number and the hash of the newest entry, to be noted elsewhere')
    .option('--json', 'print it as JSON')
    .action(async ({ json = false }: { json?: boolean }) => {
      const head = await withSource(systems, (source) => source.auditHead());
      if (json) output.printJson(head);
      else output.print(`${head.id}:${head.hash}`);
      finish(exit.ok);
    });
}

function addText(audit: Command, { output, finish }: CommandContext): void {
  audit
    .command('text')
    .description('print the text whose SHA-256 is the hash of an entry, without an end of line')
    .argument('<number>', 'the number of the entry', toId)
    .action(async (id: number) => {
      const entry = await withDatabase(({ database: { db } }) => readAuditEntry(db, id), {
        mayCreate: false,
      });
      if (!entry) {
        output.say(`No entry has the number ${id}.`);
        return finish(exit.nothingMatched);
      }
      output.writeExact(entryText(entry));
      finish(exit.ok);
    });
}

function toAction(text: string): string {
  if (!auditActions.includes(text)) throw new InvalidArgumentError(`It ${auditSays.action}.`);
  return text;
}

function toSystem(text: string): string {
  if (!new RegExp(auditPatterns.system).test(text)) throw new InvalidArgumentError(`It ${auditSays.system}.`);
  return text;
}

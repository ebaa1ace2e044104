// What `twinbox explain` prints for people. lib/operations/explain-json.ts has the same facts for programs.
import type { MappedRow } from '../db/entities/rows.ts';
import { plainText } from '../lib/catalogue/field-types.ts';
import type { Value } from '../lib/catalogue/document.ts';
import type {
  Explanation,
  FieldExplained,
  NotReceived,
  OpenDeliveries,
  PairExplained,
} from '../lib/operations/explain.ts';
import type { ReadResult } from '../lib/operations/explain-read.ts';
import { labelOf } from '../lib/integrations/registry.ts';
import { shortTime } from './choices.ts';
import { describeEffect } from './effect.ts';
import { count, table } from './output.ts';

export type Line = { text: string; isTitle?: boolean };

export function explanationLines(explained: Explanation): Line[] {
  const { customer, pairs, notReceived, conflicts, unmatched } = explained;
  const lines: Line[] = [{ text: describeCustomer(explained), isTitle: true }];
  for (const pair of pairs) lines.push({ text: '' }, ...pairLines(pair));
  for (const each of notReceived)
    lines.push({ text: '' }, ...notReceivedLines(each, pairs.length + notReceived.length > 1));
  for (const { system, externalId, decision } of unmatched)
    lines.push({
      text:
        decision === 'leave'
          ? `A person decided to leave the record ${externalId} of ${labelOf(system)} alone.`
          : `${labelOf(system)} has the record ${externalId}, and it has no customer in our table: npx twinbox link lists such records.`,
    });
  if (conflicts > 0 && customer)
    lines.push(
      { text: '' },
      {
        text: `${count(conflicts, 'conflict')} not reversed: npx twinbox conflicts list --customer ${customer.id} --no-reversed`,
      },
    );
  return lines;
}

function describeCustomer({ customer, pairs, unmatched }: Explanation): string {
  if (customer) return sayCustomer(customer);
  const id = pairs.find(({ mapping }) => mapping.internalId !== null)?.mapping.internalId;
  if (id !== undefined) return `customer ${id ?? '?'} is not in our table`;
  return unmatched.length > 0 ? 'a record without a customer' : 'no customer yet';
}

function sayCustomer({ id, version, updatedAt, deletedAt }: MappedRow): string {
  if (deletedAt) return `customer ${id}, deleted in our table ${shortTime(deletedAt)}`;
  return `customer ${id}, version ${version}, last changed ${shortTime(updatedAt)}`;
}

/** `isNamed`: several systems are shown. */
function notReceivedLines({ system, newest, obstacles }: NotReceived, isNamed: boolean): Line[] {
  const none = `The customer has no pair${isNamed ? ` with ${labelOf(system)}` : ''} yet`;
  const how =
    newest === null
      ? `${none}, and its events are no longer stored.`
      : newest === 'unpublished'
        ? `${none}: the relay has not published its newest change.`
        : `${none}: its newest change is published, and no worker has received it.`;
  const rows = [
    ['so far', how],
    ...labelled(
      'not now',
      obstacles.map(({ says }) => says),
    ),
  ];
  return asLines([...rows, ['you can', 'npx twinbox status   (shows what runs and what is on its way)']]);
}

function pairLines(pair: PairExplained): Line[] {
  const { mapping, fields } = pair;
  const title = { text: `${labelOf(mapping.system)}, mapping ${mapping.id}`, isTitle: true };
  const facts = asLines([
    ['record', sayRecord(pair)],
    ['state', `${mapping.state} since ${shortTime(pair.since)}`],
    ...labelled('why', pair.why === null ? [] : [pair.why]),
    ...labelled('closed', pair.closing === null ? [] : [sayClosing(pair.closing)]),
    ...labelled('decided', mapping.decision === null ? [] : [sayDecision(mapping.decision)]),
    ['versions', sayVersions(pair)],
    ['open', sayOpen(pair.open)],
  ]);
  const shown = fields.length === 0 ? [] : [{ text: '' }, ...fieldLines(pair), { text: '' }];
  const decided = asLines([
    ['rung', sayRung(pair)],
    ['would now', describeEffect(pair.effect, pair.mapping.system)],
    ...labelled('not now', sayObstacles(pair)),
    ...commandRows(pair),
  ]);
  return [title, ...facts, ...shown, ...decided];
}

function sayClosing({ at, actor, reason }: NonNullable<PairExplained['closing']>): string {
  return `by ${actor} at ${shortTime(at)}: ${reason}; a new event or a replay opens it again`;
}

function sayRecord({ mapping, read }: PairExplained): string {
  const { externalId, role, knownEmail, mergedInto } = mapping;
  const id = externalId ?? 'none yet';
  const merged = mergedInto === null ? '' : `, merged into ${mergedInto}`;
  const what = role === 'alias' ? `${id}, a second record of the customer${merged}` : id;
  const known = knownEmail === null ? '' : `, with ${knownEmail} when last known`;
  return `${what}${known}${read === null ? '' : sayRead(read)}`;
}

function sayRead(read: ReadResult): string {
  switch (read.state) {
    case 'present':
      return '; read now: the record exists';
    case 'erased':
      return '; read now: the record was deleted';
    case 'merged':
      return `; read now: the record was merged into ${read.into}`;
    case 'missing':
      return '; read now: the record is not known (404)';
    case 'no_record':
      return '';
    case 'unreadable':
      return `; the record could not be read: ${read.code}`;
  }
}

function sayDecision({
  kind,
  external_id: record,
  by,
  why,
}: NonNullable<PairExplained['mapping']['decision']>): string {
  const what = `${kind}${record === undefined ? '' : ` ${record}`}`;
  const who = by === undefined || by === null ? '' : ` by ${by}`;
  return `${what}${who}${why === undefined || why === null ? '' : `: ${why}`}; a worker carries it out`;
}

function sayVersions({ mapping, version, isDone, lastIntent }: PairExplained): string {
  const none =
    mapping.internalId === null ? 'the record has no row in our table' : 'the row is not in our table';
  const ours = version === null ? none : `ours is at ${version}`;
  const sent = mapping.pushedVersion === 0 ? sayUnsent(lastIntent) : `sent up to ${mapping.pushedVersion}`;
  return `${ours}, ${sent}; ${isDone ? 'nothing is left to do' : 'a worker has to look'}`;
}

/** No version of ours is at the system; a request may have been there all the same. */
function sayUnsent(last: PairExplained['lastIntent']): string {
  if (last === null || last.result === 'not_needed') return 'nothing was sent yet';
  const how = { refused: 'refused', unknown: 'its result is not known', done: 'done' }[last.result];
  return `nothing is there yet: ${last.operation} of version ${last.version} was sent, ${how}`;
}

function sayOpen(open: OpenDeliveries[]): string {
  if (open.length === 0) return 'no deliveries';
  return open.map(({ type, status, count: number }) => `${number} ${type} (${status})`).join(', ');
}

/** Why the two values of a field in the shadow are left different. */
const LEFT: Record<NonNullable<FieldExplained['left']>, string> = {
  derived: 'ours was derived from their other fields, and is not sent',
  held: 'both stay: another customer has this value',
  null_refused: 'ours stays: they emptied the field, which is never empty in our table',
  cannot_carry: 'both stay: ours is longer or larger than they can be given',
  cannot_take: 'both stay: theirs is no value of our field',
  refused: 'both stay: their record forbids the change for now',
  reformed: 'our table changed their value, and the changed value is sent to them',
  reform_refused: 'both stay: they restore the value that our table changes',
};

function fieldLines({ mapping, fields, read }: PairExplained): Line[] {
  const name = labelOf(mapping.system);
  const isRead = read?.state === 'present';
  const head = [
    'field',
    'ours',
    `at ${name}, as last known`,
    ...(isRead ? [`at ${name}, read now`] : []),
    '',
  ];
  const rows = fields.map((each) => [
    ...[each.field, say(each.ours), say(each.known), ...(isRead ? [say(each.read ?? null)] : [])],
    [each.differs === true ? 'differs' : '', each.left === null ? '' : LEFT[each.left]]
      .filter((text) => text !== '')
      .join('; '),
  ]);
  return table([head, ...rows]).map((text) => ({ text: text.trimEnd() }));
}

function say(value: Value): string {
  return value === null ? '–' : plainText(value);
}

function commandRows({ remedies }: PairExplained): string[][] {
  const width = Math.max(0, ...remedies.map(({ command }) => command.length));
  return labelled(
    'you can',
    remedies.map(({ command, does }) => `${command.padEnd(width)}  (${does})`),
  );
}

/** If the rung needs a read, only the read shows whether this rung or one below it answers. */
function sayRung({ rung, effect }: PairExplained): string {
  if (rung === null) return 'none: a worker works on this pair now';
  const asks = effect.would === 'unknown' && effect.needs !== undefined;
  return asks ? `${rung}, or one below it: explain --read shows which` : rung;
}

function sayObstacles({ obstacles, isDone }: PairExplained): string[] {
  if (obstacles.length > 0) return obstacles.map(({ says }) => says);
  return isDone ? [] : ['no obstacle: a worker claims this pair next'];
}

/** Puts the label beside the first text only. */
function labelled(label: string, texts: string[]): string[][] {
  return texts.map((text, at) => [at === 0 ? label : '', text]);
}

const LABEL_WIDTH = 'would now'.length;

function asLines(rows: string[][]): Line[] {
  return rows.map(([label = '', text = '']) => ({ text: `${label.padEnd(LABEL_WIDTH)}  ${text}` }));
}

// What the table's own triggers make of a value that was pulled: `initcap(name)` of "ada" is "Ada".
// What the row has become is ours.
//
// The pair (ours, theirs) is held on both sides, so it is the shadow, marked `reformed`: the next
// merge sends our form out, once. Then both sides agree. At the system their form may be put back:
// by a person, or by a rule of theirs that meets ours. A form that was sent over theirs by our last
// write is not sent over it again, or two rules would go on for ever: the pair stays as it is, with
// a conflict.
import { readClosedIntents } from '../../db/closed-intents.ts';
import type { Fields, FieldRule, Value } from '../catalogue/document.ts';
import { same } from './canonical.ts';
import type { Conflict, Plan } from './merge.ts';
import type { Shadow } from './shadow.ts';
import type { Step, SyncDeps } from './step.ts';
import type { LoadedRow } from '../../db/mappings/load.ts';
import { fieldsOf } from './values.ts';

export interface Reformed {
  /** With the pairs of the pulled fields. */
  shadow: Shadow;
  /** Some form of ours has to be sent. */
  goesOut: boolean;
  conflicts: Conflict[];
}

/**
 * The pairs of the fields that were pulled, by what the row has become. Reads only where a trigger
 * made another value.
 */
export async function takeForms(
  deps: SyncDeps,
  step: Step,
  {
    pulled,
    plan,
    theirs,
    row,
  }: { pulled: string[]; plan: Plan; theirs: Fields; row: Pick<LoadedRow, 'fields'> },
): Promise<Reformed> {
  const { fields: rules } = deps.integration.document;
  const became = fieldsOf(row);
  const result: Reformed = { shadow: { ...step.mapping.shadow }, goesOut: false, conflicts: [] };
  for (const field of Object.keys(plan.pull)) {
    const rule = rules.find(({ internal }) => internal === field);
    const [value, own, their] = [plan.pull[field] ?? null, became[field] ?? null, theirs[field] ?? null];
    if (rule === undefined || same(rule, value, own)) {
      if (pulled.includes(field)) result.shadow[field] = { ours: value, theirs: their };
      continue;
    }
    // What is put back on both sides goes out by the next merge as an edit of ours, in the form
    // that it has in our table.
    if (!pulled.includes(field)) result.goesOut = true;
    else if (rule.direction === 'pull' || same(rule, own, their))
      result.shadow[field] = {
        ours: own,
        theirs: their,
        ...(same(rule, own, their) ? {} : { reason: 'reform_refused' as const }),
      };
    else if (await wasSentOver(deps, step, rule, { own, their })) {
      result.conflicts.push(refusedForm(field, step.mapping.shadow[field]?.ours ?? null, own, their));
      result.shadow[field] = { ours: own, theirs: their, reason: 'reform_refused' };
    } else {
      result.goesOut = true;
      result.shadow[field] = { ours: own, theirs: their, reason: 'reformed' };
    }
  }
  return result;
}

/**
 * The same for a row that was just made for their record: the pairs as it has become, and the forms
 * that have to be sent.
 */
export function formsOfRow(
  rules: FieldRule[],
  shadow: Shadow,
  row: Pick<LoadedRow, 'fields'>,
): { pairs: Shadow; forms: Fields } {
  const became = fieldsOf(row);
  const pairs: Shadow = {};
  const forms: Fields = {};
  for (const [field, pair] of Object.entries(shadow)) {
    const rule = rules.find(({ internal }) => internal === field);
    const own = became[field] ?? null;
    if (rule === undefined || same(rule, own, pair.ours)) pairs[field] = pair;
    // What stands in for a value that they do not have is never sent.
    else if (pair.reason === 'derived') pairs[field] = { ...pair, ours: own };
    else {
      if (rule.direction !== 'pull') forms[field] = own;
      pairs[field] = {
        ours: own,
        theirs: pair.theirs,
        reason: rule.direction === 'pull' ? 'reform_refused' : 'reformed',
      };
    }
  }
  return { pairs, forms };
}

/**
 * Whether the last write that took effect at the system put this very form in the place of this
 * very value.
 */
async function wasSentOver(
  { db }: SyncDeps,
  { lastIntent }: Step,
  rule: FieldRule,
  { own, their }: { own: Value; their: Value },
): Promise<boolean> {
  if (lastIntent === null) return false;
  const [intent] = await readClosedIntents(db, [lastIntent.id]);
  const sent = intent?.fields[rule.internal];
  return sent !== undefined && same(rule, sent.ours, own) && same(rule, sent.seen, their);
}

function refusedForm(field: string, base: Value, ours: Value, theirs: Value): Conflict {
  return { kind: 'reform_refused', field, base, ours, theirs, rule: 'form_of_the_table', winner: 'neither' };
}

import type { FieldRule, Fields, Value } from '../../lib/catalogue/document.ts';
import { plainField } from '../../lib/catalogue/built-in.ts';
import { plainText } from '../../lib/catalogue/field-types.ts';
import { canonical, same } from '../../lib/sync/canonical.ts';
import type { Pair } from '../../lib/sync/shadow.ts';
import type { JournalledMapping, JournalledRow, Left } from './journal.ts';

export interface TransactionLaws {
  /**
   * Judges the states that transactions left. `shown` is all values that a record of theirs has had
   * so far, oldest first: what a transaction says of their side has to be among them, and never
   * older than what was said before.
   */
  judge(left: readonly Left[], shown: (externalId: string) => readonly Fields[]): void;
  /** Each violation of a law, even if a later transaction has fixed it. */
  readonly broken: string[];
}

/** The position in its side's history that each half of a pair is known to have. */
type Reached = { ours: number; theirs: number };

const NEVER_DOWN = ['dirty', 'clean', 'fence', 'intentNumber', 'wantedVersion', 'pushedVersion'] as const;
const ENDED = new Set(['tombstoned', 'detached', 'alias']);

/** What must hold after every transaction of the engine, and not only once all is at rest. */
export function createTransactionLaws(rules: readonly FieldRule[]): TransactionLaws {
  const mappings = new Map<number, JournalledMapping>();
  const rows = new Map<number, (JournalledRow & { tx: string })[]>();
  const reached = new Map<string, Reached>();
  const broken: string[] = [];

  function judgeRow(id: number, next: JournalledRow, tx: string): void {
    const versions = rows.get(id) ?? [];
    const before = versions.at(-1);
    if (next.version !== (before?.version ?? 0) + 1)
      broken.push(`customer ${id} went from version ${before?.version ?? 0} to ${next.version}`);
    if (before && before.deletedAt !== null) broken.push(`customer ${id} was changed after its deletion`);
    rows.set(id, [...versions, { ...next, tx }]);
  }

  /**
   * A pull replaces the value that the merge had read: an edit of ours that came between is not
   * overwritten.
   */
  function judgePull(id: number, next: JournalledMapping, tx: string): void {
    const versions = rows.get(next.internalId ?? 0) ?? [];
    const at = versions.findIndex((row) => row.tx === tx);
    const [was, is] = [versions[at - 1], versions[at]];
    if (!was || !is || is.deletedAt !== null) return;
    for (const rule of rules) {
      const field = rule.internal as 'name' | 'email';
      const seen = mappings.get(id)?.shadow[field];
      if (!seen || same(rule, was[field], is[field]) || same(rule, was[field], seen.ours)) continue;
      if (!is.kept.some((conflict) => conflict.field === field && same(rule, conflict.ours, was[field])))
        broken.push(`mapping ${id} (${next.state}) wrote over ${field} = ${was[field] ?? 'nothing'} of ours`);
    }
  }

  function judgeMapping(id: number, next: JournalledMapping | null, shown: Shown): void {
    const before = mappings.get(id);
    const say = (what: string): void => void broken.push(`mapping ${id} (${next?.state ?? 'gone'}) ${what}`);
    if (!next) {
      if (before && before.internalId !== null) say('was taken from its row');
      mappings.delete(id);
      return;
    }
    mappings.set(id, next);
    brokenNumbers(before, next).forEach(say);
    brokenIntents(before, next).forEach(say);
    brokenStates(before, next).forEach(say);
    for (const rule of rules) {
      const [old, pair] = [before?.shadow[rule.internal], next.shadow[rule.internal]];
      if (JSON.stringify(old) === JSON.stringify(pair)) continue;
      // A pair that ends as an alias, or begins again with another record, has no common past.
      if (!pair && changesPlace(before, next)) reachedAnew(id, rule.internal);
      else if (!pair) say(`lost the shadow of ${rule.internal}`);
      else if (!(changesPlace(before, next) && isStandIn(pair)))
        brokenPair(id, next, rule, pair, shown).forEach(say);
    }
  }

  /** Values that both sides held before may be held again. */
  function reachedAnew(id: number, field: string): void {
    for (const key of reached.keys())
      if (key.startsWith(`${id} `) && key.endsWith(` ${field}`)) reached.delete(key);
  }

  /**
   * The shadow law: both halves are known values, belong together, and are no older than the halves
   * before them.
   */
  function brokenPair(
    id: number,
    { internalId, externalId }: JournalledMapping,
    rule: FieldRule,
    pair: Pair,
    shown: Shown,
  ): string[] {
    const field = rule.internal;
    if (internalId === null || externalId === null) return [`has a shadow of ${field}, and is no pair`];
    const key = `${id} ${externalId} ${field}`;
    const from = reached.get(key) ?? { ours: 0, theirs: 0 };
    const ours = (rows.get(internalId) ?? []).map((row) => row[field as 'name' | 'email']);
    const theirs = shown(externalId).map((values) => values[rule.external]);
    const found = {
      ours: indexFrom(ours, from.ours, pair.ours),
      theirs: indexFrom(theirs, from.theirs, pair.theirs),
    };
    reached.set(key, {
      ours: Math.max(from.ours, found.ours),
      theirs: Math.max(from.theirs, found.theirs),
    });
    const wrong: string[] = [];
    if (found.ours < 0) wrong.push(`took ${ofPair(field, pair)} for the shadow: ours is not held any more`);
    if (found.theirs < 0) wrong.push(`took ${ofPair(field, pair)} for the shadow: theirs is not held (yet)`);
    if (!mayStand(rule, pair)) wrong.push(`took ${ofPair(field, pair)} for the same thing`);
    return wrong;
  }

  /** A row has one primary record, and every other record of it is an alias. */
  function judgeRecords(): void {
    const all = [...mappings.values()].filter(({ internalId }) => internalId !== null);
    for (const [row, records] of Map.groupBy(all, ({ internalId }) => internalId)) {
      const primaries = records.filter(({ role }) => role === 'primary');
      if (primaries.filter(({ state }) => state !== 'detached').length > 1)
        broken.push(`customer ${row} has two primaries`);
      if (primaries.length === 0) broken.push(`customer ${row} has an alias and no primary`);
    }
  }

  return {
    broken,
    judge(left, shown) {
      // Rows first: a transaction that pulls changes the row and the mapping, in any order.
      for (const entry of left) if (entry.of === 'row') judgeRow(entry.id, entry.row, entry.tx);
      for (const entry of left) {
        if (entry.of !== 'mapping') continue;
        const { id, tx, mapping } = entry;
        if (mapping) judgePull(id, mapping, tx);
        judgeMapping(id, mapping, shown);
      }
      judgeRecords();
    },
  };
}

type Shown = (externalId: string) => readonly Fields[];

function brokenNumbers(before: JournalledMapping | undefined, next: JournalledMapping): string[] {
  const ofTheRow = new Set<string>(
    before && before.internalId !== null && next.internalId === null
      ? ['wantedVersion', 'pushedVersion']
      : [],
  );
  const kept = NEVER_DOWN.filter((name) => !ofTheRow.has(name));
  const wrong = kept
    .filter((name) => before && next[name] < before[name])
    .map((name) => `let ${name} go down from ${before?.[name]} to ${next[name]}`);
  if (next.clean > next.dirty)
    wrong.push(`is clean up to ${next.clean}, beyond its dirty number ${next.dirty}`);
  return wrong;
}

/**
 * Only one intent is open at a time, it does not change, and it is closed before the next one
 * opens.
 */
function brokenIntents(before: JournalledMapping | undefined, next: JournalledMapping): string[] {
  const [old, open] = [before?.intent ?? null, next.intent];
  const wrong: string[] = [];
  if (open && open.number !== next.intentNumber)
    wrong.push(`has intent ${open.number} open, and counts ${next.intentNumber}`);
  if (old && open && old.id === open.id && frozen(old) !== frozen(open)) wrong.push('changed an open intent');
  if (old && old.id !== open?.id && next.closed !== old.number)
    wrong.push(`left intent ${old.number} without closing it`);
  if (open && open.number <= (next.closed ?? 0)) wrong.push(`has intent ${open.number} open and closed`);
  return wrong;
}

function frozen(intent: NonNullable<JournalledMapping['intent']>): string {
  const { id, number, operation, key, body, fields, version, hop, firstSentAt } = intent;
  return JSON.stringify([id, number, operation, key, body, fields, version, hop, firstSentAt]);
}

function brokenStates(before: JournalledMapping | undefined, next: JournalledMapping): string[] {
  const wrong: string[] = [];
  if (before && ENDED.has(before.state) && next.state !== before.state && !mayGoOn(before, next))
    wrong.push(`came back from ${before.state}`);
  if (before && before.externalId !== null && next.externalId !== before.externalId)
    wrong.push(`let go of ${before.externalId}`);
  const gaveUp = before && before.internalId !== null && next.internalId !== before.internalId;
  if (gaveUp && !(next.internalId === null && mayGoOn(before, next)))
    wrong.push(`let go of customer ${before.internalId}`);
  if (next.clean === next.dirty && next.reason === null) {
    if (next.queued) wrong.push('is clean with something still to be done');
    if (next.mustRead) wrong.push('is clean with a read that was asked for');
  }
  return wrong;
}

/**
 * An alias becomes the primary record, ends, or loses its row; of a row that was deleted, a record
 * that stayed may be chosen.
 */
function mayGoOn(before: JournalledMapping, next: JournalledMapping): boolean {
  if (next.internalId === null) return before.state === 'alias' || before.state === 'detached';
  return before.state === 'alias' && (next.state === 'tombstoned' || changesPlace(before, next));
}

/**
 * It becomes another row's record, or belongs to no row, or changes places with another record of
 * its row.
 */
function changesPlace(before: JournalledMapping | undefined, next: JournalledMapping): boolean {
  return before !== undefined && (before.role !== next.role || before.internalId !== next.internalId);
}

/** A value of ours that gives way to the new record's value, which is read next. */
function isStandIn({ theirs, reason }: Pair): boolean {
  return reason === 'derived' && theirs === null;
}

function indexFrom(values: readonly (Value | undefined)[], from: number, wanted: Value): number {
  return values.findIndex(
    (value, index) => index >= from && canonical(TEXT, value) === canonical(TEXT, wanted),
  );
}

/** Halves that differ are a decision to leave both unchanged, and say which. */
function mayStand(rule: FieldRule, { ours, theirs, reason }: Pair): boolean {
  if (reason === undefined) return same(rule, ours, theirs);
  if (reason === 'held') return rule.internal === 'email';
  return reason === 'cannot_carry' || canonical(rule, theirs) === null;
}

function ofPair(field: string, { ours, theirs, reason }: Pair): string {
  const text = `${field} (${plainText(ours ?? 'nothing')} here, ${plainText(theirs ?? 'nothing')} there)`;
  return reason === undefined ? text : `${text} as ${reason}`;
}

/** The histories have fields of text. */
const TEXT = { field: plainField('any', 'text') };

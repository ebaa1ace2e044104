// What a mapped field would do to a value: ours on its way to the system, and back again. Nothing is
// read or written.
import { fold } from '../../db/email-fold.ts';
import { tidyText } from './customer.ts';
import type { FieldRule } from './document.ts';
import type { Field, FieldType } from './entity.ts';
import { canonical, fromText, toText } from './field-types.ts';
import { TransformFailure } from './transform-failure.ts';
import { carryStep, type Way } from './transforms.ts';
import type { Value } from './value.ts';

/** A text after a transform. */
export interface Step {
  transform: string;
  text: string;
}

/** `ours` and `theirs` are texts, as the system holds them; null where there is none. */
export interface TriedField {
  internal: string;
  external: string;
  direction: FieldRule['direction'];
  ours: string | null;
  toExternal: Step[];
  theirs: string | null;
  toInternal: Step[];
  /** What our table has after the way to the system and back. */
  back: string | null;
  /**
   * `kept`: the value comes back as it was. `alike`: in a form that counts as the same, since it
   * changes no more on a second way. `changed`: the two sides would never agree. `too_long`: the
   * system cannot hold it, so it is left as it is on both sides. `failed`: a transform cannot carry it.
   */
  outcome: 'kept' | 'alike' | 'changed' | 'too_long' | 'failed';
  /** Which transform has failed, and how, as a sentence; null unless one has. */
  failure: string | null;
}

export function tryField(rule: FieldRule, field: Field, value: Value): TriedField {
  const ours = toText(canonical(value, field), field);
  const { internal, external, direction, maxLength } = rule;
  const tried = tryBothWays(rule, ours);
  if ('failure' in tried) {
    const none = { toExternal: [], theirs: null, toInternal: [], back: null };
    return { internal, external, direction, ours, ...none, outcome: 'failed', failure: tried.failure };
  }
  const { there, again } = tried;
  const isTooLong = maxLength !== null && Array.from(there.theirs ?? '').length > maxLength;
  const isKept = isSame(rule, field, ours, there.back);
  const isAlike = isSame(rule, field, there.back, again.back);
  const outcome = isTooLong ? 'too_long' : isKept ? 'kept' : isAlike ? 'alike' : 'changed';
  return { internal, external, direction, ours, ...there, outcome, failure: null };
}

function tryBothWays(
  rule: FieldRule,
  ours: string | null,
): Record<'there' | 'again', ReturnType<typeof thereAndBack>> | { failure: string } {
  try {
    const there = thereAndBack(rule, ours);
    return { there, again: thereAndBack(rule, there.back) };
  } catch (error) {
    if (error instanceof TransformFailure) return { failure: error.message };
    throw error;
  }
}

function thereAndBack(
  rule: FieldRule,
  ours: string | null,
): Pick<TriedField, 'toExternal' | 'theirs' | 'toInternal' | 'back'> {
  const out = carried(rule, 'toExternal', ours);
  const theirs = tidied(out.text);
  const home = carried(rule, 'toInternal', theirs);
  return { toExternal: out.steps, theirs, toInternal: home.steps, back: tidied(home.text) };
}

/** A value of the type, to try a rule with. */
export function sampleOf(field: Field): Value {
  const sample = field.type === 'enum' ? (field.values?.[0] ?? null) : SAMPLES[field.type];
  return typeof sample === 'string' && field.maxLength !== null
    ? Array.from(sample).slice(0, field.maxLength).join('')
    : sample;
}

const SAMPLES: Readonly<Record<Exclude<FieldType, 'enum'>, Value>> = {
  text: 'Zoë  Example',
  email: 'Zoe.Example@Example.com',
  integer: 42,
  money: 4200,
  decimal: '1',
  boolean: true,
  date: '2026-01-31',
  timestamp: '2026-01-31T12:00:00Z',
  json: { b: [1, 2], a: 'text' },
  reference: 1,
};

function carried(rule: FieldRule, way: Way, text: string | null): { text: string | null; steps: Step[] } {
  if (text === null) return { text, steps: [] };
  const steps: Step[] = [];
  let now = text;
  for (const transform of rule[way]) {
    now = carryStep(rule, way, transform, now);
    steps.push({ transform, text: now });
  }
  return { text: now, steps };
}

function isSame({ compare }: FieldRule, field: Field, a: string | null, b: string | null): boolean {
  if (a === null || b === null) return a === b;
  const read = fromText(b, field);
  const c = 'value' in read ? toText(read.value, field) : b;
  return a === c || (compare.includes('lower') && c !== null && fold(a) === fold(c));
}

function tidied(text: string | null): string | null {
  const tidy = tidyText(text ?? '');
  return tidy === '' ? null : tidy;
}

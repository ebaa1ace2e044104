// Transforms by name: a mapping document contains no code. All are pure functions.
import { fold } from '../../db/email-fold.ts';
import { plainText } from './field-types.ts';
import { isStorableText } from './json.ts';
import { NO_STORABLE_TEXT, NO_TEXT, TransformFailure, whatWasThrown } from './transform-failure.ts';
import type { Value } from './value.ts';

/**
 * How a value may be changed on its way to the other side or back. Applying a transform twice gives
 * the same as once, and their order does not matter, so that a value that was carried over once
 * stays the same from then on.
 */
const CARRIES = {
  /**
   * A to Z alone, by the rule that decides whether two emails are one (db/email-fold.ts). A
   * separate accent is combined with its letter first.
   */
  lower: (text: string): string => fold(text.normalize('NFC')),
  /** Any white space within it becomes one space. */
  singleSpaced: (text: string): string => text.replace(/\s+/gu, ' '),
};

export type CarryName = keyof typeof CARRIES;

/** The names of the built-in ones. */
export const carryNames: readonly string[] = Object.keys(CARRIES);

/** A transform of the user's own, by the same law: pure, and twice gives the same as once. */
export interface OwnTransform {
  toExternal(text: string): string;
  toInternal(text: string): string;
}

/** By name. */
export type OwnTransforms = Readonly<Record<string, OwnTransform>>;

/** How a value that replaces another field is made; there is no way back. */
const STAND_INS = {
  /** The part of an email before its last @, in place of a name. */
  localPart: (text: string): string => (text.includes('@') ? text.slice(0, text.lastIndexOf('@')) : text),
};

type StandInName = keyof typeof STAND_INS;

export const standInNames = Object.keys(STAND_INS);

export function isStandIn(name: string): name is StandInName {
  return Object.hasOwn(STAND_INS, name);
}

export function standIn(name: string, text: string): string {
  return isStandIn(name) ? STAND_INS[name](text) : text;
}

/** The part of a field's rule that is about transforms. */
export interface Carried {
  toExternal: readonly string[];
  toInternal: readonly string[];
  /** The name of our field, for people. */
  internal?: string;
  /** Those of the user's own that the rule names; left out if it names none. */
  own?: OwnTransforms;
}

export type Way = 'toExternal' | 'toInternal';

/**
 * Our value in the form that they get. A transform makes a text of it. Throws TransformFailure if one of
 * the user's own cannot.
 */
export function toExternal(rule: Carried, value: Value): Value {
  return carry(rule, 'toExternal', value);
}

/** Their value in the form that we take. Throws TransformFailure as well. */
export function fromExternal(rule: Carried, value: Value): Value {
  return carry(rule, 'toInternal', value);
}

/** The same of a value that is only compared or kept: one that cannot be carried stays as it is. */
export function toExternalIfAble(rule: Carried, value: Value): Value {
  return ifAble(() => toExternal(rule, value)) ?? value;
}

export function fromExternalIfAble(rule: Carried, value: Value): Value {
  return ifAble(() => fromExternal(rule, value)) ?? value;
}

/** Null where a transform of the user's own has failed. */
export function ifAble<T>(carries: () => T): T | null {
  try {
    return carries();
  } catch (error) {
    if (error instanceof TransformFailure) return null;
    throw error;
  }
}

/** The text after one transform. */
export function carryStep(rule: Carried, way: Way, name: string, text: string): string {
  if (isCarry(name)) return CARRIES[name](text);
  const own = rule.own && Object.hasOwn(rule.own, name) ? rule.own[name] : undefined;
  const failed = { transform: name, way, field: rule.internal ?? '' };
  let carried: unknown; // a program may have been given a function that no type has checked
  try {
    carried = own?.[way](text);
  } catch (error) {
    throw new TransformFailure({ ...failed, message: whatWasThrown(error, text) });
  }
  if (typeof carried !== 'string') throw new TransformFailure({ ...failed, message: NO_TEXT });
  if (!isStorableText(carried)) throw new TransformFailure({ ...failed, message: NO_STORABLE_TEXT });
  return carried;
}

function carry(rule: Carried, way: Way, value: Value): Value {
  if (value === null || rule[way].length === 0) return value;
  return rule[way].reduce((text, name) => carryStep(rule, way, name, text), plainText(value));
}

function isCarry(name: string): name is CarryName {
  return Object.hasOwn(CARRIES, name);
}

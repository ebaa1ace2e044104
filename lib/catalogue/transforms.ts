// Transforms by name: a mapping document contains no code. All are pure functions.
import { fold } from '../../db/email-fold.ts';

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

export const carryNames = Object.keys(CARRIES) as CarryName[]; // of the object above

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
type Carried = { toExternal: CarryName[]; toInternal: CarryName[] };

/** Our value in the form that they get. */
export function toExternal({ toExternal: names }: Carried, value: string | null): string | null {
  return carry(names, value);
}

/** Their value in the form that we take. */
export function fromExternal({ toInternal: names }: Carried, value: string | null): string | null {
  return carry(names, value);
}

function carry(names: CarryName[], value: string | null): string | null {
  return value === null ? null : names.reduce((text, name) => CARRIES[name](text), value);
}

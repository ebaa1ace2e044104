// Transforms by name: a mapping document holds no code. All are pure.
import { fold } from '../../db/email-fold.ts';

/**
 * What may become of a value on its way to the other side or back. Each done twice is done once,
 * and their order does not matter, so that what has come over is carried as it is from then on: a
 * value and what it becomes are the same thing.
 */
const CARRIES = {
  /**
   * A to Z alone, by the rule that decides whether two emails are one (db/email-fold.ts). An accent that
   * stands by itself joins its letter first.
   */
  lower: (text: string): string => fold(text.normalize('NFC')),
  /** Any white space within it is one blank. */
  singleSpaced: (text: string): string => text.replace(/\s+/gu, ' '),
};

export type CarryName = keyof typeof CARRIES;

export const carryNames = Object.keys(CARRIES) as CarryName[]; // of the object above

/** What a value that stands in for another may be made of; there is no way back. */
const STAND_INS = {
  /** The part of an e-mail before its last @: a stand-in for a name. */
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

/** A field's rule, as far as it is about carrying. */
type Carried = { toExternal: CarryName[]; toInternal: CarryName[] };

/** Our value as they get it. */
export function toExternal({ toExternal: names }: Carried, value: string | null): string | null {
  return carry(names, value);
}

/** Their value as we take it. */
export function fromExternal({ toInternal: names }: Carried, value: string | null): string | null {
  return carry(names, value);
}

function carry(names: CarryName[], value: string | null): string | null {
  return value === null ? null : names.reduce((text, name) => CARRIES[name](text), value);
}

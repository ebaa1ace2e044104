// Checks for the values of a jsonb column, which may have been changed by hand.
export type Json = Record<string, unknown>;
export type Fits = (value: unknown) => boolean;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const isText: Fits = (value) => typeof value === 'string';
export const isNumber: Fits = (value) => Number.isSafeInteger(value);
export const isTexts: Fits = (value) => Array.isArray(value) && value.every(isText);
export const orNull =
  (fits: Fits): Fits =>
  (value) =>
    value === null || fits(value);
export const ifThere =
  (fits: Fits): Fits =>
  (value) =>
    value === undefined || fits(value);
export const isOneOf =
  (...values: string[]): Fits =>
  (value) =>
    typeof value === 'string' && values.includes(value);

/** An object whose members fit; other members are allowed. */
export const hasMembers =
  (members: Record<string, Fits>): Fits =>
  (value) =>
    isObject(value) && Object.entries(members).every(([name, fits]) => fits(value[name]));

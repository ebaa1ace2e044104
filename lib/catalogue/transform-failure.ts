// What is said of a transform of the user's own that could not change a value. No part of the value is
// in it: a message that an error has made of the value is left out.
import { fold } from '../../db/email-fold.ts';
import { AppError } from '../errors.ts';

export interface FailedTransform {
  /** Its name in the configuration. */
  transform: string;
  way: 'toExternal' | 'toInternal';
  /** Ours, whose value it was to change; empty where it is not known. */
  field: string;
  /** Completes "the transform …". */
  message: string;
}

/** Only the value of this field, on this way, is concerned; other values may be carried. */
export class TransformFailure extends AppError {
  readonly failed: FailedTransform;

  constructor(failed: FailedTransform) {
    super('config_invalid', { detail: sentenceOf(failed) });
    this.failed = failed;
  }
}

export function sentenceOf({ transform, way, field, message }: FailedTransform): string {
  return `the transform "${transform}" (${way})${field === '' ? '' : `, given a value of ${field},`} ${message}`;
}

export const NO_TEXT = 'has made something else than a text';
export const NO_STORABLE_TEXT =
  'has made a text that no table can hold (with a NUL character, or with half of a surrogate pair)';

const LONGEST = 200;

/** `given`: the text that it was thrown for. */
export function whatWasThrown(error: unknown, given: string): string {
  const { name, message } = partsOf(error);
  if (message === '' || hasPartOf(message, given)) return `has thrown ${name}`;
  return `has thrown ${name}: ${message}`;
}

/** Whatever a program throws: null, or an object whose members throw too. */
function partsOf(error: unknown): { name: string; message: string } {
  try {
    if (error instanceof Error) return { name: shown(error.name), message: shown(error.message) };
  } catch {
    return { name: 'an error', message: '' };
  }
  return { name: 'what is no error', message: '' };
}

/** Short, in one line, and as a table can hold it. */
function shown(text: unknown): string {
  if (typeof text !== 'string') return '';
  const line = text.toWellFormed().replaceAll('\0', '').replace(/\s+/gu, ' ').trim();
  return Array.from(line).slice(0, LONGEST).join('');
}

/** So many characters in a row that are in both are taken for a part of the value. */
const LIKE = 4;

function hasPartOf(message: string, given: string): boolean {
  const [said, value] = [fold(message), fold(given.replace(/\s+/gu, ' ').trim())];
  const length = Math.min(LIKE, value.length);
  if (length === 0) return false;
  return Array.from({ length: said.length }, (_, at) => said.slice(at, at + length)).some(
    (part) => part.length === length && value.includes(part),
  );
}

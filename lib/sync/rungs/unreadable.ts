// The record of a linked pair was to be read, and could not be.
import type { Action } from '../action.ts';
import { readTheirs } from '../comparison.ts';
import { postpone } from '../failing.ts';
import type { Situation } from '../situation.ts';

export function unreadable(s: Situation): Action | null {
  const answer = readTheirs(s);
  return answer && !answer.ok ? postpone(s, answer.failure) : null;
}

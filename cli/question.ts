// Questions are asked on a terminal only.
import { createInterface } from 'node:readline/promises';
import { forPerson, type Output } from './output.ts';

export function isInteractive(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Whether somebody at a terminal says yes; without one nobody does. */
export async function isAgreed(question: string, output: Output): Promise<boolean> {
  if (!isInteractive()) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const agreed = /^y(es)?$/i.test((await lines.question(`${forPerson(question)} [y/N] `)).trim());
    if (!agreed) output.say('Nothing was done.');
    return agreed;
  } finally {
    lines.close();
  }
}

/** `it`, `these 12`. */
export function these(number: number): string {
  return number === 1 ? 'it' : `these ${number.toLocaleString('en-US')}`;
}

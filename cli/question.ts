// Questions are asked on a terminal only, and only a "yes" that was finished with Enter is one:
// Ctrl-C, Ctrl-D, an input that ends, a terminal that is closed and a signal all leave the question
// without an answer, and then nothing is done.
import { createInterface } from 'node:readline';
import { CliError, exit } from './exit.ts';
import { forPerson, type Output } from './output.ts';

/** Where a question is asked and answered. */
export type Terminal = {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: NodeJS.WritableStream & { isTTY?: boolean };
};

const OWN: Terminal = { input: process.stdin, output: process.stderr };

export function isInteractive({ input, output }: Terminal = OWN): boolean {
  return input.isTTY === true && output.isTTY === true;
}

/**
 * Whether a person at a terminal says yes; without a terminal none does. Throws a CliError with
 * status 130 where the question is left without an answer: what was opened for the command is
 * closed on the way out.
 */
export async function isAgreed(question: string, output: Output, terminal = OWN): Promise<boolean> {
  if (!isInteractive(terminal)) return false;
  const answer = await ask(`${forPerson(question)} [y/N] `, terminal);
  if (answer === null) {
    // The cursor still stands behind the question.
    output.say();
    throw new CliError(exit.interrupted, 'Nothing was done.');
  }
  const agreed = /^y(es)?$/i.test(answer.trim());
  if (!agreed) output.say('Nothing was done.');
  return agreed;
}

/**
 * For a command that was asked to do something and would have to ask first: refuses where it
 * neither may nor can.
 */
export function assertMayAsk(command: string, yes: boolean, terminal = OWN): void {
  if (yes || isInteractive(terminal)) return;
  throw new CliError(
    exit.usage,
    `Nothing was done: ${command} asks first, and there is no terminal to ask on. Add --yes to do it without asking.`,
  );
}

const SIGNALS: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The line that was typed, or null if the question was left without one. */
async function ask(text: string, { input, output }: Terminal): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const leave = (): void => resolve(null);
  // Before the reader of lines has its own listeners: at the end of the input it takes a line
  // without Enter for a whole one.
  input.once('end', leave).once('error', leave).once('close', leave);
  for (const signal of SIGNALS) process.on(signal, leave);
  const lines = createInterface({ input, output, terminal: true });
  try {
    lines.once('line', resolve).once('SIGINT', leave).once('close', leave).once('error', leave);
    lines.setPrompt(text);
    lines.prompt();
    return await promise;
  } finally {
    for (const signal of SIGNALS) process.removeListener(signal, leave);
    // That of 'error' stays: a terminal that is closed later must not break off what was agreed to.
    for (const event of ['end', 'close']) input.removeListener(event, leave);
    lines.close();
  }
}

/** `it`, `these 12`. */
export function these(number: number): string {
  return number === 1 ? 'it' : `these ${number.toLocaleString('en-US')}`;
}

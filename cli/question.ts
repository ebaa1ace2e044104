// Questions are asked on a terminal only, and only "yes" with Enter means yes. After Ctrl-C,
// Ctrl-D, the end of the input, a closed terminal or a signal the question counts as not answered,
// and nothing is done.
import { createInterface } from 'node:readline';
import { CliError, exit } from './exit.ts';
import { count, forPerson, type Output } from './output.ts';

/** The streams on which a question is asked and answered. */
export type Terminal = {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: NodeJS.WritableStream & { isTTY?: boolean };
};

const OWN: Terminal = { input: process.stdin, output: process.stderr };

export function isInteractive({ input, output }: Terminal = OWN): boolean {
  return input.isTTY === true && output.isTTY === true;
}

/**
 * Asks, and returns whether the answer is yes; without a terminal the result is no. Throws a
 * CliError with status 130 if the question is not answered, so that the command closes what it has
 * opened.
 */
export async function isAgreed(question: string, output: Output, terminal = OWN): Promise<boolean> {
  if (!isInteractive(terminal)) return false;
  const answer = await ask(`${forPerson(question)} [y/N] `, terminal);
  if (answer === null) {
    // The cursor is still after the question, so a new line is begun.
    output.say();
    throw new CliError(exit.interrupted, 'Nothing was done.');
  }
  const agreed = /^y(es)?$/i.test(answer.trim());
  if (!agreed) output.say('Nothing was done.');
  return agreed;
}

/**
 * Refuses a command that has to ask before it changes something, if there is neither --yes nor a
 * terminal.
 */
export function assertMayAsk(command: string, yes: boolean, terminal = OWN): void {
  if (yes || isInteractive(terminal)) return;
  throw new CliError(
    exit.usage,
    `Nothing was done: ${command} asks first, and there is no terminal to ask on. Add --yes to do it without asking.`,
  );
}

const SIGNALS: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The typed line, or null if the question was not answered. */
async function ask(text: string, { input, output }: Terminal): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const leave = (): void => resolve(null);
  // Added before readline adds its listeners: at the end of the input readline treats a line
  // without Enter as a whole line.
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
    // The listener for 'error' stays: a terminal that is closed later must not break off the agreed
    // work.
    for (const event of ['end', 'close']) input.removeListener(event, leave);
    lines.close();
  }
}

/** `this record`, `these 12 records`. */
export function these(number: number, noun: string): string {
  return number === 1 ? `this ${noun}` : `these ${count(number, noun)}`;
}

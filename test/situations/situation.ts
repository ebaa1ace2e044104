/** The situations between a row and its customer, by number: 1 to 52. Each has one test or more in this folder. */
export const SITUATIONS = 52;

type Shown = { number: number; sentence: string; test: Mocha.Test };

const shown: Shown[] = [];

/** A test of one numbered situation; its sentence states the result. */
export function situation(number: number, sentence: string, run: Mocha.AsyncFunc): void {
  shown.push({ number, sentence, test: it(`situation ${digits(number)}: ${sentence}`, run) });
}

/** Each number with its tests, a line for each sentence, and the numbers that are not shown. */
export function listSituations(): { lines: string[]; missing: number[] } {
  const lines: string[] = [];
  const missing: number[] = [];
  for (let number = 1; number <= SITUATIONS; number += 1) {
    const tests = shown.filter((one) => one.number === number);
    for (const [index, { sentence, test }] of tests.entries())
      lines.push(
        `${index === 0 ? digits(number) : '  '} ${sentence}${passed(test) ? '' : ' (did not pass)'}`,
      );
    if (tests.length === 0) lines.push(`${digits(number)} (no test)`);
    if (tests.length === 0 || !tests.every(({ test }) => passed(test))) missing.push(number);
  }
  return { lines, missing };
}

/** Skipped is not passed, and a test that has not run yet neither. */
function passed(test: Mocha.Test): boolean {
  return test.state === 'passed';
}

function digits(number: number): string {
  return String(number).padStart(2, '0');
}

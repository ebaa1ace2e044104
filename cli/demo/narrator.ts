import { table, type Output } from '../output.ts';

/** Prints numbered steps with a few real rows under each. */
export function createNarrator(output: Output) {
  let number = 0;
  return {
    head(title: string, lines: string[]): void {
      output.printTitle(title);
      for (const line of lines) output.print(line);
    },
    step(title: string): void {
      number += 1;
      output.print();
      output.printTitle(`${number}. ${title}`);
    },
    line: (text: string): void => output.print(`   ${text}`),
    rows(rows: string[][]): void {
      for (const line of table(rows)) output.print(`     ${line}`);
    },
  };
}

export type Narrator = ReturnType<typeof createNarrator>;

/**
 * Runs in a process of its own: does what its argument says, then prints what was loaded on the way, as
 * JSON. `whole` makes every command with its help; anything else is a command line.
 */
import { registerHooks } from 'node:module';

const packages = new Set<string>();
let own = 0;
registerHooks({
  load(url, context, next) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
    if (name !== undefined) packages.add(name);
    else if (url.startsWith('file:')) own += 1;
    return next(url, context);
  },
});

const { createOutput } = await import('../../cli/output.ts');
const silent = { write: () => undefined, on: () => undefined };
const output = createOutput(silent, silent);
const [first = '', ...rest] = process.argv.slice(2);
if (first === 'whole') {
  const { createWholeProgram } = await import('../../cli/program.ts');
  const program = await createWholeProgram(output);
  for (const command of program.commands) command.helpInformation();
} else {
  const { runCli } = await import('../../cli/run.ts');
  await runCli([first, ...rest], output);
}
console.log(JSON.stringify({ own, packages: [...packages].toSorted() }));

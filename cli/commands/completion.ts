import { Argument } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { completionFor, shells, type Shell } from '../completion.ts';
import { exit } from '../exit.ts';

export function addCompletion({ program, output, finish, whole }: CommandContext): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'which shell').choices([...shells]))
    .addHelpText(
      'after',
      `
The completion knows the commands and options of this version: write it anew after an update.

Examples:
  $ source <(npx twinbox completion bash)                                     in ~/.bashrc
  $ npx twinbox completion zsh > "\${fpath[1]}/_twinbox"
  $ npx twinbox completion fish > ~/.config/fish/completions/twinbox.fish`,
    )
    .action(async (shell: Shell) => {
      output.write(completionFor(shell, await whole()));
      finish(exit.ok);
    });
}

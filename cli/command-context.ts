import type { Command } from 'commander';
import type { Output } from './output.ts';

/**
 * What each command is given to add itself: the output, and a function that sets the exit status.
 */
export type CommandContext = { program: Command; output: Output; finish: (exitStatus: number) => void };

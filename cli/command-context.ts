import type { Command } from 'commander';
import type { Registry } from '../lib/integrations/registry.ts';
import type { Output } from './output.ts';

/**
 * What each command is given to add itself: the output, a function that sets the exit status, and
 * the external systems.
 */
export type CommandContext = {
  program: Command;
  output: Output;
  finish: (exitStatus: number) => void;
  /** The external systems that can be named. */
  systems: Registry;
  /** The program with every command, for the completion. */
  whole(): Promise<Command>;
};

import type { Command } from 'commander';
import type { Registry } from '../lib/integrations/registry.ts';
import type { Output } from './output.ts';

/** What each command is given to add itself: where it prints, and where it leaves its exit status. */
export type CommandContext = {
  program: Command;
  output: Output;
  finish: (exitStatus: number) => void;
  /** The systems that there are to choose from. */
  systems: Registry;
};

import type { CommandContext } from '../program.ts';
export function addDemo({ program }: CommandContext): void {
  program.command('demo');
}

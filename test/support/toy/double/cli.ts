// The command line with Toy beside the other systems, for tests that start it as a process:
// TOY_DOUBLE says where its double is.
import { createOutput } from '../../../../cli/output.ts';
import { runCli } from '../../../../cli/run.ts';
import { besideOthers, toyAt } from './definition.ts';

const registry = besideOthers(toyAt(process.env['TOY_DOUBLE'] ?? null));
process.exitCode = await runCli(process.argv.slice(2), createOutput(), registry);

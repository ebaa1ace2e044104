// The command line with Toy beside the other systems, for tests that start it as a process:
// TOY_DOUBLE says where its double is, and TOY_DOUBLE_CLIENT with which secret its changing tokens are had.
import { createOutput } from '../../../../cli/output.ts';
import { runCli } from '../../../../cli/run.ts';
import { besideOthers, toyAt } from './definition.ts';

const { TOY_DOUBLE: url = null, TOY_DOUBLE_CLIENT: clientSecret } = process.env;
const registry = besideOthers(toyAt(url, clientSecret === undefined ? {} : { clientSecret }));
process.exitCode = await runCli(process.argv.slice(2), createOutput(), registry);

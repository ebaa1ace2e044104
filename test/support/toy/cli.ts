// The command line with the toy beside Stripe, for tests that start it as a process: TOY_URL says
// where the toy is.
import { createOutput } from '../../../cli/output.ts';
import { runCli } from '../../../cli/run.ts';
import { createRegistry, systems } from '../../../lib/integrations/registry.ts';
import { defineToy } from './definition.ts';

const both = createRegistry([...systems.all, defineToy(process.env['TOY_URL'] ?? null)]);
process.exitCode = await runCli(process.argv.slice(2), createOutput(), both);

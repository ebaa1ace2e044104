/** `make new-integration NAME=acme ENTITY=customer`: writes an integration that is green as it stands. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { builtInEntities } from '../../lib/catalogue/built-in.ts';
import { systemNames } from '../../lib/config/systems.ts';
import {
  capitalised,
  copyToy,
  definitionLine,
  listEdits,
  readToy,
  type NewFile,
} from './integration-copy.ts';
import { inForm } from './form.ts';
import { problemWithEntity, problemWithName } from './integration-names.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const entities = Object.keys(builtInEntities);

const HELP = `make new-integration NAME=acme ENTITY=customer

Writes an integration with one more external system: its adapter, mapping document, settings, double,
tests and page. It is a copy of Toy, an invented vendor, and its tests pass as it stands. Then you
replace the invented vendor by the real one, part by part, while the tests stay green:
docs/how-to/write-an-integration.md.

  NAME     how the system is called in settings, paths, rows and commands: 2 to 20 small letters and digits
  ENTITY   what is kept in step: ${entities.join(', ')}

Nothing is overwritten, and nothing is written if an argument is wrong.
`;

/** Lists that are generated from the code, and that a new system changes. */
const GENERATED: readonly (readonly [program: string, writes: string])[] = [
  ['cli/development/settings.ts', '.env.example, docs/settings.md'],
  ['cli/development/openapi.ts', 'docs/openapi.json'],
  ['test/architecture/write-test-index.ts', 'docs/tests.md'],
];

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { help: { type: 'boolean' }, name: { type: 'string' }, entity: { type: 'string' } },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const toy = readToy(ROOT);
  const { name, entity } = values;
  const problems = [
    name === undefined ? 'NAME is missing' : problemWithName(name, { root: ROOT, toy, systems: systemNames }),
    entity === undefined ? 'ENTITY is missing' : problemWithEntity(entity, entities),
  ].filter((problem) => problem !== null);
  if (name === undefined || problems.length > 0) {
    process.stderr.write(`${problems.join('\n')}\n\n${HELP}`);
    return 64;
  }
  const files = copyToy(toy, name);
  const lists = listEdits(ROOT, name);
  for (const file of [...files, ...lists]) await write(file);
  for (const [program] of GENERATED)
    await promisify(execFile)(process.execPath, [join(ROOT, program)], { cwd: ROOT });
  process.stdout.write(farewell(name, files, lists));
  return 0;
}

async function write({ path, text }: NewFile): Promise<void> {
  const place = join(ROOT, path);
  await mkdir(dirname(place), { recursive: true });
  await writeFile(place, await inForm(path, text));
}

function farewell(name: string, files: NewFile[], lists: NewFile[]): string {
  const label = capitalised(name);
  const changed = [...lists.map(({ path }) => path), ...GENERATED.map(([, writes]) => writes)];
  return `${label} is written: ${files.length} files, and lines in ${changed.join(', ')}.
It is kept in step once ${name.toUpperCase()}_URL and ${name.toUpperCase()}_TOKEN are set.

Next:
  make test ONLY=lib/integrations/${name}   # its contract, and ${label} and Stripe side by side
  make lint
  node_modules/.bin/node test/support/${name}/main.ts   # its double, to work with by hand

Then replace the invented vendor, in this order (docs/how-to/write-an-integration.md):
  lib/integrations/${name}/capabilities.ts  what the vendor promises: eleven questions
  lib/integrations/${name}/client.ts        credentials, headers, the form of an answer
  lib/integrations/${name}/auth.ts          how a token that changes is renewed; delete it if none does
  lib/integrations/${name}/classify.ts      what each error means
  lib/integrations/${name}/fields.ts        the fields that a record has there
  lib/integrations/${name}/record.ts        how a record is read, and where the owner tag stands
  lib/integrations/${name}/customer.json    which field of theirs is which of ours
  lib/integrations/${name}/${name}.ts, feed.ts, cursor-feed.ts, ingress.ts   paths, past events by time or behind a cursor, webhooks
  test/support/${name}/                     the double, wherever the vendor differs
  docs/integrations/${name}.md              what is known of the vendor, with its sources

To take it back: remove these folders and files, and "${definitionLine(name)}"
and the two lines with "${name}Settings" from the lists.
`;
}

process.exitCode = await main(process.argv.slice(2));

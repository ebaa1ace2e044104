// A client in TypeScript is made from the document by a generator, as an integrator does it: it compiles with
// the strictest settings, a wrong call does not, and it makes a round trip.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import { openApiDocument } from '../../api/openapi.ts';
import { useDatabase } from '../support/database.ts';
import { makeKeys } from './keys-made.ts';
import { startApi } from './start-api.ts';

/** Beside the packages, since the client imports one. */
const folder = new URL('../../node_modules/.cache/twinbox-client/', import.meta.url);

const CLIENT = `
import createClient from 'openapi-fetch';
import type { paths } from './schema.js';

export async function roundTrip(baseUrl: string, key: string): Promise<string[]> {
  const api = createClient<paths>({ baseUrl, headers: { Authorization: \`Bearer \${key}\` } });
  const steps: string[] = [];
  const made = await api.POST('/api/v1/customers', {
    body: { name: 'Ada Lovelace', email: 'ada@example.org' },
    params: { header: { 'Idempotency-Key': 'client-1' } },
  });
  if (made.data === undefined) throw new Error(made.error.detail);
  const { id, version } = made.data;
  steps.push(\`created \${made.data.name}\`);
  const path = { id };
  const changed = await api.PATCH('/api/v1/customers/{id}', {
    params: { path, header: { 'If-Match': \`"\${version}"\` } },
    body: { name: 'Ada King' },
  });
  steps.push(\`changed to \${changed.data?.name ?? changed.error?.code ?? 'nothing'}\`);
  const refused = await api.PATCH('/api/v1/customers/{id}', {
    params: { path, header: { 'If-Match': \`"\${version}"\` } },
    body: { name: 'Ada' },
  });
  const code: string | undefined = refused.error?.code;
  steps.push(\`refused: \${code ?? 'not'}\`);
  const page = await api.GET('/api/v1/customers', { params: { query: { limit: 10 } } });
  const emails: string[] = page.data?.map(({ email }) => email) ?? [];
  steps.push(\`listed \${emails.join()}\`);
  const gone = await api.DELETE('/api/v1/customers/{id}', { params: { path } });
  steps.push(\`deleted: \${gone.response.status}\`);
  return steps;
}
`;

const WRONG = `
import createClient from 'openapi-fetch';
import type { paths } from './schema.js';
const api = createClient<paths>({ baseUrl: '' });
void api.POST('/api/v1/customers', { body: { name: 'Ada' } });
void api.GET('/api/v1/custmers', {});
`;

/** Compiles the files, and returns what is wrong with each. */
function compile(): string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    skipLibCheck: true,
    types: [],
  };
  const files = ['client.ts', 'wrong.ts'].map((name) => new URL(name, folder).pathname);
  const program = ts.createProgram(files, options);
  program.emit();
  return ts.getPreEmitDiagnostics(program).map(({ file, code, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, ' ');
    return `${file?.fileName.split('/').at(-1) ?? ''} TS${code}: ${text.slice(0, 200)}`;
  });
}

describe('a client that is generated from the document', () => {
  const database = useDatabase();

  before(async () => {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const schema = astToString(await openapiTS(JSON.stringify(openApiDocument())));
    await writeFile(new URL('schema.ts', folder), schema);
    await writeFile(new URL('client.ts', folder), CLIENT);
    await writeFile(new URL('wrong.ts', folder), WRONG);
    await writeFile(new URL('package.json', folder), '{"type":"module"}');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('compiles, knows the routes and the bodies, and makes a round trip', async () => {
    const problems = compile();
    expect(problems.filter((problem) => !problem.startsWith('wrong.ts'))).to.deep.equal([]);
    const wrong = problems.filter((problem) => problem.startsWith('wrong.ts')).join('\n');
    expect(wrong).to.include("Property 'email' is missing").and.include('/api/v1/custmers');

    const api = await startApi({ db: database.db });
    try {
      const { text: key } = await makeKeys(database.db).make('editor');
      const client = (await import(pathToFileURL(new URL('client.js', folder).pathname).href)) as {
        roundTrip: (url: string, key: string) => Promise<string[]>;
      };
      expect(await client.roundTrip(api.server.url, key)).to.deep.equal([
        'created Ada Lovelace',
        'changed to Ada King',
        'refused: version_mismatch',
        'listed ada@example.org',
        'deleted: 204',
      ]);
    } finally {
      await api.server.close();
    }
    expect(await readFile(new URL('schema.ts', folder), 'utf8')).to.include('createCustomer');
  });
});

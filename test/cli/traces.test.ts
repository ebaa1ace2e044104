import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { startOtlpReceiver, type OtlpReceiver } from '../support/otlp-receiver.ts';
import { call, usePlace } from './twinbox.ts';

const LISTED = {
  NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, '../support/list-loaded.ts')).href}`,
};
/** What is loaded only to send traces. A client of metrics may load the package of interfaces alone. */
const OF_TRACES = /@opentelemetry\/(?!api\/)|lib\/tracing\/(sdk|exporter)\.ts/;

describe('twinbox up', () => {
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));
  let receiver: OtlpReceiver;
  before(async () => void (receiver = await startOtlpReceiver()));
  after(() => receiver.close());

  /** Starts it, makes a customer, stops it, and returns what it has loaded. */
  async function loadedBy(name: string, env: Record<string, string>): Promise<string[]> {
    const file = join(place.folder, name);
    const up = await place.up({ ...LISTED, LOADED_FILE: file, ...env });
    const body = { name: 'Ada', email: `${name}@example.com` };
    await call('POST', `${up.api}/api/v1/customers`, body).catch((cause: unknown) => {
      throw new Error(`up has written: ${up.stderr()}`, { cause });
    });
    up.process.kill('SIGTERM');
    expect(await up.exited).to.equal(0);
    return (await readFile(file, 'utf8')).split('\n').filter((url) => OF_TRACES.test(url));
  }

  it('loads nothing of OpenTelemetry unless a receiver of traces is set', async () => {
    expect(await loadedBy('off', {})).to.deep.equal([]);
  });

  it('sends what it has before it ends, if one is set', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' };
    const loaded = await loadedBy('on', env);
    expect(loaded.join('\n')).to.include('@opentelemetry/sdk-trace').and.include('lib/tracing/sdk.ts');
    // It was stopped before the next batch was due.
    expect(receiver.spans().map(({ name }) => name)).to.include('POST /api/v1/customers');
  });

  it('does not start with an address that is none', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' };
    const { code, stderr } = await place.run(['up'], { env });
    expect(code).to.equal(78);
    expect(stderr).to.include('OTEL_EXPORTER_OTLP_ENDPOINT (in the environment) is "collector:4318"');
  });
});

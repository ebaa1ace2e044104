import { spawn } from 'node:child_process';
import { loadConfig } from '../../lib/config/config.ts';
import { tableCatalogueOf } from '../../lib/process/table-catalogue.ts';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { expect } from 'chai';
import { createLogger } from '../../lib/log.ts';
import { connectDatabase } from '../../lib/process/database.ts';
import { createFleet } from '../processes/fleet.ts';
import { finish } from '../support/child.ts';
import { useDatabase } from '../support/database.ts';
import { bareEnvironment } from '../support/environment.ts';
import { startTlsServer, withParameters, type TlsServer } from './server/tls-server.ts';

const TWINBOX = resolve(import.meta.dirname, '../../cli/main.ts');

/** A port without a listener: a process that gets this far has passed the database. */
const KAFKA = '127.0.0.1:1';

describe('a process that connects over a network', () => {
  const database = useDatabase();

  /**
   * Linux and macOS lead 0.0.0.0 to this machine, though by its name it is not a loopback address.
   */
  async function warningsOf(parameters: Record<string, string>): Promise<string> {
    const url = withParameters(database.url, parameters).replace('@127.0.0.1:', '@0.0.0.0:');
    let written = '';
    const stream = new Writable({
      write(chunk, _encoding, done) {
        written += String(chunk);
        done();
      },
    });
    const log = createLogger({ level: 'warn', format: 'json', stream });
    await (
      await connectDatabase({
        role: 'relay',
        url,
        catalogue: tableCatalogueOf(loadConfig({}, { envFile: false })),
        poolSize: 1,
        log,
      })
    ).close();
    return written;
  }

  it('logs a warning where the connection is in clear text and its address does not ask for that', async () => {
    expect(await warningsOf({})).to.match(/database\.clear_text.*sslmode=verify-full/);
    expect(await warningsOf({ sslmode: 'disable' })).to.equal('');
  });
});

describe('a process that its database refuses', function () {
  this.timeout(60_000);
  const database = useDatabase();
  let folder = '';
  before('make a folder', async () => {
    folder = await mkdtemp(join(tmpdir(), 'twinbox-refused-'));
  });
  after('remove it', async () => {
    await rm(folder, { recursive: true, force: true });
  });
  const fleet = createFleet(() => ({ KAFKA_BOOTSTRAP_SERVERS: KAFKA, TWINBOX_DATA_DIR: folder }));

  async function status(url: string) {
    const env = bareEnvironment({ DATABASE_URL: url, TWINBOX_DATA_DIR: folder });
    return await finish(spawn(process.execPath, [TWINBOX, 'status'], { cwd: folder, env }));
  }

  /**
   * As a process and as a command: it ended with this status and this text, and did not wait, since
   * waiting cannot help.
   */
  async function expectRefusal(url: string, code: number, says: RegExp): Promise<void> {
    const relay = await fleet.fail('relay', { DATABASE_URL: url });
    const command = await status(url);
    for (const [ended, output] of [
      [relay, relay.output],
      [command, command.stderr],
    ] as const) {
      expect(output)
        .to.match(says)
        .and.not.match(/a fault of Twinbox|    at |SECURITY WARNING/);
      expect(ended.code).to.equal(code);
    }
    expect(relay.output).not.to.include('database.waiting');
  }

  const withPart = (change: (url: URL) => void): string => {
    const url = new URL(database.url);
    change(url);
    return url.href;
  };

  it('because of the password, ends with 69 and names the setting', async () => {
    const url = withPart((to) => (to.password = 'wrong'));
    await expectRefusal(
      url,
      69,
      /database refuses the connection: password authentication failed .* Fix DATABASE_URL\./,
    );
  });

  it('because of the database’s name, ends with 69 and names it', async () => {
    const url = withPart((to) => (to.pathname = '/nowhere'));
    await expectRefusal(url, 69, /database \\?"nowhere\\?" does not exist\. Fix DATABASE_URL\./);
  });

  it('because the server takes no TLS, ends with 69 and names the parameter', async () => {
    const url = withParameters(database.url, { sslmode: 'require' });
    await expectRefusal(url, 69, /does not offer TLS, and sslmode=require in DATABASE_URL demands it/);
  });

  it('because its address has an impossible parameter, ends with 78 and names the parameter', async () => {
    const url = withParameters(database.url, { sslmode: 'prefer' });
    await expectRefusal(
      url,
      78,
      /Sslmode=prefer in DATABASE_URL would fall back to an unencrypted connection/i,
    );
  });

  it('by giving no answer, says that it does not answer', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const { code, stderr } = await status(withPart((to) => (to.port = String(port))));
    expect(stderr).to.match(/No connection to the database: timeout expired.*DATABASE_URL/);
    expect(code).to.equal(69);
    silent.close();
  });

  describe('with TLS', () => {
    let server: TlsServer;
    before('start a PostgreSQL with TLS', async function () {
      this.timeout(120_000);
      const started = await startTlsServer();
      if (started === undefined) {
        console.error('\n*** TLS TESTS SKIPPED: there is no openssl to make certificates ***\n');
        return this.skip();
      }
      server = started;
    });
    after('stop it', async () => {
      await (server as TlsServer | undefined)?.stop();
    });

    it('because the certificate is of another authority, ends with 69 and names sslrootcert', async () => {
      const url = server.url({ sslmode: 'verify-full', sslrootcert: server.file('other-ca.pem') });
      await expectRefusal(url, 69, /is not trusted \([A-Z_]+\): .*sslrootcert in DATABASE_URL/);
    });

    it('because the certificate is for another host name, ends with 69 and names the host', async () => {
      const url = server.url({ sslmode: 'verify-full', sslrootcert: server.certificates.caFile });
      const elsewhere = url.replace('@127.0.0.1:', '@0.0.0.0:');
      await expectRefusal(elsewhere, 69, /for another name\. Fix the host in DATABASE_URL/);
    });

    it('because of the password, ends with 69 over TLS as well', async () => {
      const url = new URL(server.url({ sslmode: 'verify-full', sslrootcert: server.certificates.caFile }));
      url.password = 'wrong';
      await expectRefusal(url.href, 69, /password authentication failed .* Fix DATABASE_URL\./);
    });

    it('because the server takes only TLS, ends with 69 and says how to ask for it', async () => {
      await server.takeOnlyTls();
      await expectRefusal(server.url({}), 69, /no encryption\. Fix DATABASE_URL, with sslmode=verify-full/);
    });
  });
});

import { expect } from 'chai';
import { createDb } from '../../../db/server/connection.ts';
import { readEncryption } from '../../../db/server/tls.ts';
import { testServerUrl } from '../../support/server.ts';
import { startTlsServer, withParameters, type TlsServer } from './tls-server.ts';

type Link = { ssl: boolean; client_dn: string | null };

/** What the server reports about the connection. */
async function connect(url: string): Promise<Link | undefined> {
  const db = createDb({ url, poolSize: 1, applicationName: 'tls-test' });
  try {
    const { rows } = await db.raw<{ rows: Link[] }>(
      'select ssl, client_dn from pg_stat_ssl where pid = pg_backend_pid()',
    );
    return rows[0];
  } finally {
    await db.destroy();
  }
}

const failure = async (promise: Promise<unknown>): Promise<unknown> =>
  await promise.catch((error: unknown) => error);

describe('a connection whose address asks for TLS', function () {
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

  it('is encrypted, and with verify-full and verify-ca accepts only the authority in sslrootcert', async () => {
    const sslrootcert = server.certificates.caFile;
    for (const sslmode of ['verify-full', 'verify-ca', 'require'])
      expect(await connect(server.url({ sslmode, sslrootcert })), sslmode).to.include({ ssl: true });
    for (const sslmode of ['require', 'no-verify'])
      expect(await connect(server.url({ sslmode })), sslmode).to.include({ ssl: true });
    expect(await connect(server.url({ sslmode: 'disable' }))).to.include({ ssl: false });
  });

  it('is encrypted from the first byte with sslnegotiation=direct', async () => {
    const url = server.url({
      sslmode: 'verify-full',
      sslrootcert: server.certificates.caFile,
      sslnegotiation: 'direct',
    });
    expect(await connect(url)).to.include({ ssl: true });
  });

  it('shows the certificate of sslcert and sslkey', async () => {
    const link = await connect(
      server.url({
        sslmode: 'verify-full',
        sslrootcert: server.certificates.caFile,
        sslcert: server.file('client.pem'),
        sslkey: server.file('client.key'),
      }),
    );
    expect(link).to.include({ ssl: true, client_dn: '/CN=client' });
  });

  it('is refused with another authority in sslrootcert, in each mode that checks it', async () => {
    const sslrootcert = server.file('other-ca.pem');
    for (const sslmode of ['verify-full', 'verify-ca', 'require']) {
      const error = await failure(connect(server.url({ sslmode, sslrootcert })));
      expect(error, sslmode).to.include({ code: 'tls_refused' });
      expect(String(error)).to.include(`not signed by an authority in ${sslrootcert}`);
    }
  });

  it('is refused by verify-full without a file, since no known authority has signed', async () => {
    for (const parameters of [{}, { sslrootcert: 'system' }]) {
      const error = await failure(connect(server.url({ sslmode: 'verify-full', ...parameters })));
      expect(error).to.include({ code: 'tls_refused' });
      expect(String(error)).to.include('sslrootcert');
    }
  });

  it('is refused by verify-full alone where the certificate is for another name', async () => {
    const sslrootcert = server.certificates.caFile;
    // Linux and macOS lead it to this machine, and the certificate is for another name.
    const elsewhere = (sslmode: string) =>
      server.url({ sslmode, sslrootcert }).replace('@127.0.0.1:', '@0.0.0.0:');
    const error = await failure(connect(elsewhere('verify-full')));
    expect(error).to.include({ code: 'tls_refused' });
    expect(String(error)).to.match(/for another name\. Fix the host in DATABASE_URL/);
    expect(await connect(elsewhere('verify-ca'))).to.include({ ssl: true });
  });

  it('is refused with a certificate that the server does not know', async () => {
    const error = await failure(
      connect(
        server.url({
          sslmode: 'require',
          sslcert: server.file('other-ca.pem'),
          sslkey: server.file('other-ca.key'),
        }),
      ),
    );
    expect(error).to.include({ code: 'tls_refused' });
    expect(String(error)).to.include('sslcert');
  });

  it('is never in clear text where the server takes no TLS', async () => {
    const plain = await testServerUrl();
    const sslrootcert = server.certificates.caFile;
    for (const parameters of [
      { sslmode: 'require' },
      { sslmode: 'no-verify' },
      { sslmode: 'verify-ca', sslrootcert },
      { sslmode: 'verify-full', sslrootcert },
    ]) {
      const error = await failure(connect(withParameters(plain, parameters)));
      expect(error, parameters.sslmode).to.include({ code: 'tls_refused' });
      expect(String(error)).to.match(/does not offer TLS, and sslmode=[a-z-]+ in DATABASE_URL demands it/);
    }
  });

  it('is refused with what is wrong with the files, and never with their contents', () => {
    const ca = server.certificates.caFile;
    const [cert, key] = [server.file('client.pem'), server.file('client.key')];
    const cases: [Record<string, string>, RegExp][] = [
      [
        { sslmode: 'verify-full', sslrootcert: '/nowhere/ca.pem' },
        /^sslrootcert .*ENOENT.*\/nowhere\/ca\.pem$/,
      ],
      [{ sslmode: 'verify-full', sslrootcert: key }, /^sslrootcert .*no certificate.*client\.key$/],
      [{ sslmode: 'require', sslcert: cert }, /^sslcert .*sslkey=/],
      [{ sslmode: 'require', sslkey: key }, /^sslkey .*sslcert=/],
      [
        { sslmode: 'require', sslcert: cert, sslkey: server.file('server.key') },
        /^sslcert and sslkey .*do not go together/,
      ],
      [{ sslmode: 'require', sslcert: ca, sslkey: ca }, /^sslcert and sslkey .*do not go together/],
    ];
    for (const [parameters, said] of cases) {
      const error = refusal(withParameters('postgresql://u:hunter2@db:5432/x', parameters));
      expect(error, JSON.stringify(parameters)).to.include({ code: 'address_invalid' });
      expect(error?.message).to.match(said);
      expect(error?.message).not.to.match(/hunter2|BEGIN/);
    }
  });
});

function refusal(url: string): Error | undefined {
  try {
    readEncryption(url);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

describe('the TLS parameters of a database address', () => {
  const URL_BASE = 'postgresql://u:hunter2@db.internal:5432/x';

  it('are refused where they would allow clear text, or are unknown', () => {
    for (const query of [
      ...['sslmode=prefer', 'sslmode=allow', 'sslmode=', 'sslmode=verify_full', 'sslmode=Require'],
      ...['ssl=true', 'ssl=false', 'ssl=no-verify', 'ssl_mode=require', 'SSLMODE=require', 'requiressl=1'],
      ...[
        'sslmode=verify-full&sslcrl=/x.pem',
        'sslmode=require&channel_binding=require',
        'gssencmode=require',
      ],
      ...['sslmode=require&ssl_min_protocol_version=TLSv1.3', 'require_auth=scram-sha-256'],
      ...['sslmode=verify-ca', 'sslmode=require&sslrootcert=system', 'sslrootcert=/ca.pem', 'sslkey=/k.pem'],
      ...[
        'sslnegotiation=direct',
        'sslmode=disable&sslnegotiation=direct',
        'sslmode=require&sslnegotiation=often',
      ],
    ]) {
      const error = refusal(`${URL_BASE}?${query}`);
      expect(error, query).to.include({ code: 'address_invalid' });
      expect(error?.message, query).to.include('in DATABASE_URL').and.not.to.include('hunter2');
    }
  });

  it('are removed before pg reads the address, since pg would read them differently', () => {
    const { connectionString, ssl } = readEncryption(
      `${URL_BASE}?sslmode=require&application_name=a%20b&channel_binding=prefer&sslsni=1`,
    );
    expect(connectionString).to.equal(`${URL_BASE}?application_name=a+b`);
    expect(ssl).to.deep.equal({ rejectUnauthorized: false });
  });

  it('change nothing in an address that has none', () => {
    expect(readEncryption(`${URL_BASE}?application_name=a%20b`)).to.deep.equal({
      connectionString: `${URL_BASE}?application_name=a%20b`,
    });
  });

  it('need an address that can be read, and the error says how to write one', () => {
    for (const url of ['postgresql://u:hun/ter2@db:5432/x', 'postgresql://u@a:1,b:2/x']) {
      const error = refusal(url);
      expect(error).to.include({ code: 'address_invalid' });
      expect(error?.message).to.include('DATABASE_URL').and.not.to.include('ter2');
    }
  });
});

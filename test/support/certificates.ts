// Certificates of two days, made for one run: an authority, a server's and a client's by it, and an authority that signed nothing.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export type Certificates = {
  folder: string;
  /** PEM texts. */
  ca: string;
  otherCa: string;
  client: { cert: string; key: string };
  /** A file with the server's key and certificate, as Kafka takes it. */
  serverStore: string;
  caFile: string;
};

/** Undefined where there is no openssl. */
export async function makeCertificates(folder: string): Promise<Certificates | undefined> {
  const there = await run('openssl', ['version']).then(
    () => true,
    () => false,
  );
  if (!there) return undefined;
  const path = (name: string) => join(folder, name);
  const read = (name: string) => readFile(path(name), 'utf8');
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder });
  for (const name of ['ca', 'other-ca']) {
    await openssl(
      'req',
      '-x509',
      ...KEY,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      '-subj',
      `/CN=${name}`,
      '-days',
      '2',
    );
  }
  await writeFile(path('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  for (const name of ['server', 'client']) {
    await openssl('req', ...KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    await openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, '-days', '2', '-extfile', 'names'],
      ...['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
    );
  }
  await writeFile(path('server-store.pem'), `${await read('server.key')}${await read('server.pem')}`);
  return {
    folder,
    ca: await read('ca.pem'),
    otherCa: await read('other-ca.pem'),
    client: { cert: await read('client.pem'), key: await read('client.key') },
    serverStore: path('server-store.pem'),
    caFile: path('ca.pem'),
  };
}

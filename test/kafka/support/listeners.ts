// The listeners of the shared broker: one for each way to connect.
import type { Listener } from '../../../cli/embedded/kafka/properties.ts';
import type { Certificates } from '../../support/certificates.ts';
import { freePorts } from './ports.ts';

export type Doors = {
  direct: number;
  proxied: number;
  tls: number;
  mutual: number;
  login: number;
  scram: number;
  loginTls: number;
  /** Advertises a host name that does not exist. */
  nameless: number;
  /** Advertises a port without a listener. */
  deserted: number;
  closed: number;
};

export const LOGIN = { username: 'twinbox', password: 'correct horse battery' };

/**
 * Users with all rights: clients without a log-in, or with a log-in that has no rights of its own
 * in the tests.
 */
const RIGHTS = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': `User:ANONYMOUS;User:${LOGIN.username};User:CN=client`,
};

const SCRAM_MODULE = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
const SCRAM_LOGIN = {
  'listener.name.scram.sasl.enabled.mechanisms': 'SCRAM-SHA-256,SCRAM-SHA-512',
  'listener.name.scram.scram-sha-256.sasl.jaas.config': SCRAM_MODULE,
  'listener.name.scram.scram-sha-512.sasl.jaas.config': SCRAM_MODULE,
};

export async function chooseDoors(): Promise<Doors> {
  const [direct = 0, proxied = 0, tls = 0, mutual = 0, login = 0, scram = 0, loginTls = 0, ...lost] =
    await freePorts(10);
  const [nameless = 0, deserted = 0, closed = 0] = lost;
  return { direct, proxied, tls, mutual, login, scram, loginTls, nameless, deserted, closed };
}

export function listenersOf(doors: Doors, certificates: Certificates | undefined) {
  const listeners: Record<string, Listener> = {
    // Clients are sent to the proxy, whichever listener they used.
    DIRECT: { port: doors.direct, protocol: 'PLAINTEXT', advertisedPort: doors.proxied },
    LOGIN: { port: doors.login, protocol: 'SASL_PLAINTEXT' },
    SCRAM: { port: doors.scram, protocol: 'SASL_PLAINTEXT' },
    NAMELESS: { port: doors.nameless, protocol: 'PLAINTEXT', advertisedHost: 'kafka.invalid' },
    DESERTED: { port: doors.deserted, protocol: 'PLAINTEXT', advertisedPort: doors.closed },
  };
  const properties: Record<string, string> = { ...plainLogin('login'), ...SCRAM_LOGIN, ...RIGHTS };
  if (certificates) {
    listeners['TLS'] = { port: doors.tls, protocol: 'SSL' };
    listeners['MUTUAL'] = { port: doors.mutual, protocol: 'SSL' };
    listeners['LOGINTLS'] = { port: doors.loginTls, protocol: 'SASL_SSL' };
    Object.assign(properties, plainLogin('logintls'));
    for (const name of ['tls', 'mutual', 'logintls']) {
      properties[`listener.name.${name}.ssl.keystore.type`] = 'PEM';
      properties[`listener.name.${name}.ssl.keystore.location`] = certificates.serverStore;
    }
    properties['listener.name.mutual.ssl.client.auth'] = 'required';
    properties['listener.name.mutual.ssl.truststore.type'] = 'PEM';
    properties['listener.name.mutual.ssl.truststore.location'] = certificates.caFile;
  }
  return { listeners, properties };
}

function plainLogin(listener: string): Record<string, string> {
  return {
    [`listener.name.${listener}.sasl.enabled.mechanisms`]: 'PLAIN',
    [`listener.name.${listener}.plain.sasl.jaas.config`]:
      'org.apache.kafka.common.security.plain.PlainLoginModule required ' +
      `user_${LOGIN.username}="${LOGIN.password}";`,
  };
}

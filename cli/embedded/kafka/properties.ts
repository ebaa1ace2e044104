// The settings of an embedded broker: KRaft, broker and controller in one process, with little
// memory, a quick start and short time limits for dead clients.
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere } from '../files.ts';

export type Ports = { client: number; controller: number };

export type Node = { id: number; ports: Ports };

export type Listener = {
  port: number;
  protocol: 'PLAINTEXT' | 'SSL' | 'SASL_SSL' | 'SASL_PLAINTEXT';
  /** The port and the host that the broker names to clients, if they differ from its own. */
  advertisedPort?: number;
  advertisedHost?: string;
};

export type BrokerSettings = {
  node: Node;
  /** All nodes of the cluster, this one too. */
  cluster: readonly Node[];
  dataDir: string;
  /** More listeners, by name, beside the plain one. */
  listeners?: Readonly<Record<string, Listener>>;
  properties?: Readonly<Record<string, string>>;
};

const HOST = '127.0.0.1';

export function serverProperties({
  node,
  cluster,
  dataDir,
  listeners = {},
  properties = {},
}: BrokerSettings): string {
  const replicas = String(Math.min(3, cluster.length));
  const plain: Listener = { port: node.ports.client, protocol: 'PLAINTEXT' };
  const all = Object.entries({ PLAINTEXT: plain, ...listeners });
  const bound = all.map(([name, { port }]) => `${name}://${HOST}:${port}`);
  const advertised = all.map(
    ([name, { port, advertisedPort = port, advertisedHost = HOST }]) =>
      `${name}://${advertisedHost}:${advertisedPort}`,
  );
  const protocols = all.map(([name, { protocol }]) => `${name}:${protocol}`);
  const lines: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': String(node.id),
    'controller.quorum.voters': cluster.map(({ id, ports }) => `${id}@${HOST}:${ports.controller}`).join(','),
    listeners: [...bound, `CONTROLLER://${HOST}:${node.ports.controller}`].join(','),
    'advertised.listeners': advertised.join(','),
    'listener.security.protocol.map': ['CONTROLLER:PLAINTEXT', ...protocols].join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(dataDir, 'data'),
    'num.partitions': '1',
    'auto.create.topics.enable': 'false',
    'default.replication.factor': replicas,
    'min.insync.replicas': cluster.length > 1 ? '2' : '1',
    'offsets.topic.num.partitions': '1',
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    // A killed broker may start again only when its session has ended: after 9 s by default.
    'broker.session.timeout.ms': '1500',
    'broker.heartbeat.interval.ms': '300',
    'num.network.threads': '2',
    'num.io.threads': '4',
    'background.threads': '2',
    'log.cleaner.threads': '1',
    'log.cleaner.dedupe.buffer.size': '4194304',
    ...properties,
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** A random id in Kafka's format: 16 bytes in base64url. */
export function newKafkaId(): string {
  return randomBytes(16).toString('base64url');
}

/** Writes the file that Kafka's own `format` would write, without the start of a JVM for it. */
export async function formatDataDir(dataDir: string, nodeId: number, clusterId: string): Promise<void> {
  const path = join(dataDir, 'data', 'meta.properties');
  if ((await readIfThere(path)) !== undefined) return;
  await mkdir(join(dataDir, 'data'), { recursive: true });
  const lines = ['version=1', `cluster.id=${clusterId}`, `node.id=${nodeId}`, `directory.id=${newKafkaId()}`];
  await writeFile(path, `${lines.join('\n')}\n`);
}

import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBus } from '../../lib/bus/open-bus.ts';
import { createClient, type KafkaSettings } from '../../lib/bus/kafka/client.ts';
import type { KafkaBus } from '../../lib/bus/kafka/kafka.ts';
import { loadConfig } from '../../lib/config/config.ts';
import { newMessage } from '../lib/bus/contract.ts';
import { waitUntil } from '../support/signal.ts';
import { LOGIN } from './support/listeners.ts';
import { freePorts } from './support/ports.ts';
import { startProxy } from './support/proxy.ts';
import {
  certificates,
  doors,
  makeTopic,
  newTopicName,
  openTestBus,
  sharedBroker,
} from './support/shared-broker.ts';
import { quiet } from './support/test-broker.ts';

const QUICK_MS = 8_000;
const at = (port: number) => [`127.0.0.1:${port}`];
const faultOf = async (promise: Promise<unknown>): Promise<Error> => {
  const error: unknown = await promise.then(
    () => new Error('it was accepted'),
    (reason: unknown) => reason,
  );
  return error instanceof Error ? error : new Error(String(error));
};

describe('starting on a Kafka', function () {
  this.timeout(60_000);

  const open: KafkaBus[] = [];
  const openWith = (settings: Partial<KafkaSettings>): KafkaBus => {
    const bus = openTestBus(settings);
    open.push(bus);
    return bus;
  };
  afterEach(() => Promise.all(open.splice(0).map((one) => one.close())));

  /** The message of a start with these settings; the start has to fail soon. */
  async function refusal(settings: Partial<KafkaSettings>): Promise<Error> {
    const began = performance.now();
    const topicSettings = { partitions: 1, replication: null, retentionHours: 1, create: true };
    const error = await faultOf(openWith(settings).ensureTopics([newTopicName()], topicSettings));
    expect(performance.now() - began).to.be.below(QUICK_MS);
    return error;
  }
  /** Asserts that a start with these settings really works. */
  async function works(settings: Partial<KafkaSettings>): Promise<void> {
    const bus = openWith(settings);
    const topic = await makeTopic(bus);
    const got: (string | null)[] = [];
    const handler = (batch: readonly { eventId: string | null }[]) =>
      Promise.resolve(void got.push(...batch.map(({ eventId }) => eventId)));
    await bus.subscribe({ topic, group: topic, handler });
    const message = newMessage(topic);
    await bus.publish([message]);
    await waitUntil(() => got.includes(message.eventId), { timeoutMs: 15_000, what: 'the message' });
  }

  describe('with TLS', () => {
    before(function () {
      if (certificates() === undefined) {
        console.error('\n*** TLS TESTS SKIPPED: there is no openssl to make certificates ***\n');
        this.skip();
      }
    });
    const made = () => certificates()!;

    it('works with the right authority', () => works({ brokers: at(doors().tls), tls: { ca: made().ca } }));

    it('works with a certificate of our own where the broker asks for one, and not without', async () => {
      await works({ brokers: at(doors().mutual), tls: { ca: made().ca, ...made().client } });
      const error = await refusal({ brokers: at(doors().mutual), tls: { ca: made().ca } });
      expect(error).to.include({ code: 'kafka_refused' });
      expect(error.message).to.include('KAFKA_SSL_CERT');
    });

    it('is refused with another authority, soon, and says why', async () => {
      for (const tls of [{ ca: made().otherCa }, {}]) {
        const error = await refusal({ brokers: at(doors().tls), tls });
        expect(error).to.include({ code: 'kafka_refused', retryable: false });
        expect(error.message)
          .to.match(/certificate/)
          .and.include('KAFKA_SSL_CA');
      }
    });

    it('is refused when the certificate is for another host', async () => {
      const { ca } = made();
      const error = await refusal({ brokers: [`127.0.0.2:${doors().tls}`], tls: { ca } });
      // The broker listens on 127.0.0.1 alone: no server answers there, or one whose name is not
      // 127.0.0.2.
      expect(error).to.have.property('code').that.is.oneOf(['kafka_refused', 'kafka_unavailable']);
    });

    it('says that one side uses TLS and the other does not', async () => {
      const plainTo = await refusal({ brokers: at(doors().tls) });
      expect(plainTo.message).to.include(String(doors().tls));
      const tlsTo = await refusal({ brokers: [sharedBroker().bootstrap], tls: { ca: made().ca } });
      expect(tlsTo.message).to.include(sharedBroker().bootstrap);
    });

    it('works with a log-in over TLS', () =>
      works({
        brokers: at(doors().loginTls),
        tls: { ca: made().ca },
        sasl: { mechanism: 'plain', ...LOGIN },
      }));
  });

  describe('with a log-in', () => {
    it('works with the right password', () =>
      works({ brokers: at(doors().login), sasl: { mechanism: 'plain', ...LOGIN } }));

    it('is refused with a wrong password, soon, without showing it', async () => {
      const password = 'wrong horse';
      const error = await refusal({
        brokers: at(doors().login),
        sasl: { mechanism: 'plain', ...LOGIN, password },
      });
      expect(error).to.include({ code: 'kafka_refused', retryable: false });
      expect(error.message).to.include('KAFKA_SASL_PASSWORD').and.not.include(password);
    });

    it('is refused with a mechanism that the broker does not offer', async () => {
      const error = await refusal({
        brokers: at(doors().login),
        sasl: { mechanism: 'scram-sha-256', ...LOGIN },
      });
      expect(error).to.include({ code: 'kafka_refused' });
      expect(error.message).to.include('KAFKA_SASL_MECHANISM');
    });
  });

  describe('that sends clients to an address that cannot be reached', () => {
    const messageOf = (answered: number, place: string): string =>
      `127.0.0.1:${answered} answered and sends clients to ${place}, which this machine cannot reach: fix advertised.listeners`;

    it('names the broker that answered and the address that it advertises, and waits, since this may pass', async () => {
      const { nameless, deserted, closed } = doors();
      for (const [door, place] of [
        [nameless, `kafka.invalid:${nameless}`],
        [deserted, `127.0.0.1:${closed}`],
      ] as const) {
        const error = await refusal({ brokers: at(door) });
        expect(error).to.include({ code: 'kafka_unavailable', retryable: true });
        expect(error.message).to.include(messageOf(door, place));
        expect(error.message).not.to.include('KAFKA_BOOTSTRAP_SERVERS');
      }
    });

    it('names both in the health of a running bus as well', async () => {
      const { deserted, closed } = doors();
      const bus = openWith({ brokers: at(deserted) });
      const topic = await makeTopic(openWith({}));
      await bus.subscribe({ topic, group: 'lost', handler: () => Promise.resolve() });
      await faultOf(bus.identity());
      // One failed look proves nothing: a broker that restarts refuses for a moment, too.
      const says = () => bus.health().problem?.includes(messageOf(deserted, `127.0.0.1:${closed}`)) === true;
      await waitUntil(says, { timeoutMs: 15_000, what: 'the address in the health of the bus' });
    });
  });

  describe('with its topics', () => {
    const settings = { partitions: 3, replication: 1, retentionHours: 24, create: true };

    it('creates the missing topics as the settings say, and accepts them the next time', async () => {
      const bus = openWith({});
      const names = [newTopicName(), newTopicName()];
      await bus.ensureTopics(names, settings);
      await bus.ensureTopics(names, { ...settings, create: false });
    });

    it('accepts more partitions and a longer retention than it needs', async () => {
      const bus = openWith({});
      const name = newTopicName();
      await bus.ensureTopics([name], { ...settings, partitions: 5, retentionHours: 48 });
      await bus.ensureTopics([name], settings);
    });

    it('names everything that is wrong with the topics in one message', async () => {
      const bus = openWith({});
      const [few, compacted, missing] = [newTopicName(), newTopicName(), newTopicName()];
      await bus.ensureTopics([few], { ...settings, partitions: 2, retentionHours: 1 });
      const admin = createClient({ brokers: [sharedBroker().bootstrap] }, quiet).admin();
      await admin.connect();
      const configEntries = [{ name: 'cleanup.policy', value: 'compact' }];
      await admin.createTopics({ topics: [{ topic: compacted, numPartitions: 3, configEntries }] });
      await admin.disconnect();
      const wanted = { ...settings, replication: 2, create: false };
      const error = await faultOf(bus.ensureTopics([few, compacted, missing], wanted));
      expect(error).to.include({ code: 'kafka_refused', retryable: false });
      for (const text of [
        `no topic ${missing}`,
        'KAFKA_CREATE_TOPICS',
        `${few} has 2 partitions`,
        `${few} has 1 replicas`,
        `${few} keeps 1 hours`,
        `${compacted} has cleanup.policy=compact`,
      ])
        expect(error.message).to.include(text);
    });

    it('says that the replication is more than the cluster allows', async () => {
      const error = await faultOf(
        openWith({}).ensureTopics([newTopicName()], { ...settings, replication: 3 }),
      );
      expect(error).to.include({ code: 'kafka_refused' });
      expect(error.message).to.include('INVALID_REPLICATION_FACTOR');
    });
  });

  describe('with the settings', () => {
    const load = (env: Record<string, string>) => loadConfig(env, { envFile: false });
    const topics = () => [newTopicName()];

    it('takes the bus inside the process when no broker is named', async () => {
      const { bus, place } = await openBus(load({}), { log: quiet, topics: topics() });
      expect([await bus.identity(), place]).to.deep.equal(['in-process', null]);
      await bus.close();
    });

    it('takes the Kafka that is named, and creates its topics', async () => {
      const config = load({ KAFKA_BOOTSTRAP_SERVERS: sharedBroker().bootstrap });
      const names = topics();
      const { bus, place } = await openBus(config, { log: quiet, topics: names });
      try {
        expect(await bus.identity()).to.match(/^kafka:.{22}$/);
        expect(place).to.equal(sharedBroker().bootstrap);
        expect(await bus.publish([newMessage(names[0] ?? '')])).to.have.length(1);
      } finally {
        await bus.close();
      }
    });

    it('waits for a Kafka that does not answer yet, and says at the end that none does', async () => {
      const [port = 0] = await freePorts(1);
      const waiting: string[] = [];
      const log = { ...quiet, warn: (event: string) => void waiting.push(event) };
      const config = load({ KAFKA_BOOTSTRAP_SERVERS: `127.0.0.1:${port}` });
      const error = await faultOf(openBus(config, { log, topics: topics(), patienceMs: 4_000 }));
      expect(error).to.include({ code: 'kafka_unavailable', retryable: true });
      expect(error.message).to.include(`127.0.0.1:${port}`).and.include('KAFKA_BOOTSTRAP_SERVERS');
      expect(waiting).to.deep.equal(['kafka.waiting']);
    });

    it('waits as well when Kafka does not answer the request for the newest records', async () => {
      let proxy = await startProxy(doors().proxied, doors().direct);
      const waiting: string[] = [];
      const log = { ...quiet, warn: (event: string) => void waiting.push(event) };
      const config = load({ KAFKA_BOOTSTRAP_SERVERS: `127.0.0.1:${doors().proxied}` });
      const { bus, newest } = await openBus(config, { log, topics: topics() });
      try {
        await proxy.close();
        const looking = newest!();
        const waits = () => waiting.includes('kafka.waiting');
        await Promise.race([looking, waitUntil(waits, { timeoutMs: 15_000, what: 'the warning' })]);
        proxy = await startProxy(doors().proxied, doors().direct);
        expect(await looking).to.deep.equal([]);
      } finally {
        await bus.close();
        await proxy.close();
      }
    });

    it('names a certificate file that cannot be read, or is not a certificate', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'twinbox-pem-'));
      const path = join(folder, 'ca.pem');
      const config = load({ KAFKA_BOOTSTRAP_SERVERS: 'a:1', KAFKA_SSL: 'on', KAFKA_SSL_CA: path });
      const start = () => faultOf(openBus(config, { log: quiet, topics: topics() }));
      expect((await start()).message)
        .to.include('KAFKA_SSL_CA')
        .and.include(path);
      await writeFile(path, 'no certificate');
      expect(await start()).to.include({ code: 'config_invalid' });
      await rm(folder, { recursive: true });
    });
  });
});

import { expect } from 'chai';
import kafkajs, { type AclEntry, type Admin } from 'kafkajs';
import { randomUUID } from 'node:crypto';
import { createClient, type KafkaSettings } from '../../lib/bus/kafka/client.ts';
import type { KafkaBus } from '../../lib/bus/kafka/kafka.ts';
import { newMessage } from '../lib/bus/contract.ts';
import { createSignal, waitUntil } from '../support/signal.ts';
import { runKafkaTool } from './support/kafka-tools.ts';
import { doors, makeTopic, newTopicName, openTestBus, sharedBroker } from './support/shared-broker.ts';
import { quiet } from './support/test-broker.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
type Resource = (typeof AclResourceTypes)['TOPIC' | 'GROUP'];
type Operation = (typeof AclOperationTypes)['READ' | 'WRITE' | 'DESCRIBE' | 'DESCRIBE_CONFIGS' | 'CREATE'];
const PASSWORD = 'made up for this test';
const TOPIC = { partitions: 1, replication: null, retentionHours: 1, create: false };

describe('a user with a password (SCRAM) and few rights', function () {
  this.timeout(60_000);

  const user = `user-${randomUUID().slice(0, 8)}`;
  const open: KafkaBus[] = [];
  let admin: Admin;
  const login = (password: string, mechanism: 'scram-sha-256' | 'scram-sha-512' = 'scram-sha-512') =>
    ({ mechanism, username: user, password }) satisfies KafkaSettings['sasl'];
  const openAs = (password: string, mechanism?: 'scram-sha-256'): KafkaBus => {
    const bus = openTestBus({ brokers: [`127.0.0.1:${doors().scram}`], sasl: login(password, mechanism) });
    open.push(bus);
    return bus;
  };
  const refusalOf = async (promise: Promise<unknown>): Promise<Error> => {
    const error: unknown = await promise.then(
      () => new Error('it was allowed'),
      (reason: unknown) => reason,
    );
    return error instanceof Error ? error : new Error(String(error));
  };

  const ruleFor = (resourceType: Resource, resourceName: string, operation: Operation): AclEntry => ({
    ...{ principal: `User:${user}`, host: '*', permissionType: AclPermissionTypes.ALLOW },
    ...{ resourceType, resourceName, operation, resourcePatternType: ResourcePatternTypes.PREFIXED },
  });
  const allow = (resourceType: Resource, name: string, ...operations: Operation[]) =>
    admin.createAcls({ acl: operations.map((operation) => ruleFor(resourceType, name, operation)) });
  const { TOPIC: topics, GROUP: groups } = AclResourceTypes;
  const { READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS, CREATE } = AclOperationTypes;

  before(async () => {
    // One at a time: a request that changes one user twice is refused.
    for (const name of ['SCRAM-SHA-256', 'SCRAM-SHA-512'])
      await runKafkaTool('kafka.admin.ConfigCommand', [
        ...['--bootstrap-server', sharedBroker().bootstrap, '--entity-type', 'users', '--entity-name', user],
        ...['--alter', '--add-config', `${name}=[password=${PASSWORD}]`],
      ]);
    admin = createClient({ brokers: [sharedBroker().bootstrap] }, quiet).admin();
    await admin.connect();
  });
  after(() => admin.disconnect());
  afterEach(() => Promise.all(open.splice(0).map((bus) => bus.close())));

  it('is refused with a wrong password, soon, without showing it', async () => {
    const began = performance.now();
    for (const bus of [openAs('a wrong one'), openAs('a wrong one', 'scram-sha-256')]) {
      const error = await refusalOf(bus.identity().catch(() => bus.ensureTopics([newTopicName()], TOPIC)));
      expect(error).to.include({ code: 'kafka_refused', retryable: false });
      expect(error.message).to.include('KAFKA_SASL_PASSWORD').and.not.include('a wrong one');
    }
    expect(performance.now() - began).to.be.below(8_000);
  });

  it('needs no more rights than docs/kafka.md names', async () => {
    const prefix = `rights.${randomUUID()}`;
    await allow(topics, prefix, READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS, CREATE);
    await allow(groups, prefix, READ, DESCRIBE);
    for (const mechanism of [undefined, 'scram-sha-256'] as const) {
      const bus = openAs(PASSWORD, mechanism);
      const topic = `${prefix}.${randomUUID()}`;
      await bus.ensureTopics([topic], { ...TOPIC, create: true });
      await bus.ensureTopics([topic], TOPIC);
      expect(await bus.identity()).to.match(/^kafka:/);
      const got = createSignal<string | null>();
      const handler = (batch: readonly { eventId: string | null }[]) =>
        Promise.resolve(got.fire(batch[0]?.eventId ?? null));
      await bus.subscribe({ topic, group: topic, handler });
      const message = newMessage(topic);
      await bus.publish([message]);
      expect(await got.promise).to.equal(message.eventId);
    }
  });

  it('gets the name of the topic or group that it may not use', async () => {
    const topic = await makeTopic(openTestBus(), { partitions: 1 });
    const bus = openAs(PASSWORD);
    const unseen = await refusalOf(bus.ensureTopics([topic], TOPIC));
    expect(unseen).to.include({ code: 'kafka_refused', retryable: false });
    expect(unseen.message).to.include(topic);
    await allow(topics, topic, READ, DESCRIBE);
    const handler = () => Promise.resolve();
    const noGroup = await refusalOf(
      bus
        .subscribe({ topic, group: topic, handler })
        .then(() => bus.failed.then((error) => Promise.reject(error))),
    );
    expect(noGroup).to.include({ code: 'kafka_refused', retryable: false });
    expect(noGroup.message).to.include(topic).and.include('GROUP_AUTHORIZATION_FAILED');
    const noWrite = await refusalOf(bus.publish([newMessage(topic)]));
    expect(noWrite.message).to.include('TOPIC_AUTHORIZATION_FAILED');
    await waitUntil(() => bus.health().problem?.includes(topic) ?? false, {
      timeoutMs: 20_000,
      what: 'health',
    });
  });

  it('ends when a right is taken away while it reads', async () => {
    const topic = await makeTopic(openTestBus(), { partitions: 1 });
    await allow(topics, topic, READ, DESCRIBE);
    await allow(groups, topic, READ, DESCRIBE);
    const bus = openAs(PASSWORD);
    const got = createSignal();
    await bus.subscribe({ topic, group: topic, handler: () => Promise.resolve(got.fire()) });
    const owner = openTestBus();
    await owner.publish([newMessage(topic)]);
    await owner.close();
    await got.promise;
    await admin.deleteAcls({ filters: [ruleFor(groups, topic, READ)] });
    const failed = await bus.failed;
    expect(failed).to.include({ code: 'kafka_refused' });
    expect(failed.message).to.include('GROUP_AUTHORIZATION_FAILED');
  });
});

/**
 * `make kafka`: runs a real Kafka broker in the foreground, to try Twinbox with Kafka and without a
 * container engine.
 */
import { join } from 'node:path';
import { createBroker } from '../embedded/kafka/broker.ts';
import { explain } from '../failure.ts';

const port = Number(process.argv[2] ?? 9092);
const say = (text: string): void => void process.stderr.write(`${text}\n`);

try {
  const node = { id: 1, ports: { client: port, controller: port + 1 } };
  const broker = await createBroker({
    node,
    cluster: [node],
    dataDir: join(process.cwd(), '.twinbox/kafka'),
    say,
  });
  await broker.start();
  const stop = { asked: false };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      stop.asked = true;
      void broker.stop();
    });
  }
  say(
    `Kafka runs on ${broker.bootstrap}; its data is in .twinbox/kafka. Ctrl-C stops the broker. From another terminal:`,
  );
  say(`  KAFKA_BOOTSTRAP_SERVERS=${broker.bootstrap} npx twinbox up`);
  await broker.ended();
  if (!stop.asked) say('Kafka has ended unexpectedly; .twinbox/kafka/broker.log says why.');
  process.exitCode = stop.asked ? 0 : 1;
} catch (error) {
  const { message, exitCode } = explain(error);
  say(message);
  process.exitCode = exitCode;
}

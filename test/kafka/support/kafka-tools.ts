// Kafka's own command-line clients, in Java: clients of another make than ours.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { kafkaJars } from '../../../cli/embedded/kafka/artifacts.ts';

const run = promisify(execFile);

/**
 * Its output. `kafka-console-consumer.sh` and the other scripts are these classes with the same
 * arguments.
 */
export async function runKafkaTool(className: string, args: readonly string[]): Promise<string> {
  const { classpath } = await kafkaJars(() => undefined);
  const java = ['-XX:TieredStopAtLevel=1', '-Xshare:auto', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'];
  const { stdout } = await run('java', [...java, '-cp', classpath, className, ...args], { timeout: 60_000 });
  return stdout;
}

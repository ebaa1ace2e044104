// One Kafka broker as a child process: started, stopped, killed, frozen, and started again on the
// same ports and data.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { AppError } from '../../../lib/errors.ts';
import { waitUntil } from '../../../lib/loop.ts';
import { readIfThere } from '../files.ts';
import { kafkaJars } from './artifacts.ts';
import { openClassArchive } from './class-archive.ts';
import { formatDataDir, newKafkaId, serverProperties, type BrokerSettings } from './properties.ts';

export type Broker = {
  /** host:port of the plain listener. */
  bootstrap: string;
  /** The id of the running process; undefined if it does not run. */
  pid(): number | undefined;
  /** Starts the broker, also again after a stop; resolves when its port accepts connections. */
  start(): Promise<void>;
  /** Sends SIGTERM, and waits for the end. */
  stop(): Promise<void>;
  /** Sends SIGKILL, and waits for the end. */
  kill(): Promise<void>;
  /** Send SIGSTOP and SIGCONT. */
  freeze(): void;
  thaw(): void;
  /** Resolves when the running process has ended, for any reason. */
  ended(): Promise<void>;
};

export type BrokerOptions = BrokerSettings & {
  clusterId?: string;
  heapMb?: number;
  say?: (text: string) => void;
};

// On a busy machine a start has taken 7 s.
const START_MS = 60_000;
const STOP_MS = 60_000;

/** Creates a broker, and does not start it. */
export async function createBroker(options: BrokerOptions): Promise<Broker> {
  const { dataDir, node, clusterId = newKafkaId(), heapMb = 512, say = () => undefined } = options;
  const jars = await kafkaJars(say);
  await mkdir(dataDir, { recursive: true });
  await formatDataDir(dataDir, node.id, clusterId);
  const settings = join(dataDir, 'server.properties');
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    if (isRunning(child)) return;
    const { client } = node.ports;
    if (await acceptsConnections(client)) throw portTaken(client);
    await writeFile(settings, serverProperties(options));
    const archive = await openClassArchive(jars.folder);
    const logPath = join(dataDir, 'broker.log');
    const logBegin = ((await readIfThere(logPath)) ?? '').length;
    const log = createWriteStream(logPath, { flags: 'a' });
    const args = [...javaOptions(heapMb), ...archive.options, '-cp', jars.classpath, 'kafka.Kafka', settings];
    // In the same process group, so that Ctrl-C, or a signal to the group, ends the broker too.
    const started = spawn('java', args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: dataDir });
    child = started;
    started.stdout.pipe(log);
    started.stderr.pipe(log);
    started.once('exit', () => void archive.keep());
    await waitUntil(() => !isRunning(started) || acceptsConnections(client), {
      timeoutMs: START_MS,
      everyMs: 15,
      what: `Kafka on port ${client}`,
    });
    if (!isRunning(started)) throw await failedStart(dataDir, logBegin);
  }

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const ending = child;
    if (!isRunning(ending)) return;
    const gone = once(ending, 'exit');
    ending.kill(signal);
    // A process that is frozen would not receive the first signal.
    ending.kill('SIGCONT');
    const late = setTimeout(() => ending.kill('SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(late);
  }

  return {
    bootstrap: `127.0.0.1:${node.ports.client}`,
    pid: () => (isRunning(child) ? child.pid : undefined),
    start,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async ended() {
      if (isRunning(child)) await once(child, 'exit');
    },
  };
}

function isRunning(child: ChildProcess | undefined): child is ChildProcess {
  return child !== undefined && child.exitCode === null && child.signalCode === null;
}

function javaOptions(heapMb: number): string[] {
  return [
    `-Xms${Math.min(128, heapMb)}m`,
    `-Xmx${heapMb}m`,
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Djava.awt.headless=true',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-Dorg.slf4j.simpleLogger.showDateTime=true',
  ];
}

async function acceptsConnections(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function portTaken(port: number): AppError {
  return new AppError('kafka_unavailable', {
    detail: `port ${port} is in use: choose another port, or stop the program that uses it`,
    retryable: true,
  });
}

async function failedStart(dataDir: string, logBegin: number): Promise<AppError> {
  const log = ((await readIfThere(join(dataDir, 'broker.log'))) ?? '').slice(logBegin);
  const lines = log.trim().split('\n');
  // The broker logs the first reason before all that follows from it, each with its stack.
  const reasons = lines.filter((line) => / (ERROR|FATAL) |^Caused by: |^Exception in /.test(line));
  const tail = (reasons.length > 0 ? reasons.slice(0, 4) : lines.slice(-8)).join('\n');
  return new AppError('kafka_unavailable', {
    detail: `Kafka ended during its start:\n${tail}`,
    retryable: true,
  });
}

// The services of the compose file as processes of this machine: each with its own command line,
// environment and health check, started in the order of depends_on. Only addresses differ: all
// share one loopback address, where containers have names.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { freePorts } from '../kafka/support/ports.ts';
import { bareEnvironment } from '../support/environment.ts';
import { waitUntil } from '../support/signal.ts';
import { isOurs, waitsFor, type Service } from './compose.ts';

export type Machine = {
  /** The image's /app, and the variables that the image sets. */
  folder: string;
  imageEnvironment: Readonly<Record<string, string>>;
  /** The image's /data. */
  dataDir: string;
  /** Without its password. */
  databaseUrl: string;
  kafkaPort: number;
};

export type Finished = { code: number | null; stdout: string; stderr: string };

export type Container = {
  name: string;
  /** Its port on this machine, in place of the one in its container. */
  port: number;
  /** Its own health check. */
  check(): Promise<Finished>;
  /** Its output so far. */
  log(): string;
  /** As `docker stop`: sends SIGTERM, and returns the exit status. */
  stop(): Promise<number | null>;
};

const PORTS: Record<string, number> = { api: 8000, relay: 8001, worker: 8002, simulator: 12111 };

const STARTS_MS = 150_000;
/** Each check is a process, and takes processor time from services that are starting. */
const CHECK_MS = 1_500;

export type Containers = Awaited<ReturnType<typeof createContainers>>;

export async function createContainers(services: Record<string, Service>, machine: Machine) {
  const running = new Set<ChildProcess>();
  const named = Object.keys(PORTS);
  const addresses = await freePorts(named.length);
  const portOf = new Map(named.map((name, at) => [name, addresses[at] ?? 0]));

  /**
   * Addresses of the containers' network, and of a container itself, as they are on this machine.
   */
  function here(text: string, own = 0, ownHere = 0): string {
    return text
      .replace('postgresql://twinbox@postgres:5432/twinbox', machine.databaseUrl)
      .replace('kafka:9092', `127.0.0.1:${machine.kafkaPort}`)
      .replace('127.0.0.1/9092', `127.0.0.1/${machine.kafkaPort}`)
      .replace(/\b(api|simulator):(8000|12111)\b/, (_, name: string) => `127.0.0.1:${portOf.get(name) ?? 0}`)
      .replace(`127.0.0.1:${own}`, `127.0.0.1:${ownHere}`)
      .replace(/^0\.0\.0\.0$/, '127.0.0.1')
      .replace(/^\/data\b/, machine.dataDir);
  }

  function environmentFor(name: string, service: Service, ownHere: number): NodeJS.ProcessEnv {
    const own = PORTS[name] ?? 0;
    const given = { ...machine.imageEnvironment, ...service.environment };
    const moved = Object.entries(given).map(([key, value]) => {
      const isOwnPort = key.endsWith('_PORT') && Number(value) === own;
      return [key, isOwnPort ? String(ownHere) : here(String(value), own, ownHere)] as const;
    });
    const health = name === 'relay' || name === 'worker' ? { HEALTH_PORT: String(ownHere) } : {};
    // Containers have each port for themselves; here they share one machine.
    const metrics = 'METRICS_PORT' in given ? { METRICS_PORT: '0' } : {};
    return bareEnvironment({ ...Object.fromEntries(moved), ...health, ...metrics });
  }

  function start(program: string, args: string[], env: NodeJS.ProcessEnv) {
    // The image's node is the one that runs this test.
    const path = program === 'node' ? process.execPath : program;
    const child = spawn(path, args, { cwd: machine.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
    const ended = once(child, 'close').then(([code]): Finished => {
      running.delete(child);
      return { code: code as number | null, stdout: stdout(), stderr: stderr() };
    });
    return { child, ended, log: () => stdout() + stderr() };
  }

  /** Runs a service to its end, as `docker compose run` with another command or variables would. */
  async function run(name: string, change: Partial<Service> = {}): Promise<Finished> {
    const service = { ...demand(name), ...change };
    const [program = '', ...args] = service.command ?? [];
    return await start(program, args, environmentFor(name, service, 0)).ended;
  }

  async function startOne(name: string, port: number, change: Partial<Service> = {}): Promise<Container> {
    const service = { ...demand(name), ...change };
    const [program = '', ...args] = service.command ?? [];
    const env = environmentFor(name, service, port);
    const { child, ended, log } = start(program, args, env);
    const [checker = '', ...asked] = (service.healthcheck?.test ?? []).slice(1);
    return {
      name,
      port,
      check: () =>
        start(
          checker,
          asked.map((part) => here(part, PORTS[name], port)),
          env,
        ).ended,
      log,
      async stop() {
        child.kill('SIGTERM');
        return (await ended).code;
      },
    };
  }

  /** One more container of a service, besides those that `up` starts; it is not waited for. */
  async function add(name: string, change: Partial<Service> = {}): Promise<Container> {
    const [port = 0] = await freePorts(1);
    return startOne(name, port, change);
  }

  async function startAll(name: string): Promise<Container[]> {
    const { deploy } = demand(name);
    const more = await freePorts((deploy?.replicas ?? 1) - 1);
    const containers = await Promise.all(
      [portOf.get(name) ?? 0, ...more].map((port) => startOne(name, port)),
    );
    await Promise.all(containers.map(untilHealthy));
    return containers;
  }

  /**
   * As `docker compose up --wait`: starts every service once those are ready that it waits for.
   * `report` is called with each state.
   */
  async function up(report: (name: string) => void): Promise<Map<string, Container[]>> {
    const all = new Map<string, Promise<Container[]>>();
    const bring = (name: string): Promise<Container[]> => {
      const known = all.get(name) ?? begin(name);
      all.set(name, known);
      return known;
    };
    async function begin(name: string): Promise<Container[]> {
      await Promise.all(waitsFor(name, services).map((other) => bring(other.name)));
      const service = demand(name);
      const containers = !isOurs(service) || service.restart === 'no' ? [] : await startAll(name);
      if (name === 'kafka') await untilKafkaAnswers();
      if (isOurs(service) && service.restart === 'no') await completed(name);
      report(name);
      return containers;
    }
    const names = Object.keys(services);
    const started = await Promise.all(names.map(bring));
    return new Map(names.map((name, at) => [name, started[at] ?? []]));
  }

  async function completed(name: string): Promise<void> {
    const { code, stdout, stderr } = await run(name);
    if (code !== 0) throw new Error(`${name} ended with ${code}:\n${stdout}${stderr}`);
  }

  async function untilKafkaAnswers(): Promise<void> {
    const [program = '', ...args] = (demand('kafka').healthcheck?.test ?? [])
      .slice(1)
      .map((part) => here(part));
    const answers = async () => (await start(program, args, bareEnvironment()).ended).code === 0;
    await waitUntil(answers, { timeoutMs: STARTS_MS, everyMs: CHECK_MS, what: 'the health check of kafka' });
  }

  async function untilHealthy({ name, check, log }: Container): Promise<void> {
    let last = '';
    const isHealthy = async () => {
      const { code, stderr } = await check();
      last = stderr;
      return code === 0;
    };
    await waitUntil(isHealthy, { timeoutMs: STARTS_MS, everyMs: CHECK_MS, what: name }).catch(
      (cause: unknown) => {
        throw new Error(`${name} is not healthy: ${last}\n${log()}`, { cause });
      },
    );
  }

  function demand(name: string): Service {
    const service = services[name];
    if (service === undefined) throw new Error(`there is no service ${name}`);
    return service;
  }

  return {
    up,
    run,
    add,
    /** Kills all processes that still run. */
    async clear() {
      const gone = [...running].map((child) => once(child, 'exit'));
      for (const child of running) child.kill('SIGKILL');
      await Promise.all(gone);
    },
  };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return () => text;
}

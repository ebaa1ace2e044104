/** A program that starts the embedded PostgreSQL of a folder, says so in one line of JSON, and waits to be killed. */
import { startEmbeddedPostgres } from '../../cli/embedded/postgres.ts';

const [dataDir = ''] = process.argv.slice(2);
const { pid, wasRunning } = await startEmbeddedPostgres({ dataDir, fsync: false, log: () => undefined });
process.stdout.write(`${JSON.stringify({ pid, wasRunning })}\n`);
process.stdin.resume();

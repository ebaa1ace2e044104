/** A worker as a process of its own. */
import { runProcess } from '../lib/process/run.ts';
import { startWorker } from './start.ts';

await runProcess('worker', startWorker);

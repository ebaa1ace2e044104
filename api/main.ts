/** The API as a process of its own. */
import { runProcess } from '../lib/process/run.ts';
import { startApiProcesses } from './processes.ts';

await runProcess('api', startApiProcesses);

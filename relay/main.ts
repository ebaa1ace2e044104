/** The relay as a process of its own. */
import { runProcess } from '../lib/process/run.ts';
import { startRelay } from './start.ts';

await runProcess('relay', startRelay);

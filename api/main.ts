/** Starts the API as a separate process. */
import { enableCompileCache } from 'node:module';
import { startAgainIfCompiled, startWithHeapFlags } from '../lib/process/heap.ts';

startWithHeapFlags('common');
// Without the cache, compiling TypeScript takes most of the time of a start.
enableCompileCache();
const { runProcess } = await import('../lib/process/run.ts');
const { startApiProcesses } = await import('./processes.ts');
startAgainIfCompiled();
await runProcess('api', startApiProcesses);

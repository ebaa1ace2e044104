/** The relay as a separate process. */
import { enableCompileCache } from 'node:module';
import { startAgainIfCompiled, startWithHeapFlags } from '../lib/process/heap.ts';

startWithHeapFlags('relay');
// Without the cache most of the start's time is spent on compiling TypeScript.
enableCompileCache();
const { runProcess } = await import('../lib/process/run.ts');
const { startRelay } = await import('./start.ts');
startAgainIfCompiled();
await runProcess('relay', startRelay);

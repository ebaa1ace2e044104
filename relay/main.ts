/** The relay as a process of its own. */
import { enableCompileCache } from 'node:module';

// Most of a start's time would otherwise go into reading TypeScript.
enableCompileCache();
const { runProcess } = await import('../lib/process/run.ts');
const { startRelay } = await import('./start.ts');
await runProcess('relay', startRelay);

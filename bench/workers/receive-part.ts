/** One part of bench/suite/worker-receive.ts, as a process of its own; it answers with one line of JSON. */
import { enableCompileCache } from 'node:module';

enableCompileCache();
await import('./receive-parts.ts');

import { enableCompileCache } from 'node:module';

// Without the cache a short command spends half of its time on compiling TypeScript.
enableCompileCache();
const { runCli } = await import('./run.ts');
process.exitCode = await runCli(process.argv.slice(2));

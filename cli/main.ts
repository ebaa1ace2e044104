import { enableCompileCache } from 'node:module';

// Otherwise half of a short command's time goes into reading TypeScript.
enableCompileCache();
const { runCli } = await import('./run.ts');
process.exitCode = await runCli(process.argv.slice(2));

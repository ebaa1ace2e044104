/** One part of bench/kafka.ts in a process of its own, started as our own processes are: its CPU and its memory are its own. */
import { enableCompileCache } from 'node:module';

enableCompileCache();
await import('./kafka-parts.ts');

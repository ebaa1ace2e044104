/**
 * One part of bench/kafka.ts as a separate process, started like our own processes, so that its CPU
 * and memory are measured alone.
 */
import { enableCompileCache } from 'node:module';

enableCompileCache();
await import('./kafka-parts.ts');

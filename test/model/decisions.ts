// The part of `make model` that tries `decide` alone: every sentence of test/lib/sync/decide/ in
// generated situations, without a database.
import { checkSentences, rungs } from '../lib/sync/decide/sentences.ts';

const runs = Number(process.argv[2]);
const begin = performance.now();
const { reached, broken } = checkSentences(runs);
for (const rung of rungs) console.log(`${String(reached.get(rung) ?? 0).padStart(8)}  decided by ${rung}`);
if (broken) console.error(broken.error);
const seconds = Math.round((performance.now() - begin) / 1_000);
console.log(`${runs} decisions in ${seconds} s, ${broken ? 'a sentence is broken' : 'no sentence broken'}`);
process.exitCode = broken || rungs.some((rung) => !reached.has(rung)) ? 1 : 0;

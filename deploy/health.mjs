// The containers' health check: asks one address and prints what is not right, where `docker inspect` shows it.
//
//   node deploy/health.mjs http://127.0.0.1:8001/ready
const [url = ''] = process.argv.slice(2);
// Shorter than compose's own limit, which would say nothing.
const LIMIT_MS = 4_000;

try {
  const answer = await fetch(url, { signal: AbortSignal.timeout(LIMIT_MS) });
  const body = await answer.text();
  if (!answer.ok) {
    console.error(`${url} says ${answer.status}: ${body}`);
    process.exitCode = 1;
  }
} catch (error) {
  const { message } = error.cause ?? error;
  console.error(`${url} does not answer: ${message}`);
  process.exitCode = 1;
}

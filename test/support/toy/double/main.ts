// Toy's double as a process, to work with by hand: node test/support/toy/double/main.ts PORT. It prints the
// settings with which `make up` keeps it in step, and sends its webhooks to the API on port 8000.
// Whoever edits through its API without an idempotency key is a person who works there.
import { SECRET } from './sender.ts';
import { startToy, TOKEN } from './server.ts';

const [port = '12222', api = 'http://127.0.0.1:8000'] = process.argv.slice(2);
const toy = await startToy({ port: Number(port) });
toy.subscribe(`${api}/api/v1/webhooks/toy`);
console.log(`TOY_URL=${toy.url}\nTOY_TOKEN=${TOKEN}\nTOY_WEBHOOK_SECRET=${SECRET}`);

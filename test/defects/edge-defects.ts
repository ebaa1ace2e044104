import type { Defect } from './defect.ts';

const FOLDER = 'test/lib/integrations/stripe';

/**
 * Mistakes of the Stripe client in HTTP: each accepts what Stripe did not say, or repeats what must
 * not be repeated.
 */
export const edgeDefects: Defect[] = [
  {
    name: 'edge: a redirect is followed, with the key',
    edits: [
      {
        file: 'lib/integrations/stripe/http.ts',
        find: `      const answer = await send(() => transport.request(options), protocol, body, timeoutMs);`,
        replace: `      let answer = await send(() => transport.request(options), protocol, body, timeoutMs);
      const { location } = answer.headers;
      if (location !== undefined && answer.status >= 300 && answer.status < 400) {
        const to = new URL(location, \`\${protocol}://\${host}\`);
        const next = { ...options, host: to.hostname, port: to.port, path: to.pathname };
        answer = await send(() => transport.request(next), protocol, body, timeoutMs);
      }`,
      },
    ],
    caughtBy: {
      file: `${FOLDER}/edge-pages.test.ts`,
      title: 'gets no second request after a redirect with 302',
    },
  },
  {
    name: 'edge: a part of an answer is a success',
    edits: [
      {
        file: 'lib/integrations/stripe/answer.ts',
        find: `  if (status === 200) return`,
        replace: `  if (status >= 200 && status < 300) return`,
      },
    ],
    caughtBy: { file: `${FOLDER}/edge-status.test.ts`, title: '206 is no success' },
  },
  {
    name: 'edge: an error with 200 refuses for good',
    edits: [
      {
        file: 'lib/integrations/stripe/answer.ts',
        find: `return error === undefined ? json : null;`,
        replace: `return json;`,
      },
    ],
    caughtBy: { file: `${FOLDER}/edge-status.test.ts`, title: '200 with an error is not an error of Stripe' },
  },
  {
    name: 'edge: an error of a gateway refuses for good',
    edits: [
      {
        file: 'lib/integrations/stripe/answer.ts',
        find: ` && ERROR_TYPES.includes(error['type'])`,
        replace: ` && ERROR_TYPES.length > 0`,
      },
    ],
    caughtBy: {
      file: `${FOLDER}/edge-status.test.ts`,
      title: 'without a type of Stripe in its error is an error of a gateway',
    },
  },
  {
    name: 'edge: a page with headers of Stripe ends a key',
    edits: [
      {
        file: 'lib/integrations/stripe/classify.ts',
        find: `      e.replay === 'yes' &&
      !e.foreignAnswer &&`,
        replace: `      e.replay === 'yes' &&`,
      },
    ],
    caughtBy: {
      file: `${FOLDER}/edge-pages.test.ts`,
      title: 'keeps the key in use where a page comes in the place of a kept failure',
    },
  },
  {
    name: 'edge: an undocumented status refuses for good',
    edits: [
      {
        file: 'lib/integrations/stripe/classify.ts',
        find: `    fits: (e) => [400, 402, 413].includes(e.status ?? 0),`,
        replace: `    fits: (e) => between(e, 400, 499),`,
      },
    ],
    caughtBy: { file: `${FOLDER}/edge-status.test.ts`, title: '451 with an error is not a refusal for good' },
  },
  {
    name: 'edge: another customer than the one asked for is taken for it',
    edits: [
      {
        file: 'lib/integrations/stripe/answer.ts',
        find: `  if (!('id' in answer) || answer.id !== id)`,
        replace: `  if (!('id' in answer) || id === '')`,
      },
    ],
    caughtBy: {
      file: `${FOLDER}/edge-shapes.test.ts`,
      title: 'with another customer than requested is neither a read, nor a delete',
    },
  },
  {
    name: 'edge: a list without its end is a whole one',
    edits: [
      {
        file: 'lib/integrations/stripe/answer.ts',
        find: `  if (!Array.isArray(data) || typeof hasMore !== 'boolean')`,
        replace: `  if (!Array.isArray(data) || hasMore === true)`,
      },
    ],
    caughtBy: {
      file: `${FOLDER}/edge-shapes.test.ts`,
      title: 'is a list only with data and a stated end',
    },
  },
  {
    name: 'edge: bytes that are no UTF-8 become other letters',
    edits: [
      {
        file: 'lib/integrations/stripe/answer.ts',
        find: `{ fatal: true, ignoreBOM: true }`,
        replace: `{ ignoreBOM: true }`,
      },
    ],
    caughtBy: {
      file: `${FOLDER}/edge-pages.test.ts`,
      title: 'has given no name where its bytes are not UTF-8',
    },
  },
  {
    name: 'edge: a page in the place of the test clocks ends a list',
    edits: [
      {
        file: 'lib/integrations/stripe/list.ts',
        find: `    if (kind !== 'auth' || status !== 403) throw error;`,
        replace: `    if (kind === 'permanent' || status !== 403) throw error;`,
      },
    ],
    caughtBy: {
      file: `${FOLDER}/edge-walk.test.ts`,
      title: 'is not complete where a page of a proxy, with 403, comes in the place of the test clocks',
    },
  },
  {
    name: 'edge: a walk goes in a circle',
    edits: [
      {
        file: 'lib/integrations/stripe/pages.ts',
        find: `    if (at.used.has(last.id) || gone.has(last.id))`,
        replace: `    if (last.id === at.cursor || gone.has(last.id))`,
      },
    ],
    caughtBy: {
      file: `${FOLDER}/edge-walk.test.ts`,
      title: 'lists events ends where two pages follow each other for ever',
    },
  },
  {
    name: 'edge: a wait that a proxy asks for holds a customer for years',
    edits: [
      {
        file: 'lib/integrations/stripe/headers.ts',
        find: `Math.min(Math.max(0, ms), HOUR)`,
        replace: `Math.min(Math.max(0, ms), HOUR * HOUR)`,
      },
    ],
    caughtBy: { file: `${FOLDER}/edge-headers.test.ts`, title: 'delays a customer for an hour at most' },
  },
  {
    name: 'edge: an unclear header makes a stored answer one of the present',
    edits: [
      {
        file: 'lib/integrations/stripe/stripe.ts',
        find: `readReplay(answer.lastResponse.headers['idempotent-replayed']) !== 'no'`,
        replace: `readReplay(answer.lastResponse.headers['idempotent-replayed']) === 'yes'`,
      },
    ],
    caughtBy: { file: `${FOLDER}/edge-headers.test.ts`, title: 'makes the answer a replay' },
  },
  {
    name: 'edge: a failure repeats the key',
    edits: [
      {
        file: 'lib/integrations/stripe/redact.ts',
        find: `.replace(SECRETS, CUT)`,
        replace: `.replace(SECRETS, (found) => (found === '' ? CUT : found))`,
      },
    ],
    caughtBy: { file: `${FOLDER}/edge-secrets.test.ts`, title: 'shows no key and no email' },
  },
  {
    name: 'edge: a call is limited only until the head is there',
    edits: [
      {
        file: 'lib/integrations/stripe/http.ts',
        find: `      const chunks: Buffer[] = [];`,
        replace: `      clearTimeout(deadline);
      const chunks: Buffer[] = [];`,
      },
    ],
    caughtBy: {
      file: `${FOLDER}/edge-time.test.ts`,
      title: 'ends at its time limit where only the head comes',
    },
  },
];

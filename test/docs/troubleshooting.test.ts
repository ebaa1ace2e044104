// docs/troubleshooting.md and the runbook quote only what the program prints.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { readPage, ROOT, sectionsOf } from './read-page.ts';

const page = readPage('docs/troubleshooting.md');
/** Whatever prints a message. */
const ROOMS = ['api', 'cli', 'db', 'lib', 'relay', 'workers', 'simulator'];

/** All sources in one text without comments, with strings joined that are split over lines. */
function sources(): string {
  const files = ROOMS.flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(ROOT, room, name), 'utf8')),
  );
  return files
    .join('\n')
    .replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, '')
    .replaceAll(/['`] \+\n\s*['`]/g, '')
    .replaceAll("\\'", "'")
    .replaceAll(/no \$\{role\} is running/g, 'no relay is running');
}

/** In troubleshooting.md the first cells of the tables; in the runbook what stands before a colon. */
function messages(): string[] {
  const inRunbook = [...readPage('docs/runbook.md').matchAll(/`([^`]+)`: /g)].map(
    ([, message = '']) => message,
  );
  const inTables = [...page.matchAll(/^\| (.+?) \| .+ \| .+ \|$/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, message = '']) => message),
  );
  return [...inRunbook, ...inTables];
}

describe('docs/troubleshooting.md', () => {
  it('quotes only messages that the program has, up to the values in them', () => {
    const text = sources();
    const quoted = messages().filter((message) => !message.startsWith('npx '));
    expect(quoted).to.have.length.above(35);
    const unknown = quoted.filter((message) => {
      const parts = message.split('…').map((part) => part.trim());
      return !parts.every((part) => part === '' || text.includes(part));
    });
    expect(unknown).to.deep.equal([]);
  });

  it('has a section for what newcomers and operators meet', () => {
    const about = [...sectionsOf(page).values()].join('\n');
    const met = [
      'API_PORT',
      'KAFKA_BOOTSTRAP_SERVERS',
      'sslmode',
      'pool_mode',
      'set-ntp',
      'STRIPE_WEBHOOK_SECRET',
    ];
    for (const word of [...met, 'STRIPE_WRITES=off', 'parked', 'consents', 'paused', 'drift', 'laptop'])
      expect(about).to.include(word);
  });
});

// One session of the prompt.
import { join } from 'node:path';
import { ignoreConnectionSettings, loadConfig } from '../../lib/config/config.ts';
import { exit } from '../exit.ts';
import { table, type Output } from '../output.ts';
import { createControl } from './control.ts';
import { createCustomers } from './customers.ts';
import { createEngine } from './engine.ts';
import { withScratch, withSettings, type Place } from './place.ts';
import { runShell } from './shell.ts';

export function runRepl(scratch: boolean, output: Output): Promise<number> {
  const open = scratch ? withScratch : withSettings;
  return open((place) => runSession(place, output));
}

async function runSession(place: Place, output: Output): Promise<number> {
  const { sync, store, config } = place;
  const simulator = place.simulatorUrl === null ? null : createControl(place.simulatorUrl);
  const names = {
    ...{ db: sync.db, engine: createEngine(sync), customers: createCustomers(sync.db, sync.entity, store) },
    ...{ simulator, config },
  };
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  // On a terminal the session itself handles Ctrl-C.
  const signals = ['SIGTERM', 'SIGHUP', ...(process.stdin.isTTY ? [] : ['SIGINT'])];
  for (const signal of signals) process.on(signal, stop);
  try {
    for (const line of banner(place)) output.say(line);
    const session = runShell({
      ...{ names, output, signal: stopping.signal },
      historyFile: historyFile(),
    });
    const end = await Promise.race([session, place.failed]);
    if (typeof end === 'number') return end;
    stop();
    await session;
    output.say(`Twinbox cannot go on: ${end.message}`);
    return exit.failed;
  } finally {
    for (const signal of signals) process.removeListener(signal, stop);
  }
}

/** One history for all sessions, outside the scratch folder, which is emptied at each start. */
function historyFile(): string {
  return join(loadConfig(ignoreConnectionSettings(), { envFile: false }).dataDir, 'repl-history');
}

function banner({ database, apiUrl, simulatorUrl, about }: Place): string[] {
  const stripe =
    simulatorUrl === null
      ? 'null: the real Stripe is used, in test mode'
      : `${simulatorUrl}: customers(), create({…}), edit(id, {…}), remove(id), fault({…}), ledger()`;
  return [
    `Twinbox: JavaScript, \`await\` works. ${about}`,
    ...table([
      ['  db', `knex on ${database}: await db('customers')`],
      [
        '  engine',
        'what a worker is given, and mapping(id), reconcile(id), theirs(id), quiet(); id: of a customer',
      ],
      ['  customers', 'as by the API: create({ name, email }), read(id), edit(id, {…}), remove(id)'],
      ['  simulator', stripe],
      ['  config', `the settings${apiUrl === null ? '' : `; the API is at ${apiUrl}/api/v1`}`],
    ]),
    'docs/cli.md has more. Ctrl-D ends the session and stops all that it started.',
  ];
}

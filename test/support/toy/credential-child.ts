/**
 * A process that calls Toy once with a credential that rotates, and that a test may kill at any failpoint:
 * `node test/support/toy/credential-child.ts <database> <toy> <time> [failpoints]`. It prints the failpoints
 * that it has passed.
 */
import { createDb } from '../../../db/server/connection.ts';
import { createKeeper } from '../../../lib/credentials/keeper.ts';
import { enableFailpoints, noteFailpoints } from '../../../lib/failpoint.ts';
import { A_KEY } from '../credentials.ts';
import { CLIENT_SECRET } from './double/tokens.ts';
import { createToyAuth } from './system/auth.ts';
import { createToyIntegration } from './system/toy.ts';

const [database = '', url = '', time = '', failpoints = ''] = process.argv.slice(2);
const db = createDb({ url: database, poolSize: 2, applicationName: 'credential-child' });
const passed: string[] = [];
noteFailpoints((name) => passed.push(name));
enableFailpoints(failpoints);
const quiet = (): void => undefined;
const { authorize } = createKeeper({
  ...{ db, clock: { now: () => new Date(time) }, log: { info: quiet, warn: quiet }, keys: [A_KEY] },
  ...{ system: 'toy', which: 'bound', auth: createToyAuth({ url, clientSecret: CLIENT_SECRET }) },
});
await createToyIntegration({ url, authorize, instanceId: 'child' }).identify();
await db.destroy();
process.stdout.write(JSON.stringify(passed));

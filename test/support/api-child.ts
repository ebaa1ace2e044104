// The API as a process of its own, which a test may kill: `node test/support/api-child.ts <database>
// [failpoints]`. It prints its address.
import { createDb } from '../../db/server/connection.ts';
import { enableFailpoints } from '../../lib/failpoint.ts';
import { startApi } from '../api/start-api.ts';

const [url = '', failpoints = ''] = process.argv.slice(2);
enableFailpoints(failpoints);
const { server } = await startApi({ db: createDb({ url, poolSize: 4, applicationName: 'api-child' }) });
process.stdout.write(`${server.url}\n`);

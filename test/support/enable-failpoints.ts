/**
 * For processes that a test starts: `node --import ./test/support/enable-failpoints.ts …` with, for example,
 * FAILPOINTS=relay.after-publish=kill@3 in its environment.
 */
import { enableFailpoints } from '../../lib/failpoint.ts';

enableFailpoints(process.env['FAILPOINTS'] ?? '');

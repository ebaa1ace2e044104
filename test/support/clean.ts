/**
 * Part of `make clean`: removes what tests kept or left in the temporary folder, unless a process
 * uses it.
 */
import { removeTestServers } from './server.ts';

await removeTestServers({ kept: true });

/** Part of `make clean`: what tests kept or left in the temporary folder, unless somebody is using it. */
import { removeTestServers } from './server.ts';

await removeTestServers({ kept: true });

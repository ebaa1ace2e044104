/**
 * `make clean`: stops and removes every embedded PostgreSQL that no living process uses, also if
 * its data is outside the folder.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { removeEmbeddedPostgres } from '../embedded/remove.ts';
import { livingUsers } from '../embedded/users.ts';

const root = process.argv[2] ?? '.twinbox';
const names = existsSync(root) ? await readdir(root, { recursive: true }) : [];
const servers = names.filter((name) => name.endsWith('password')).map((name) => dirname(join(root, name)));
for (const folder of servers) {
  if (await removeEmbeddedPostgres(folder)) continue;
  const users = (await livingUsers(folder)).join(', ');
  process.stderr.write(`not cleaned: the process ${users} uses the database in ${folder}; stop it first\n`);
  process.exitCode = 1;
}

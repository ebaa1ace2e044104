// Runs the main story on each ground, and prints a table of the rows with their times.
import type { Db } from '../../db/server/connection.ts';
import { createDb } from '../../db/server/connection.ts';
import { sqlState } from '../../db/server/errors.ts';
import { databaseUrl, dropDatabase } from '../../db/server/server.ts';
import { findInstalled, startInstalled } from '../db/installed-server.ts';
import { testServerUrl } from '../support/server.ts';
import type { GroundRow, GroundServer } from './grounds.ts';
import { tellStory } from './story.ts';

const [oldest] = await findInstalled(15, 17);

/** A test for each row; call it at the top of a file. */
export function describeGrounds(title: string, rows: readonly GroundRow[]): void {
  describe(title, function () {
    this.timeout(120_000);
    const times: [string, string][] = [];
    const servers = new Map<GroundServer, { url: string; stop(): Promise<void> }>();

    async function serverOf(kind: GroundServer): Promise<string> {
      if (kind === 'embedded') return await testServerUrl();
      if (!oldest) throw new Error('no installed server');
      const server = servers.get(kind) ?? (await startInstalled(oldest));
      servers.set(kind, server);
      return server.url;
    }

    for (const [index, row] of rows.entries()) {
      const { name, server = 'embedded' } = row;
      it(name, async function () {
        if (server === 'installed' && !oldest) {
          times.push([name, 'no PostgreSQL 15 to 17 in /usr/lib/postgresql']);
          return;
        }
        const url = await serverOf(server);
        const began = performance.now();
        const said = await onGround(url, `ground_${process.pid}_${index}`, row).catch((error: unknown) => {
          times.push([name, `failed after ${Math.round(performance.now() - began)} ms`]);
          throw error;
        });
        times.push([name, said ?? `${Math.round(performance.now() - began)} ms`]);
      });
    }

    after('print the table', async () => {
      for (const { stop } of servers.values()) await stop();
      const width = Math.max(...times.map(([name]) => name.length));
      for (const [name, said] of times) console.log(`    ${name.padEnd(width)}  ${said.padStart(9)}`);
    });
  });
}

/**
 * Returns the text for the table where the row cannot be tried on this machine: the operating
 * system has no such locale.
 */
async function onGround(server: string, name: string, row: GroundRow): Promise<string | null> {
  const root = createDb({ url: server, poolSize: 1, applicationName: 'ground' });
  try {
    const options = row.options ?? `locale_provider libc locale 'C.UTF-8'`;
    try {
      await root.raw(`create database ${name} template template0 encoding 'UTF8' ${options}`);
    } catch (error) {
      // Invalid locale name.
      if (sqlState(error) === '42809' || sqlState(error) === '22023') return 'the machine has no such locale';
      throw error;
    }
    try {
      await prepare(root, databaseUrl(server, name), name, row);
      const way = await row.through?.(databaseUrl(server, name));
      try {
        await tellStory(
          way?.url ?? databaseUrl(server, name),
          row.columnType ? { columnType: row.columnType } : {},
        );
      } finally {
        await way?.stop();
      }
    } finally {
      await dropDatabase(server, name);
    }
    return null;
  } finally {
    await root.destroy();
  }
}

async function prepare(
  root: Db,
  url: string,
  name: string,
  { sql, settings = {} }: GroundRow,
): Promise<void> {
  if (sql !== undefined) {
    const inside = createDb({ url, poolSize: 1, applicationName: 'ground' });
    try {
      await inside.raw(sql);
    } finally {
      await inside.destroy();
    }
  }
  for (const [setting, value] of Object.entries(settings)) {
    const list = setting === 'search_path' || setting === 'DateStyle';
    await root.raw(`alter database ${name} set ${setting} = ${list ? value : `'${value}'`}`);
  }
}

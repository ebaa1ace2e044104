// Where a reading command reads: this is the one place that decides it. TWINBOX_API_URL names an API, and
// without it the command opens the database.
import type { Config } from '../lib/config/config.ts';
import type { Registry } from '../lib/integrations/registry.ts';
import type { Source } from './source.ts';

export async function withSource<T>(systems: Registry, work: (source: Source) => Promise<T>): Promise<T> {
  return await localOrRemote({
    async remote(config, place) {
      const { createRemoteSource } = await import('./remote/remote-source.ts');
      return await work(createRemoteSource(config, place, systems));
    },
    async local(config) {
      const [{ withDatabase }, { createLocalSource }] = await Promise.all([
        import('./session.ts'),
        import('./local-source.ts'),
      ]);
      const open = { mayCreate: false, config };
      return await withDatabase((session) => work(createLocalSource(session, systems)), open);
    },
  });
}

/** For a command whose two ways differ in more than where the values come from. */
export async function localOrRemote<T>(ways: {
  remote(config: Config, place: NonNullable<Config['remote']>): Promise<T>;
  local(config: Config): Promise<T>;
}): Promise<T> {
  const { loadConfigAndCatalogue } = await import('../lib/process/load-config.ts');
  const config = loadConfigAndCatalogue();
  return await (config.remote ? ways.remote(config, config.remote) : ways.local(config));
}

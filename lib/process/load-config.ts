// Settings and catalogue of a process that works for a user: the settings as lib/config/config.ts
// reads them, and the catalogue of the user's file, checked by the systems that there are.
import { builtIn, readConfig } from '../catalogue/catalogue.ts';
import type { MappingsOfSystems } from '../catalogue/system-mappings.ts';
import { loadConfig, type CatalogueRead, type Config, type Env, type LoadOptions } from '../config/config.ts';
import { findConfigFile, readConfigFile } from '../config/config-file.ts';
import { systems, type Registry } from '../integrations/registry.ts';

export type FullOptions = Omit<LoadOptions, 'readCatalogue'> & {
  /** False: no file of a catalogue is read, and the built-in one stands. */
  configFile?: false;
  /** Where twinbox.config.ts lies unless TWINBOX_CONFIG names a file. Default: the working folder. */
  folder?: string;
  registry?: Registry;
};

/**
 * As `loadConfig`, with the catalogue of twinbox.config.ts, twinbox.config.json or TWINBOX_CONFIG.
 * Throws `config_invalid` with every problem of the settings and of the file.
 */
export function loadConfigAndCatalogue(env?: Env, options: FullOptions = {}): Config {
  const { configFile, folder = process.cwd(), registry = systems, ...rest } = options;
  if (configFile === false) return loadConfig(env, rest);
  return loadConfig(env, {
    ...rest,
    readCatalogue: (given) => readCatalogue(folder, given, mappingsOf(registry)),
  });
}

/** What a user's configuration can map, by system. */
export function mappingsOf({ all }: Registry): MappingsOfSystems {
  return Object.fromEntries(all.flatMap(({ name, mappings }) => (mappings ? [[name, mappings]] : [])));
}

function readCatalogue(
  folder: string,
  given: string | undefined,
  mappings: MappingsOfSystems,
): CatalogueRead {
  const unread = (problem: string): CatalogueRead => ({ catalogue: builtIn, file: null, problem });
  const found = findConfigFile(folder, given);
  if ('problem' in found) return unread(`The configuration cannot be found: ${found.problem}.`);
  const { path } = found;
  if (path === null) return { catalogue: builtIn, file: null, problem: null };
  const read = readConfigFile(path);
  if ('problem' in read) return unread(`${path} cannot be read: ${read.problem}`);
  const { catalogue, problems } = readConfig(read.value, mappings);
  if (problems.length === 0) return { catalogue, file: path, problem: null };
  const list = problems.map((problem) => `  ${problem}`).join('\n');
  return unread(`${path} cannot be used:\n${list}\nEach key is explained in docs/catalogue.md.`);
}

import { settings, type Setting } from './schema.ts';

/** The documents that are generated from the schema; `npm run docs:settings` writes the files. */

export function envExample(): string {
  const parts = [
    '# Copy this to .env and remove the # before each setting that you want to set. None is required.',
  ];
  for (const [group, members] of groups()) {
    parts.push(`\n# --- ${group} ---`);
    for (const [name, setting] of members) {
      parts.push(`\n# ${setting.description.replaceAll('`', '')}`, `# ${name}=${setting.example}`);
    }
  }
  return `${parts.join('\n')}\n`;
}

export function settingsPage(): string {
  const parts = [
    '# Settings',
    '',
    'Terms: [glossary](glossary.md).',
    '',
    'No setting is required: without settings Twinbox starts a PostgreSQL and a Stripe simulator of its',
    'own. Settings are environment variables, or lines in a file `.env` in the working folder. A variable',
    'of the environment overrides the line in the file.',
    '',
    'With a wrong value no process starts; one message names all problems. In `.env` an unknown name that',
    'begins with the prefix of a setting stops the start too. Other programs share the environment, so',
    'there only two kinds of unknown names stop the start: a name that is almost the name of a setting,',
    'and a name that begins with `TWINBOX_`.',
    '',
    'The values of a choice are accepted in capital and small letters (`LOG_LEVEL=INFO`).',
    '`npm run docs:settings` writes this page from `lib/config/schema.ts`.',
  ];
  for (const [group, members] of groups()) {
    parts.push('', `## ${group}`, '', '| setting | default | what it does |', '| --- | --- | --- |');
    for (const [name, setting] of members) {
      const value = setting.default === undefined ? '–' : `\`${setting.default}\``;
      parts.push(`| \`${name}\` | ${value} | ${explain(setting)} |`);
    }
  }
  return `${parts.join('\n')}\n`;
}

function explain({ description, expects, secret }: Setting): string {
  return `${description} Takes ${expects}.${secret === true ? ' **Secret.**' : ''}`.replaceAll('|', '\\|');
}

function groups(): [string, (readonly [string, Setting])[]][] {
  return [...Map.groupBy(settings, ([, { group }]) => group)];
}

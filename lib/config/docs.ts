import { settings, type Setting } from './schema.ts';

/** The documents that are written from the schema; `npm run docs:settings` puts them in their place. */

export function envExample(): string {
  const parts = [
    '# Copy this to .env and take the # away from what you want to set. Nothing here has to be set.',
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
    'Nothing has to be set: without settings Twinbox starts a PostgreSQL and a Stripe simulator of its own.',
    'Settings are environment variables, or lines in a file `.env` in the working folder; the environment goes before the file.',
    'A wrong value stops the start; all problems are in one message. In `.env` an unknown name that begins like one of these stops it too. In the',
    'environment, which other programs share, only a name that is nearly one of these does, or an unknown one that begins with `TWINBOX_`.',
    'Where a setting is a choice, any case is taken (`LOG_LEVEL=INFO`).',
    'This page is written by `npm run docs:settings` from `lib/config/schema.ts`.',
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

// `status` of an API: what its /ready says, since the rest needs the database.
import { CliError, exit } from '../exit.ts';
import { table, type Output } from '../output.ts';
import { createApiClient, type Place } from './client.ts';

type Report = {
  status: string;
  not_ready: { part: string; problem: string }[];
  warnings: string[];
} & Record<string, unknown>;

export async function showRemoteStatus(
  place: Place,
  { json = false, system }: { json?: boolean; system?: string },
  output: Output,
): Promise<void> {
  if (system !== undefined)
    throw new CliError(
      exit.usage,
      'twinbox status --system works on the database itself, and TWINBOX_API_URL names an API.',
    );
  const report = (await createApiClient(place).ready()) as Report;
  if (json) return output.printJson({ api: place.url, ...report });
  const { status, not_ready: problems, warnings, ...figures } = report;
  const rows = Object.entries(figures).map(([name, value]) => [name, shown(value)]);
  for (const line of table([['api', `${place.url}, ${status.replaceAll('_', ' ')}`], ...rows]))
    output.print(line);
  for (const { part, problem } of problems) output.print(`! ${part}: ${problem}`);
  for (const warning of warnings) output.print(`! ${warning}`);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

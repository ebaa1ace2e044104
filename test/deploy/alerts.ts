import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

export type Alert = {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; runbook: string };
};

export const ALERTS = join(import.meta.dirname, '../../deploy/observe/alerts.yml');

export async function readAlerts(): Promise<Alert[]> {
  const { groups } = parse(await readFile(ALERTS, 'utf8')) as { groups: { rules: Partial<Alert>[] }[] };
  return groups.flatMap(({ rules }) => rules.filter((rule): rule is Alert => rule.alert !== undefined));
}

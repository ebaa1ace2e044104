// The facts of a timeline, as the API tells them, and how their details are read.

import type { ApiRow, Got } from './api.ts';

export type Timeline = Got<'/api/v1/customers/{id}/timeline'>;
export type Fact = Timeline['items'][number];
export type Missing = Timeline['missing'][number];
export type Conflict = ApiRow<'/api/v1/conflicts'>;

export function contextOf({ context }: Fact['detail']): Record<string, unknown> {
  return typeof context === 'object' && context !== null ? { ...context } : {};
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

/** The name of a system at the beginning of a sentence. */
export function title(system: string): string {
  return system.slice(0, 1).toUpperCase() + system.slice(1);
}

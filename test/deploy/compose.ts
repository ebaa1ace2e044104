// docker-compose.yml as Docker Compose sees it: anchors and merges resolved, variables filled in, profiles chosen.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { interpolate, type Variables } from './interpolate.ts';

export const ROOT = join(import.meta.dirname, '../..');

export type Condition = 'service_started' | 'service_healthy' | 'service_completed_successfully';

export type Service = {
  image: string;
  build?: string;
  command?: string[];
  environment?: Record<string, string | number>;
  depends_on?: Record<string, { condition: Condition; required?: boolean }>;
  deploy?: { replicas: number };
  healthcheck?: { test: string[] };
  ports?: string[];
  profiles?: string[];
  restart?: string;
  stop_grace_period?: string;
  volumes?: string[];
};

export type Compose = { services: Record<string, Service>; volumes: Record<string, unknown> };

/** As written; compose-file.test.ts checks its shape by the schema. */
export function readCompose(): Compose {
  return parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true }) as Compose;
}

/** The services that `up` starts, with these variables in `.env` or the shell. */
export function servicesOf(
  { services }: Compose,
  { profile, variables }: { profile: string | null; variables: Variables },
): Record<string, Service> {
  const chosen = Object.entries(services).filter(
    ([, { profiles }]) => profiles === undefined || (profile !== null && profiles.includes(profile)),
  );
  return interpolate(Object.fromEntries(chosen), variables);
}

/**
 * What a service waits for; a service that a profile leaves out is waited for only where it is
 * required.
 */
export function waitsFor(
  name: string,
  services: Record<string, Service>,
): { name: string; condition: Condition }[] {
  return Object.entries(services[name]?.depends_on ?? {}).flatMap(
    ([other, { condition, required = true }]) => {
      if (other in services) return [{ name: other, condition }];
      if (required) throw new Error(`${name} depends on ${other}, which is not started`);
      return [];
    },
  );
}

export function isOurs({ image }: Service): boolean {
  return image.startsWith('twinbox:');
}

import type { Db } from './connection.ts';
export async function keepPartitions(
  _db: Db,
  _options: { now: Date; retentionDays: number },
): Promise<void> {}

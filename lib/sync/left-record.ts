// A pair that a person ends, or gives another record, leaves its record at the system: kept by its
// identity, so that it is found before another one like it is made.
import type { Tx } from '../../db/server/connection.ts';
import { keepRecords } from '../../db/external-records.ts';
import type { Mapping } from '../../db/mappings/mappings.ts';
import type { Entity } from '../catalogue/entity.ts';
import { damageOf } from './damage.ts';
import { identityOf } from './identity.ts';

/**
 * Keeps the record of a pair, unless it is known to be gone, or no customer was linked with it.
 * `leave`: a person who ends the pair has decided that the record stays at the system; a second
 * record of a customer that lives may become one by itself.
 */
export async function keepLeftRecord(
  tx: Tx,
  { identity: field }: Pick<Entity, 'identity'>,
  mapping: Mapping,
  { now, leave }: { now: Date; leave: boolean },
): Promise<void> {
  const { externalId, internalId, shadow } = mapping;
  if (externalId === null || internalId === null || isGone(mapping) || damageOf(mapping) !== null) return;
  const identity = field === null ? null : identityOf(shadow[field]?.theirs);
  if (identity === null) return;
  const decided = leave ? { decision: 'leave' as const } : {};
  await keepRecords(tx, mapping, [{ externalId, identity, createdAt: now, ...decided }]);
}

function isGone({ reason }: Mapping): boolean {
  switch (reason?.code) {
    case 'fuse':
      return reason.detail.direction === 'in';
    case 'failed':
      return reason.failure === 'unsendable';
    case 'missing':
    case 'ask_delete':
    case 'alias_lives':
      return true;
    default:
      return false;
  }
}

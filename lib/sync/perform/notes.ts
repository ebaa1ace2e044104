// What an action leaves for other mappings, or says in the log, before it is carried out.
import { keepRecords } from '../../../db/external-records.ts';
import { depsOfKind, targetOf } from '../kinds.ts';
import { askForRead } from '../../../db/inbound.ts';
import { askForNewRecords } from '../../../db/mappings/first-link.ts';
import { urgencies } from '../../../db/urgency.ts';
import type { Note } from '../action.ts';
import type { Step, SyncDeps } from '../step.ts';

export async function leaveNotes(deps: SyncDeps, { mapping }: Step, notes: readonly Note[]): Promise<void> {
  const { db, log } = deps;
  const { system, entityType, externalType } = mapping;
  for (const note of notes) {
    const now = deps.clock.now();
    switch (note.note) {
      case 'read_records':
        for (const externalId of note.externalIds)
          await askForRead(db, { system, entityType, externalType, externalId, now });
        break;
      case 'read_record_of': {
        const kind = depsOfKind(deps, note.entity);
        if (kind) await askForRead(db, { ...targetOf(kind.integration), externalId: note.externalId, now });
        break;
      }
      case 'match_records': {
        const { externalIds } = note;
        await askForNewRecords(db, { system, externalType, externalIds, urgency: urgencies.bulk, now });
        break;
      }
      case 'keep_records':
        await keepRecords(db, mapping, note.records);
        break;
      case 'log':
        log[note.level](note.event, note.fields);
    }
  }
}

// Why a group's coordinator was not found. kafkajs answers KafkaJSGroupCoordinatorNotFound for
// every reason, and the reason itself (a missing right, most of all, which only a person can fix)
// goes to its debug log alone. So the question is asked again by a client that reads that log.

import { createClient, type KafkaLog, type KafkaSettings } from './client.ts';
import { describeFault } from './faults.ts';

/** The error with its cause, if that can be found out; otherwise as it came. */
export async function explainCoordinator(
  settings: KafkaSettings,
  log: KafkaLog,
  group: string,
  error: Error,
): Promise<Error> {
  if (error.name !== 'KafkaJSGroupCoordinatorNotFound') return error;
  const told: Error[] = [];
  const admin = createClient(settings, log, (line) => {
    if (line['groupId'] === group && line['error'] instanceof Error) told.push(line['error']);
  }).admin();
  try {
    await admin.connect();
    await admin.describeGroups([group]);
  } catch (again) {
    log.debug('kafka.coordinator', { group, error: describeFault(again) });
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
  const [cause] = told;
  return cause === undefined ? error : new Error(error.message, { cause });
}

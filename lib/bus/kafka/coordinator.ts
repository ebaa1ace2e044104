// Why a group's coordinator was not found. kafkajs answers KafkaJSGroupCoordinatorNotFound for
// every reason, and writes the reason itself only to its debug log; the most important reason is a
// missing right, which only a person can fix. So a client that reads that log makes the same
// request again.

import { createClient, type KafkaLog, type KafkaSettings } from './client.ts';
import { describeFault } from './faults.ts';

/** The error with its cause, if the cause can be found out; otherwise the error itself. */
export async function explainCoordinator(
  settings: KafkaSettings,
  log: KafkaLog,
  group: string,
  error: Error,
): Promise<Error> {
  if (error.name !== 'KafkaJSGroupCoordinatorNotFound') return error;
  const reported: Error[] = [];
  const admin = createClient(settings, log, (line) => {
    if (line['groupId'] === group && line['error'] instanceof Error) reported.push(line['error']);
  }).admin();
  try {
    await admin.connect();
    await admin.describeGroups([group]);
  } catch (again) {
    log.debug('kafka.coordinator', { group, error: describeFault(again) });
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
  const [cause] = reported;
  return cause === undefined ? error : new Error(error.message, { cause });
}

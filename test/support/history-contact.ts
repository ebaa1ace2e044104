import { readAccountRecords } from '../../lib/intake/account-reading.ts';
import type { People } from './history-people.ts';
import type { Scene } from './history-scene.ts';

/** An account that had customers before Twinbox used it, and its first reading. */
export interface FirstContact {
  fill(): Promise<void>;
  /**
   * Continues the reading if it has not ended; a read that the system refuses is repeated later.
   */
  read(): Promise<void>;
}

const OLD = 4;

export function createFirstContact(
  { world, inbound, options, chances, say, count }: Scene,
  people: People,
): FirstContact {
  let unread = false;
  return {
    async fill() {
      if (options.filledBefore !== true) return;
      unread = true;
      await world.db('account_readings').delete();
      for (let n = 1; n <= OLD; n += 1) {
        // The emails that people will give to our first customers.
        const email = chances.chance(0.5) ? `o${n + 1}@x.test` : `old${n}@x.test`;
        const values = { name: `Old ${n}`, email };
        const { id } = world.simulator.dashboard.createCustomer(values);
        for (const [field, value] of Object.entries(values))
          people.note({ side: 'theirs', id, field, value });
        say(`${id} was there before, ${email}`);
        count('record of before');
      }
      for (const event of inbound.undelivered()) inbound.lose(event);
    },
    async read() {
      if (!unread) return;
      try {
        await readAccountRecords(world.deps, new AbortController().signal);
        unread = false;
        count('account read');
      } catch (error) {
        say(`the reading broke off: ${world.integration.classify(error).code}`);
        count('reading broken off');
      }
    },
  };
}

// The bus with a span for each publish and each batch that is received. The events of a batch come from
// many requests, so a span links to the context that is stored with each, and continues none. The headers
// are sent as they are: the stored context is never overwritten.
import type { Tracing } from '../tracing/tracing.ts';
import type { Bus, Message, Received } from './bus.ts';

/** As OpenTelemetry's conventions name a system of messaging. */
export type BusKind = 'kafka' | 'in_process';

export interface BusTracing {
  kind: BusKind;
  publishing: Tracing;
  receiving: Tracing;
}

export function traceBus<T extends Bus>(bus: T, { kind, publishing, receiving }: BusTracing): T {
  if (!publishing.on && !receiving.on) return bus;
  const system = { 'messaging.system': kind };
  return {
    ...bus,
    publish: (messages) =>
      publishing.within(
        `publish ${topicsOf(messages)}`,
        {
          kind: 'producer',
          links: contextsOf(messages),
          attributes: {
            ...system,
            'messaging.operation.name': 'publish',
            'messaging.operation.type': 'send',
            'messaging.destination.name': topicsOf(messages),
            'messaging.batch.message_count': messages.length,
          },
        },
        () => bus.publish(messages),
      ),
    subscribe: (subscription) =>
      bus.subscribe({
        ...subscription,
        handler: (batch) =>
          receiving.within(
            `receive ${topicsOf(batch)}`,
            {
              kind: 'consumer',
              links: contextsOf(batch),
              attributes: {
                ...system,
                'messaging.operation.name': 'receive',
                'messaging.operation.type': 'process',
                'messaging.destination.name': topicsOf(batch),
                'messaging.consumer.group.name': subscription.group,
                'messaging.batch.message_count': batch.length,
              },
            },
            () => subscription.handler(batch),
          ),
      }),
  };
}

function contextsOf(records: readonly Pick<Message | Received, 'headers'>[]): (string | undefined)[] {
  return records.map(({ headers }) => headers['traceparent']);
}

/** A page of the relay may be for several topics. */
function topicsOf(records: readonly { topic: string }[]): string {
  return [...new Set(records.map(({ topic }) => topic))].sort().join(',');
}

// The story of a row as JSON: the same for the API and for commands.
import type { StoryOf } from '../../db/stories/facts.ts';
import { PROMISED, type Story, type StoryOrder, type Told } from './story.ts';

export function storyJson({ entity, id }: StoryOf, order: StoryOrder, story: Story) {
  return {
    ...{ entity, id, order },
    items: story.facts.map(factJson),
    missing: story.missing.map(({ step, system, eventId, since, status, error, reason }) => ({
      ...{ step, system },
      event_id: eventId,
      since,
      promised_within: PROMISED[step],
      ...{ status, error, reason },
    })),
    beyond_retention: story.beyondRetention && { before: story.beyondRetention },
  };
}

function factJson({ at, kind, system, eventId, detail, published }: Told) {
  return {
    at,
    what: kind,
    system,
    event_id: eventId,
    detail: {
      ...detail,
      ...(kind === 'change' && {
        published: published.map(({ topic, partition, offset, savedAt }) => ({
          ...{ topic, partition, offset },
          at: savedAt,
          after_ms: savedAt.getTime() - at.getTime(),
        })),
      }),
    },
  };
}

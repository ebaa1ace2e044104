// Forms that pause and resume a lane.

import type { ActRoute } from '../page.ts';

type Verb = 'pause' | 'resume';

const PATHS = {
  pause: '/api/v1/lanes/{system}/pause',
  resume: '/api/v1/lanes/{system}/resume',
} as const satisfies Record<Verb, string>;

function laneAct(verb: Verb): ActRoute {
  return {
    path: `/lanes/${verb}`,
    scope: 'operator',
    async act({ api, form, once }) {
      const [direction, reason] = [form.get('direction') ?? '', form.get('reason') ?? ''];
      const body = { ...(direction !== '' && { direction }), ...(reason !== '' && { reason }) };
      await api.post(PATHS[verb], { path: { system: form.get('system') ?? '' }, body, once });
      return form.get('next') ?? '/console';
    },
  };
}

export const laneActs: readonly ActRoute[] = [laneAct('pause'), laneAct('resume')];

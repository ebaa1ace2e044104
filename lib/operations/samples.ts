// The samples of the last hour and the processes that run, in JSON: for `GET /samples`.
import { readSamples, stages, type Sample } from '../../db/health/samples.ts';
import { readRoleSigns } from '../../db/health/role-signs.ts';
import type { Db } from '../../db/server/connection.ts';
import { timesOf } from '../health/histogram.ts';
import { isLiving } from '../health/role-signs.ts';
import { placeOf } from '../health/roles.ts';

export async function readSamplesJson(db: Db, { since, now }: { since: Date; now: Date }) {
  const [samples, signs] = await Promise.all([readSamples(db, since), readRoleSigns(db)]);
  return {
    ...{ since, at: now, samples: samples.map(sampleJson) },
    processes: signs.map((sign) => ({
      ...{ role: sign.role, process: placeOf(sign.owner), version: sign.version, living: isLiving(sign) },
      ...{ since: sign.startedAt, seen_at: sign.seenAt, stopped_at: sign.stoppedAt },
      ...{ state: sign.state, problem: sign.problem },
    })),
  };
}

function sampleJson({ minute, lanes, calls, oldest_unsent: unsent, clock_skew: skew }: Sample) {
  return {
    minute,
    lanes: lanes.map(({ system, direction, settled, applied, lag, stages: histograms }) => ({
      ...{ system, direction, settled, applied, lag },
      times_ms: Object.fromEntries(stages.map((stage) => [stage, timesOf(histograms[stage])])),
    })),
    calls,
    oldest_unsent_s: unsent,
    clock_skew_ms: skew,
  };
}

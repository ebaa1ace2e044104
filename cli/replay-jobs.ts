// Replay jobs, as lines for a person.
import type { ItemResult } from '../db/replays/jobs.ts';
import type { ActOutcome, JobVerb, ReplayJob, StartOutcome } from '../lib/operations/replay-jobs.ts';
import { shortTime } from './choices.ts';
import { CliError, exit } from './exit.ts';
import { count, table } from './output.ts';

/** Why a job was not begun, with what can be done. */
export function whyNotBegun(begun: Exclude<StartOutcome, { outcome: 'started' }>): CliError {
  switch (begun.outcome) {
    case 'no_plan':
      return new CliError(exit.nothingMatched, 'There is no such plan any more: plans are kept for a day.');
    case 'nothing':
      return new CliError(exit.nothingMatched, 'Nothing matched.');
    case 'reason_needed':
      return new CliError(
        exit.usage,
        `Nothing was done: these are ${count(begun.pairs, 'pair')}. Say why with --reason.`,
      );
    case 'overlaps': {
      const jobs = begun.jobs
        .map(({ jobId, pairs }) => `${count(pairs, 'pair')} in replay ${jobId}`)
        .join(', ');
      return new CliError(
        exit.unavailable,
        `Nothing was done: another replay is not finished that has some of these pairs (${jobs}). Wait for it, or cancel it: npx twinbox replays cancel ${begun.jobs[0]?.jobId ?? ''}`,
      );
    }
    case 'stale': {
      const told = ['came', 'left', 'changed'].map((what) => {
        const [first] = begun.difference.filter((each) => each.what === what);
        return `${first?.count ?? 0} ${what}`;
      });
      return new CliError(
        exit.unavailable,
        `Nothing was done: what is selected has changed since the plan (${told.join(', ')}). Run the command again to see the new plan.`,
      );
    }
  }
}

const HEAD = [
  'replay',
  'state',
  'pairs',
  'queued',
  'raised',
  'done',
  'failed',
  'skipped',
  'rate',
  'begun',
  'reason',
];

export function jobLines(jobs: readonly ReplayJob[]): string[] {
  return table([
    HEAD,
    ...jobs.map((job) => [
      ...[String(job.id), job.state],
      ...[job.pairs, job.queued, job.raised, job.done, job.failed, job.skipped].map(String),
      ...[`${job.rate}/s`, shortTime(job.createdAt), job.reason ?? '–'],
    ]),
  ]);
}

export function jobDetailLines(job: ReplayJob, failures: readonly ItemResult[]): string[] {
  const of = (name: string, text: string): string => `${name.padEnd(9)}${text}`;
  const { queued, raised, done, failed, skipped, cancelled } = job;
  return [
    of('replay', `${job.id}, ${job.state}${job.why === null ? '' : `: ${job.why}`}`),
    of(
      'asked',
      `by ${job.actor} at ${shortTime(job.createdAt)}${job.reason === null ? '' : `: ${job.reason}`}`,
    ),
    of(
      'pairs',
      `${job.pairs}, with ${count(job.deliveries, 'delivery', 'deliveries')}, at ${job.rate} per second`,
    ),
    of(
      'progress',
      `${queued} queued, ${raised} raised, ${done} done, ${failed} failed, ${skipped} skipped, ${cancelled} cancelled`,
    ),
    ...(failures.length > 0
      ? ['', ...table([['customer', 'mapping', 'result'], ...failures.map(toRow)])]
      : []),
    ...(failed > failures.length ? [`and ${failed - failures.length} more that failed`] : []),
  ];
}

function toRow({ rowId, mappingId, result }: ItemResult): string[] {
  return [String(rowId ?? '–'), String(mappingId), result ?? '–'];
}

const PAST: Record<JobVerb, string> = { pause: 'paused', resume: 'running again', cancel: 'cancelled' };

const AFTERWARDS: Record<JobVerb, (job: ReplayJob) => string> = {
  pause: ({ raised, queued, id }) =>
    [
      raised > 0
        ? ` ${count(raised, 'pair')} raised already still ${raised === 1 ? 'gets its' : 'get their'} result.`
        : '',
      ` ${count(queued, 'pair')} ${queued === 1 ? 'waits' : 'wait'} for: npx twinbox replays resume ${id}`,
    ].join(''),
  resume: () => '',
  cancel: ({ cancelled }) =>
    cancelled > 0
      ? ` ${count(cancelled, 'pair')} without a result ${cancelled === 1 ? 'stays' : 'stay'} as before.`
      : '',
};

export function sayActed(verb: JobVerb, { changed, job }: Extract<ActOutcome, { outcome: 'ok' }>): string {
  if (!changed) return `Replay ${job.id} is ${job.state} already.`;
  return `Replay ${job.id} is ${PAST[verb]}.${AFTERWARDS[verb](job)}`;
}

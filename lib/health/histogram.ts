// Percentiles from counts by buckets that grow by a tenth: histograms of several minutes are added, which
// percentiles cannot be.
import { BUCKET_GROWTH, type Histogram } from '../../db/health/samples.ts';

/** Milliseconds; null if nothing was counted. */
export type Times = { count: number; p50: number | null; p99: number | null };

export function addUp(histograms: readonly Histogram[]): Histogram {
  const sum: Histogram = {};
  for (const [bucket, count] of histograms.flatMap((each) => Object.entries(each)))
    sum[bucket] = (sum[bucket] ?? 0) + count;
  return sum;
}

export function timesOf(histogram: Histogram): Times {
  const counts = Object.entries(histogram)
    .map(([bucket, count]) => ({ bucket: Number(bucket), count }))
    .sort((one, other) => one.bucket - other.bucket);
  const count = counts.reduce((sum, each) => sum + each.count, 0);
  return { count, p50: atShare(counts, count * 0.5), p99: atShare(counts, count * 0.99) };
}

/** The middle of the bucket in which the count reaches `rank`. */
function atShare(counts: readonly { bucket: number; count: number }[], rank: number): number | null {
  let seen = 0;
  for (const { bucket, count } of counts) {
    seen += count;
    if (seen >= rank) return Math.round(BUCKET_GROWTH ** (bucket + 0.5));
  }
  return null;
}

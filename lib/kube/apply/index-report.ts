/** Which shards of an Indexed Job are done, which have failed and why. */
import type { Job, KubeObject } from '../objects.js';
import type { Cluster } from './cluster.js';
import { placeOf, titleOf } from './kinds.js';
import { podsOf, type PodReport } from './pods-report.js';
import { refusalOf } from './refusal.js';

/** A shard that has failed. */
export interface FailedIndex {
  readonly index: number;
  /** Of its last pod; null where the pod is gone or was ended by the cluster. */
  readonly exitCode: number | null;
  /** Such as OOMKilled or Error; empty where the pod is gone. */
  readonly reason: string;
  /** Names of its pods that are still there. */
  readonly pods: readonly string[];
}

/** The shards of an Indexed Job. */
export interface IndexReport {
  readonly completions: number;
  readonly succeeded: readonly number[];
  readonly failed: readonly FailedIndex[];
  /** Neither done nor failed: not begun, at work, or given up when the job ended. */
  readonly open: readonly number[];
}

/**
 * The shards of a Job that was made by `scoreJob`. Throws CLUSTER_REFUSED, NETWORK, the signal's reason.
 *
 * @example
 * ```ts
 * const { failed } = await indexReport(cluster, job);
 * for (const { index, exitCode, reason } of failed) console.log(`shard ${index}: exit code ${exitCode} ${reason}`);
 * ```
 */
export async function indexReport(
  cluster: Cluster,
  job: KubeObject,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<IndexReport> {
  const { namespace, path } = placeOf(cluster, job);
  const answer = await cluster.send({ method: 'GET', path, signal: options.signal });
  if (answer.status !== 200) throw refusalOf(answer, `${titleOf(job)} could not be read`);
  return indexesOf(answer.body as Job, await podsOf(cluster, job, namespace, options.signal));
}

/** More indexes than a Job can have are not listed one by one. */
const kMaxIndexes = 1_000_000;

/** From a Job with its status, and its pods. */
export function indexesOf(job: Job, pods: readonly PodReport[]): IndexReport {
  const status = (job as { readonly status?: unknown }).status as
    | { readonly completedIndexes?: string; readonly failedIndexes?: string }
    | undefined;
  const completions = Math.min(job.spec.completions ?? 0, kMaxIndexes);
  const succeeded = numbersOf(status?.completedIndexes, completions);
  const failed = numbersOf(status?.failedIndexes, completions);
  const ended = new Set([...succeeded, ...failed]);
  const open: number[] = [];
  for (let i = 0; i < completions; ++i) if (!ended.has(i)) open.push(i);
  return { completions, succeeded, failed: failed.map((index) => failureOf(index, pods)), open };
}

function failureOf(index: number, pods: readonly PodReport[]): FailedIndex {
  const own = pods.filter((pod) => pod.index === index);
  const last = own.filter(({ phase }) => phase === 'Failed').at(-1) ?? own.at(-1);
  return { index, exitCode: last?.exitCode ?? null, reason: last?.reason ?? '', pods: own.map(({ name }) => name) };
}

/** `0-3,5` as a Job's status has it; what is no such list is left out. */
export function numbersOf(text: string | undefined, completions: number): readonly number[] {
  const found: number[] = [];
  for (const range of (text ?? '').split(',')) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    if (first === undefined) continue;
    const end = Math.min(Number(last), completions - 1);
    for (let i = Number(first); i <= end; ++i) found.push(i);
  }
  return found;
}

/** `0-3, 5`, for a message. */
export function rangesOf(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const n of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === n - 1) last[1] = n;
    else ranges.push([n, n]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
}

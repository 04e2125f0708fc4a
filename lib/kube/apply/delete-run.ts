/** Takes away everything that a run made. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MicrotomeError } from '../../core/errors.js';
import type { KubeObject } from '../objects.js';
import { pipelineAnnotation, runLabel } from '../run.js';
import { shown } from '../checks/part.js';
import type { Cluster } from './cluster.js';
import { listPath, runKinds, type KindAddress } from './kinds.js';
import { listAll } from './pods-report.js';
import { refusalOf } from './refusal.js';

/** Options of {@link deleteRun}. */
export interface DeleteOptions {
  /** Left out: the namespace of the cluster's context. */
  readonly namespace?: string | undefined;
  /** Kinds that stay, such as `PersistentVolumeClaim`, whose data would be lost. @defaultValue [] */
  readonly keep?: readonly string[] | undefined;
  /** Only what this pipeline has made (annotation `microtome/pipeline`). Left out: everything, which must be of one pipeline. */
  readonly pipeline?: string | undefined;
  /** True: everything, also of several pipelines that were given one label. @defaultValue false */
  readonly allPipelines?: boolean | undefined;
  /** True: nothing is deleted; the result says what would be. */
  readonly dryRun?: boolean | undefined;
  /** True: waits until nothing of it is there any more. @defaultValue false */
  readonly wait?: boolean | undefined;
  /** With `wait`. @defaultValue 1000 */
  readonly pollMs?: number | undefined;
  /** With `wait`: then DEADLINE. Left out: no limit. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One object of a run. */
export interface RunObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** That has made it; null: none. */
  readonly pipeline: string | null;
}

/** What became of a run. */
export interface DeletedRun {
  readonly run: string;
  readonly namespace: string;
  /** Deleted, or with `dryRun` what would be. What these made themselves, such as the pods of a job, goes with them. */
  readonly deleted: readonly RunObject[];
  /** Of kinds in `keep`, and of other pipelines than the one that was named. */
  readonly kept: readonly RunObject[];
  /** Kinds that this cluster does not have, or that this user may not list; nothing is known of them. */
  readonly notListed: readonly NotListed[];
}

/** A kind of which nothing is known. */
export interface NotListed {
  readonly kind: string;
  readonly reason: string;
  /** True: this user may not list them, so objects of the run may be left. False: the cluster does not have the kind. */
  readonly isForbidden: boolean;
}

interface Live extends KubeObject {
  readonly metadata: KubeObject['metadata'] & {
    readonly uid?: string;
    readonly ownerReferences?: readonly unknown[];
    readonly deletionTimestamp?: string;
  };
}

/**
 * Deletes every object of a namespace that has the label `microtome/run` with the value `run`: experiments, training,
 * scoring, services, runtimes, single pods, claims with their data. Objects without the label are not touched. Where several
 * pipelines have made them, nothing is deleted (CLUSTER_REFUSED) unless one is named, or all are meant. Throws
 * INVALID_OPTION for a label or a namespace that is none, CLUSTER_REFUSED, NETWORK, DEADLINE, the signal's reason.
 *
 * @example
 * ```ts
 * const { deleted } = await deleteRun(cluster, 'isic-1', { keep: ['PersistentVolumeClaim'] });
 * ```
 */
export async function deleteRun(cluster: Cluster, run: string, options: DeleteOptions = {}): Promise<DeletedRun> {
  // An empty value would select every object that has the label.
  if (!/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(run))
    throw new MicrotomeError('INVALID_OPTION', 'options', `the run is ${shown(run)}, expected the value of a label`);
  const { namespace = cluster.namespace, keep = [], dryRun = false, signal } = options;
  const unknown = keep.find((kind) => runKinds.every((one) => one.kind !== kind));
  if (unknown !== undefined)
    throw new MicrotomeError('INVALID_OPTION', 'options', `${shown(unknown)} is no kind that a run has`);
  const { found, notListed } = await ownObjects(cluster, { namespace, run, signal });
  const isMeant = ({ kind, told }: Found): boolean =>
    !keep.includes(kind.kind) && (options.pipeline === undefined || told.pipeline === options.pipeline);
  const meant = found.filter(isMeant);
  const kept = found.filter((one) => !isMeant(one)).map(({ told }) => told);
  if (!dryRun) {
    if (options.allPipelines !== true) requireOnePipeline(run, meant);
    for (const { kind, object } of meant)
      if (object.metadata.deletionTimestamp === undefined)
        await deleteOne(cluster, kind, { object, namespace, signal });
    // Whose a pod is whose job is of a job cannot be told by its label: beside another pipeline what it made is not waited for.
    const awaited = options.pipeline === undefined ? null : new Set(meant.map(({ told }) => titleOfTold(told)));
    if (options.wait === true) await waitUntilGone(cluster, { ...options, signal, namespace, run, keep, awaited });
  }
  return { run, namespace, deleted: meant.map(({ told }) => told), kept, notListed };
}

const titleOfTold = ({ kind, name }: Pick<RunObject, 'kind' | 'name'>): string => `${kind} ${name}`;

interface Found {
  readonly kind: KindAddress;
  readonly object: Live;
  readonly told: RunObject;
}

/** What nothing else owns. */
async function ownObjects(
  cluster: Cluster,
  { namespace, run, signal }: Omit<Place, 'kind'>,
): Promise<{ readonly found: readonly Found[]; readonly notListed: readonly NotListed[] }> {
  const found: Found[] = [];
  const notListed: NotListed[] = [];
  for (const kind of runKinds) {
    const listed = await listRun(cluster, { kind, namespace, run, signal });
    if (!Array.isArray(listed)) {
      const reason = listed as string;
      notListed.push({ kind: kind.kind, reason, isForbidden: reason === kForbidden });
      continue;
    }
    for (const object of listed as readonly Live[]) {
      const { name = '', ownerReferences = [], annotations } = object.metadata;
      if (ownerReferences.length > 0) continue;
      const pipeline = annotations?.[pipelineAnnotation] ?? null;
      found.push({ kind, object, told: { apiVersion: kind.apiVersion, kind: kind.kind, name, pipeline } });
    }
  }
  return { found, notListed };
}

/** In a message; the others are counted. */
const kMostNamed = 3;

function requireOnePipeline(run: string, meant: readonly Found[]): void {
  const byPipeline = new Map<string | null, string[]>();
  for (const { told } of meant) {
    const names = byPipeline.get(told.pipeline) ?? [];
    byPipeline.set(told.pipeline, [...names, `${told.kind} ${told.name}`]);
  }
  if (byPipeline.size < 2) return;
  const texts = [...byPipeline].map(([pipeline, names]) => {
    const more = names.length > kMostNamed ? ` and ${names.length - kMostNamed} more` : '';
    return `${pipeline === null ? 'no pipeline' : shown(pipeline)}: ${names.slice(0, kMostNamed).join(', ')}${more}`;
  });
  const found = `what has the label ${run} was made by ${byPipeline.size}, and nothing was deleted (${texts.join('; ')})`;
  throw new MicrotomeError('CLUSTER_REFUSED', 'options', found, {
    advice: 'pass --pipeline with the one that is meant, or --all-pipelines; give each run a run_label of its own',
  });
}

interface Place {
  readonly kind: KindAddress;
  readonly namespace: string;
  readonly run: string;
  readonly signal: AbortSignal | undefined;
}

const kForbidden = 'this user may not list them';

/** The objects; or why they cannot be listed. */
async function listRun(cluster: Cluster, { kind, namespace, run, signal }: Place): Promise<readonly Live[] | string> {
  const path = listPath(kind, namespace);
  const labelSelector = `${runLabel}=${run}`;
  // One request first, for its status.
  const first = await cluster.send({ method: 'GET', path, query: { labelSelector, limit: '1' }, signal });
  if (first.status === 404) return 'the cluster does not have this kind';
  if (first.status === 403) return kForbidden;
  if (first.status !== 200) throw refusalOf(first, `${kind.plural} could not be listed`);
  return ((await listAll(cluster, path, { labelSelector }, signal)) ?? []) as readonly Live[];
}

async function deleteOne(
  cluster: Cluster,
  kind: KindAddress,
  {
    object,
    namespace,
    signal,
  }: { readonly object: Live; readonly namespace: string; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const { name = '', uid } = object.metadata;
  const answer = await cluster.send({
    method: 'DELETE',
    path: `${listPath(kind, namespace)}/${encodeURIComponent(name)}`,
    // Only the object that was listed, not one of its name that somebody has made since.
    body: { propagationPolicy: 'Background', ...(uid === undefined ? {} : { preconditions: { uid } }) },
    signal,
  });
  const isDone = answer.status === 200 || answer.status === 202 || answer.status === 404 || answer.status === 409;
  if (!isDone) throw refusalOf(answer, `${kind.kind} ${name} could not be deleted`);
}

const kPollMs = 1000;

interface Waiting {
  readonly keep: readonly string[];
  /** Null: everything that has the label. */
  readonly awaited: ReadonlySet<string> | null;
}

async function waitUntilGone(
  cluster: Cluster,
  {
    namespace,
    run,
    keep,
    awaited,
    signal,
    pollMs = kPollMs,
    timeoutMs,
  }: Omit<DeleteOptions, 'signal'> & Omit<Place, 'kind'> & Waiting,
): Promise<void> {
  const end = timeoutMs === undefined ? Infinity : performance.now() + timeoutMs;
  for (;;) {
    const left: string[] = [];
    for (const kind of runKinds.filter((one) => !keep.includes(one.kind))) {
      const found = await listRun(cluster, { kind, namespace, run, signal });
      if (!Array.isArray(found)) continue;
      for (const { metadata } of found as readonly Live[]) {
        const title = titleOfTold({ kind: kind.kind, name: metadata.name ?? '' });
        if (awaited === null || awaited.has(title)) left.push(title);
      }
    }
    if (left.length === 0) return;
    if (performance.now() >= end) {
      const names = left.length > 10 ? `${left.slice(0, 10).join(', ')} and ${left.length - 10} more` : left.join(', ');
      throw new MicrotomeError('DEADLINE', 'options', `after ${timeoutMs} ms these are still there: ${names}`, {
        advice: 'a finalizer or a pod that does not end holds them: look at them with kubectl',
      });
    }
    try {
      await sleep(pollMs, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  }
}

/** Waits until an object is done, and says why where it has failed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MicrotomeError } from '../../core/errors.js';
import type { Job, KubeObject } from '../objects.js';
import type { Cluster } from './cluster.js';
import { stateOf, waitedKinds, type ObjectState } from './conditions.js';
import { indexesOf, rangesOf, type IndexReport } from './index-report.js';
import { placeOf, titleOf } from './kinds.js';
import { podsOf, warningsOf, type PodReport } from './pods-report.js';
import { refusalOf } from './refusal.js';

/** Options of {@link waitFor}. */
export interface WaitOptions {
  readonly signal?: AbortSignal | undefined;
  /** Then DEADLINE. Left out: no limit. */
  readonly timeoutMs?: number | undefined;
  /** How often the cluster is asked. @defaultValue 2000 */
  readonly pollMs?: number | undefined;
  /** So many requests in a row may fail with NETWORK, such as while the API server is started again. @defaultValue 10 */
  readonly maxLostRequests?: number | undefined;
  /** Called with each state that differs from the one before it. */
  readonly onState?: ((state: WaitState) => void) | undefined;
}

/** A state, with the pods as they are then. */
export interface WaitState extends ObjectState {
  readonly pods: readonly PodReport[];
}

/** How an object ended well. */
export interface WaitResult extends WaitState {
  readonly state: 'succeeded';
  /** Of an Indexed Job, else null. */
  readonly indexes: IndexReport | null;
}

const kPollMs = 2000;
const kMaxLost = 10;
const kMaxTold = 5;

/**
 * Waits until a Job is complete, a PyTorchJob or Experiment has succeeded, a TrainJob is complete, or an
 * InferenceService is ready. Throws JOB_FAILED where it has failed or is gone, with the condition's reason, the pods that
 * failed, the failed shards and the warnings of the cluster; DEADLINE after `timeoutMs`, with what the pods wait for;
 * INVALID_OPTION for a kind that has no end; CLUSTER_REFUSED, NETWORK; the signal's reason. The object goes on when the
 * wait is given up.
 *
 * @example
 * ```ts
 * await waitFor(cluster, job, { signal, onState: ({ state, reason }) => console.log(state, reason) });
 * ```
 */
export async function waitFor(cluster: Cluster, object: KubeObject, options: WaitOptions = {}): Promise<WaitResult> {
  if (!waitedKinds.includes(object.kind)) {
    const found = `${titleOf(object)} has no end to wait for; these have one: ${waitedKinds.join(', ')}`;
    throw new MicrotomeError('INVALID_OPTION', 'options', found);
  }
  const { signal, timeoutMs, pollMs = kPollMs, onState } = options;
  const { namespace } = placeOf(cluster, object);
  const end = timeoutMs === undefined ? Infinity : performance.now() + timeoutMs;
  const look = looker(cluster, object, options);
  let before = '';
  for (;;) {
    const live = await look();
    const found = live === null ? null : stateOf(live);
    if (live === null || found === null) await pause(pollMs, signal);
    else {
      const isOver = found.state === 'succeeded' || found.state === 'failed';
      const pods = isOver || onState !== undefined ? await podsQuietly(cluster, object, namespace, signal) : [];
      const text = JSON.stringify([found, pods]);
      if (text !== before) onState?.({ ...found, pods });
      before = text;
      if (found.state === 'failed') throw await failureOf(cluster, object, { live, found, pods, namespace, signal });
      if (found.state === 'succeeded')
        return { ...found, state: 'succeeded', pods, indexes: indexesOrNull(live, pods) };
      if (performance.now() < end) await pause(Math.min(pollMs, end - performance.now()), signal);
    }
    if (performance.now() >= end)
      throw await tooLate(cluster, object, { namespace, timeoutMs: timeoutMs ?? 0, signal });
  }
}

/** The pods are told where they can be had; that they cannot ends no wait. */
async function podsQuietly(
  cluster: Cluster,
  object: KubeObject,
  namespace: string,
  signal: AbortSignal | undefined,
): Promise<readonly PodReport[]> {
  try {
    return await podsOf(cluster, object, namespace, signal);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof MicrotomeError) return [];
    throw error;
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(Math.max(0, ms), undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** Asks for the object again and again; null for an answer that was lost. */
function looker(
  cluster: Cluster,
  object: KubeObject,
  { signal, maxLostRequests = kMaxLost }: WaitOptions,
): () => Promise<KubeObject | null> {
  const { path } = placeOf(cluster, object);
  const title = titleOf(object);
  let [lost, uid]: [number, string | null] = [0, null];
  return async () => {
    try {
      const answer = await cluster.send({ method: 'GET', path, signal });
      if (answer.status === 404 && uid !== null)
        throw gone(title, 'it was deleted, by somebody or by its TTL, before its end was seen');
      if (answer.status !== 200) throw refusalOf(answer, `${title} could not be read`);
      const live = answer.body as KubeObject & { readonly metadata: { readonly uid?: string } };
      if (uid !== null && live.metadata.uid !== uid)
        throw gone(title, 'another object of that name has taken its place');
      [lost, uid] = [0, live.metadata.uid ?? ''];
      return live;
    } catch (error) {
      signal?.throwIfAborted();
      const isLost = error instanceof MicrotomeError && error.code === 'NETWORK';
      lost += 1;
      if (!isLost || lost > maxLostRequests) throw error;
      return null;
    }
  };
}

const gone = (title: string, why: string): MicrotomeError =>
  new MicrotomeError('JOB_FAILED', 'options', `${title} is gone: ${why}`, {
    advice: 'look at what it wrote, or apply it again; a longer TTL leaves it there to be seen',
  });

function indexesOrNull(live: KubeObject, pods: readonly PodReport[]): IndexReport | null {
  const { kind, spec } = live as Job;
  return kind === 'Job' && spec.completionMode === 'Indexed' ? indexesOf(live as Job, pods) : null;
}

interface Failure {
  readonly live: KubeObject;
  readonly found: ObjectState;
  readonly pods: readonly PodReport[];
  readonly namespace: string;
  readonly signal: AbortSignal | undefined;
}

async function failureOf(
  cluster: Cluster,
  object: KubeObject,
  { live, found, pods, namespace, signal }: Failure,
): Promise<MicrotomeError> {
  const why = [found.reason, found.message].filter((text) => text !== '').join(': ');
  const indexes = indexesOrNull(live, pods);
  const shards = indexes === null ? [] : shardLines(indexes);
  const bad = pods.filter(({ phase, exitCode }) => phase === 'Failed' || (exitCode ?? 0) !== 0);
  const warnings = await warningsQuietly(cluster, object, pods, { namespace, signal });
  const lines = [...shards, ...podLines(bad), ...warnings];
  const text = withLines(`${titleOf(object)} has failed: ${why || 'no reason was given'}`, lines);
  return new MicrotomeError('JOB_FAILED', 'options', text, { advice: adviceFor(found, pods) });
}

function adviceFor({ reason }: ObjectState, pods: readonly PodReport[]): string {
  if (pods.some((pod) => pod.reason === 'OOMKilled')) return 'a container needed more memory than its limit: raise it';
  if (reason === 'DeadlineExceeded') return 'allow more time, or divide the work into more parts';
  return 'read the logs of the pods that are named, with kubectl logs';
}

/** At most a few lines: a job of a thousand shards must not fill a screen. */
function shardLines({ completions, succeeded, failed, open }: IndexReport): readonly string[] {
  const codes = failed
    .slice(0, kMaxTold)
    .map(
      ({ index, exitCode, reason }) =>
        `shard ${index}: exit code ${exitCode ?? 'unknown'}${reason === '' ? '' : `, ${reason}`}`,
    );
  const list = rangesOf(failed.map(({ index }) => index));
  const short = list.length > 200 ? `${list.slice(0, 200)}…` : list;
  return [
    `of ${completions} shards ${succeeded.length} are done, ${failed.length} have failed${short === '' ? '' : ` (${short})`}, ${open.length} are open`,
    ...codes,
  ];
}

function podLines(pods: readonly PodReport[]): readonly string[] {
  const lines = pods.slice(0, kMaxTold).map(({ name, phase, exitCode, reason, message, restarts }) => {
    const facts = [
      phase,
      exitCode === null ? '' : `exit code ${exitCode}`,
      reason,
      restarts === 0 ? '' : `${restarts} restarts`,
      message,
    ];
    return `pod ${name}: ${facts.filter((fact) => fact !== '').join(', ')}`;
  });
  return pods.length > kMaxTold ? [...lines, `and ${pods.length - kMaxTold} more pods`] : lines;
}

async function warningsQuietly(
  cluster: Cluster,
  object: KubeObject,
  pods: readonly PodReport[],
  { namespace, signal }: { readonly namespace: string; readonly signal: AbortSignal | undefined },
): Promise<readonly string[]> {
  const names = new Set([object.metadata.name ?? '', ...pods.map(({ name }) => name)]);
  try {
    return await warningsOf(cluster, names, namespace, { most: kMaxTold, signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof MicrotomeError) return [];
    throw error;
  }
}

async function tooLate(
  cluster: Cluster,
  object: KubeObject,
  {
    namespace,
    timeoutMs,
    signal,
  }: { readonly namespace: string; readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<MicrotomeError> {
  const pods = await podsQuietly(cluster, object, namespace, signal);
  const warnings = await warningsQuietly(cluster, object, pods, { namespace, signal });
  const waiting = pods.filter(({ phase }) => phase !== 'Succeeded');
  const text = withLines(`${titleOf(object)} was not done after ${timeoutMs} ms`, [...podLines(waiting), ...warnings]);
  return new MicrotomeError('DEADLINE', 'options', text, {
    advice: 'it goes on in the cluster: wait longer, or look at what its pods wait for',
  });
}

/** What is known beside, in lines of its own. */
const withLines = (found: string, lines: readonly string[]): string => [found, ...lines].join('\n  ');

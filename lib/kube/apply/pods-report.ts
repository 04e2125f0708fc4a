/** The pods of an object: what each came to, and what the cluster said about them. */
import type { KubeObject } from '../objects.js';
import type { Cluster } from './cluster.js';
import { listPath } from './kinds.js';
import { clusterText } from './refusal.js';

/** One pod, as it is told to a user. */
export interface PodReport {
  readonly name: string;
  /** Pending, Running, Succeeded, Failed or Unknown. */
  readonly phase: string;
  /** Index of an Indexed Job, else null. */
  readonly index: number | null;
  /** Of the container that ended last; null while none has ended. */
  readonly exitCode: number | null;
  /** Why it waits or has failed: OOMKilled, ImagePullBackOff, CreateContainerConfigError, Evicted; else empty. */
  readonly reason: string;
  readonly message: string;
  /** How often its containers were started again. */
  readonly restarts: number;
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly terminated?: { readonly exitCode?: number; readonly reason?: string; readonly message?: string };
}

interface ContainerStatus {
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

interface Pod {
  readonly metadata?: { readonly name?: string; readonly annotations?: Record<string, string> };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly {
      readonly type?: string;
      readonly status?: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

/** The label that controllers give to the pods of an object. */
function podSelector({ kind, metadata }: KubeObject): string | null {
  const name = metadata.name ?? '';
  if (kind === 'Job') return `batch.kubernetes.io/job-name=${name}`;
  if (kind === 'PyTorchJob') return `training.kubeflow.org/job-name=${name}`;
  if (kind === 'TrainJob') return `jobset.sigs.k8s.io/jobset-name=${name}`;
  if (kind === 'InferenceService') return `serving.kserve.io/inferenceservice=${name}`;
  return null;
}

/** Items of a list, page by page; an answer without success is no list. */
export async function listAll(
  cluster: Cluster,
  path: string,
  query: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<readonly unknown[] | null> {
  const items: unknown[] = [];
  let next = '';
  do {
    const page = { ...query, limit: '500', ...(next === '' ? {} : { continue: next }) };
    const { status, body } = await cluster.send({ method: 'GET', path, query: page, signal });
    if (status !== 200) return null;
    const list = body as { readonly items?: readonly unknown[]; readonly metadata?: { readonly continue?: string } };
    items.push(...(list.items ?? []));
    next = list.metadata?.continue ?? '';
  } while (next !== '');
  return items;
}

const kPods = { apiVersion: 'v1', kind: 'Pod', plural: 'pods' };
const kEvents = { apiVersion: 'v1', kind: 'Event', plural: 'events' };

/** The pods of an object; empty where they cannot be listed or are gone. */
export async function podsOf(
  cluster: Cluster,
  object: KubeObject,
  namespace: string,
  signal?: AbortSignal,
): Promise<readonly PodReport[]> {
  const labelSelector = podSelector(object);
  if (labelSelector === null) return [];
  const pods = await listAll(cluster, listPath(kPods, namespace), { labelSelector }, signal);
  return (pods ?? []).map((pod) => reportOf(pod as Pod));
}

function reportOf({ metadata = {}, status = {} }: Pod): PodReport {
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const ended = containers.flatMap(({ state, lastState }) => state?.terminated ?? lastState?.terminated ?? []);
  const bad = ended.find(({ exitCode }) => exitCode !== 0) ?? ended.at(-1);
  const waiting = containers.map(({ state }) => state?.waiting).find((state) => state?.reason !== undefined);
  const unscheduled = status.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  const why = waiting ?? (bad?.exitCode === 0 ? undefined : bad) ?? unscheduled ?? status;
  const index = metadata.annotations?.['batch.kubernetes.io/job-completion-index'];
  return {
    name: metadata.name ?? '',
    phase: status.phase ?? 'Unknown',
    index: index === undefined ? null : Number(index),
    exitCode: bad?.exitCode ?? null,
    reason: clusterText(status.reason ?? why?.reason),
    message: clusterText(status.message ?? why?.message),
    restarts: containers.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0),
  };
}

/** Warnings of the cluster about an object and its pods, the newest last: `FailedMount (pod/x): …`. At most `most`. */
export async function warningsOf(
  cluster: Cluster,
  names: ReadonlySet<string>,
  namespace: string,
  { most, signal }: { readonly most: number; readonly signal?: AbortSignal | undefined },
): Promise<readonly string[]> {
  const events = await listAll(cluster, listPath(kEvents, namespace), { fieldSelector: 'type=Warning' }, signal);
  const texts = (events ?? []).flatMap((event) => {
    const {
      involvedObject = {},
      reason,
      message,
    } = event as {
      readonly involvedObject?: { readonly kind?: string; readonly name?: string };
      readonly reason?: string;
      readonly message?: string;
    };
    if (!names.has(involvedObject.name ?? '')) return [];
    return [
      `${clusterText(reason)} (${involvedObject.kind?.toLowerCase()}/${involvedObject.name}): ${clusterText(message)}`,
    ];
  });
  return [...new Set(texts)].slice(-most);
}

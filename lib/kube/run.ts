/** What every object of one run has: its namespace, its labels, its name. */
import { createHash } from 'node:crypto';
import type { KubeObject, ObjectMeta } from './objects.js';

/** The label by which `deleteRun` finds everything that a run made. */
export const runLabel = 'microtome/run';

/**
 * The annotation that says which pipeline has made an object. Pipelines of one name have one value of the label of a run, unless each
 * run is given its own; by this `deleteRun` tells them apart. No name comes of it: the same training stays the same job.
 */
export const pipelineAnnotation = 'microtome/pipeline';

/** Kueue's label: the queue that a job waits in. */
export const queueLabel = 'kueue.x-k8s.io/queue-name';

/** What is the same for all objects of a run. */
export interface RunOptions {
  /** Value of the label `microtome/run` of every object and every pod; `deleteRun` removes what has it. */
  readonly run: string;
  /** Left out: the namespace of the kubeconfig's context. */
  readonly namespace?: string | undefined;
  /** More labels, for objects and pods. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** More annotations, for objects. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** Options of every builder. */
export interface ObjectOptions extends RunOptions {
  /**
   * Left out: a word for the kind and a hash of the content, so that the same content has the same name, and another
   * content never meets an object of that name.
   */
  readonly name?: string | undefined;
}

/** Options of whatever Kueue can let wait. */
export interface QueueOptions {
  /** Local queue of Kueue: the job has its label, and begins suspended until Kueue lets it start. */
  readonly queue?: string | undefined;
  /** @defaultValue true with `queue`, else false */
  readonly suspend?: boolean | undefined;
}

/** Labels of an object or a pod of the run. */
export function runLabels({ run, labels }: RunOptions, component: string): Record<string, string> {
  return {
    ...labels,
    'app.kubernetes.io/name': 'microtome',
    'app.kubernetes.io/managed-by': 'microtome',
    'app.kubernetes.io/component': component,
    [runLabel]: run,
  };
}

/** JSON with its keys in order, so that equal content has equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** The first ten hexadecimal digits of the hash of a content. */
export const contentHash = (content: unknown): string =>
  createHash('sha256').update(canonicalJson(content)).digest('hex').slice(0, 10);

interface Parts<Spec> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly component: string;
  /** The word before the hash in a generated name. */
  readonly word: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec: Spec;
}

/** Joins an object from its parts; its name is the one that was given, or comes from the content. */
export function objectOf<Spec, Kind extends string>(
  options: ObjectOptions & QueueOptions,
  { apiVersion, kind, component, word, labels, spec }: Parts<Spec> & { readonly kind: Kind },
): KubeObject & { readonly kind: Kind; readonly spec: Spec } {
  const { name, namespace, annotations, queue } = options;
  const content = { spec, labels: { ...runLabels(options, component), ...labels } };
  const metadata: ObjectMeta = {
    name: name ?? `${word}-${contentHash({ apiVersion, kind, namespace, ...content })}`,
    ...(namespace === undefined ? {} : { namespace }),
    labels: { ...content.labels, ...(queue === undefined ? {} : { [queueLabel]: queue }) },
    ...(annotations === undefined ? {} : { annotations }),
  };
  return withoutUndefined({ apiVersion, kind, metadata, spec });
}

/** A copy without the keys that have no value; YAML and JSON have no word for them. */
export function withoutUndefined<T>(value: T): T {
  if (Array.isArray(value)) return value.map((item: unknown) => withoutUndefined(item)) as T;
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(kept.map(([key, part]) => [key, withoutUndefined(part)])) as T;
}

/** Whether the job begins suspended; undefined where nothing need be said. */
export function suspendOf({ queue, suspend }: QueueOptions): boolean | undefined {
  return suspend ?? (queue === undefined ? undefined : true);
}

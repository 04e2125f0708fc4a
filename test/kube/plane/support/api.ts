/** The API server over HTTPS: what the node and the tests need, without a library between them and the answer. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';

export interface Connection {
  /** https://127.0.0.1:PORT */
  readonly server: string;
  readonly caFile: string;
  /** Empty: nobody in particular asks. */
  readonly token: string;
}

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly finalizers?: readonly string[];
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [field: string]: unknown;
}

/** An answer of 400 or above. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(`${status}: ${message}`);
  }
}

/** Where each kind of the tests lies. */
const resources = {
  Namespace: ['api/v1', 'namespaces'],
  Node: ['api/v1', 'nodes'],
  Pod: ['api/v1', 'pods'],
  Secret: ['api/v1', 'secrets'],
  ConfigMap: ['api/v1', 'configmaps'],
  Service: ['api/v1', 'services'],
  PersistentVolumeClaim: ['api/v1', 'persistentvolumeclaims'],
  Job: ['apis/batch/v1', 'jobs'],
  PyTorchJob: ['apis/kubeflow.org/v1', 'pytorchjobs'],
  TrainJob: ['apis/trainer.kubeflow.org/v1alpha1', 'trainjobs'],
  TrainingRuntime: ['apis/trainer.kubeflow.org/v1alpha1', 'trainingruntimes'],
  ClusterTrainingRuntime: ['apis/trainer.kubeflow.org/v1alpha1', 'clustertrainingruntimes'],
  JobSet: ['apis/jobset.x-k8s.io/v1alpha2', 'jobsets'],
  Experiment: ['apis/kubeflow.org/v1beta1', 'experiments'],
  InferenceService: ['apis/serving.kserve.io/v1beta1', 'inferenceservices'],
  CustomResourceDefinition: ['apis/apiextensions.k8s.io/v1', 'customresourcedefinitions'],
  ValidatingWebhookConfiguration: ['apis/admissionregistration.k8s.io/v1', 'validatingwebhookconfigurations'],
  MutatingWebhookConfiguration: ['apis/admissionregistration.k8s.io/v1', 'mutatingwebhookconfigurations'],
} as const;

export type Kind = keyof typeof resources;

/** Path of all objects of a kind, or of one. `namespace` is null for kinds that have none. */
export function pathOf(kind: Kind, namespace: string | null, name?: string): string {
  const [group, plural] = resources[kind];
  const within = namespace === null ? '' : `namespaces/${namespace}/`;
  return `/${group}/${within}${plural}${name === undefined ? '' : `/${name}`}`;
}

export interface Api {
  /** The parsed answer; throws `ApiError`. */
  readonly call: (method: string, path: string, body?: unknown, contentType?: string) => Promise<unknown>;
  /** The object, or null where there is none. */
  readonly get: <T = KubeObject>(path: string) => Promise<T | null>;
  readonly list: <T = KubeObject>(path: string) => Promise<readonly T[]>;
  readonly create: (object: object, namespace: string | null, query?: string) => Promise<KubeObject>;
  /** Nothing where the object is gone already. */
  readonly remove: (path: string, body?: object) => Promise<void>;
  readonly close: () => void;
}

export const strategicMerge = 'application/strategic-merge-patch+json';

function answerOf(agent: Agent, { server, token }: Connection, ca: string) {
  return (method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        accept: 'application/json',
        ...(text === undefined ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(text) }),
      };
      const sent = request(`${server}${path}`, { method, headers, agent, ca, timeout: 60_000 }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const whole = Buffer.concat(parts).toString('utf8');
          const parsed: unknown = /json/.test(response.headers['content-type'] ?? '') ? JSON.parse(whole) : whole;
          const status = response.statusCode ?? 0;
          if (status < 400) return resolve(parsed);
          const said = (parsed as { message?: string }).message ?? whole;
          reject(new ApiError(status, `${method} ${path}: ${said}`));
        });
      });
      sent.on('error', reject);
      sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer within 60 s`)));
      sent.end(text);
    });
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

export function connect(connection: Connection): Api {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const call = answerOf(agent, connection, readFileSync(connection.caFile, 'utf8'));
  return {
    call,
    get: async <T>(path: string) => (await unlessMissing(call('GET', path))) as T | null,
    list: async <T>(path: string) => ((await call('GET', path)) as { items: readonly T[] }).items,
    create: async (object, namespace, query = '') => {
      const { kind } = object as { kind: Kind };
      return (await call('POST', `${pathOf(kind, namespace)}${query}`, object)) as KubeObject;
    },
    remove: async (path, body) => {
      await unlessMissing(call('DELETE', path, body));
    },
    close: () => agent.destroy(),
  };
}

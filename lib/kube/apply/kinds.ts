/** Where objects of a kind are on the API server. */
import { MicrotomeError } from '../../core/errors.js';
import { shown } from '../checks/part.js';
import type { KubeObject } from '../objects.js';
import type { Cluster } from './cluster.js';

/** A kind, and the word for it in addresses. */
export interface KindAddress {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
}

/** Every kind that microtome makes, in the order in which a run is taken away: first what makes other things. */
export const runKinds: readonly KindAddress[] = [
  { apiVersion: 'kubeflow.org/v1beta1', kind: 'Experiment', plural: 'experiments' },
  { apiVersion: 'trainer.kubeflow.org/v1alpha1', kind: 'TrainJob', plural: 'trainjobs' },
  { apiVersion: 'kubeflow.org/v1', kind: 'PyTorchJob', plural: 'pytorchjobs' },
  { apiVersion: 'serving.kserve.io/v1beta1', kind: 'InferenceService', plural: 'inferenceservices' },
  { apiVersion: 'batch/v1', kind: 'Job', plural: 'jobs' },
  { apiVersion: 'trainer.kubeflow.org/v1alpha1', kind: 'TrainingRuntime', plural: 'trainingruntimes' },
  { apiVersion: 'v1', kind: 'Pod', plural: 'pods' },
  { apiVersion: 'v1', kind: 'Service', plural: 'services' },
  { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps' },
  { apiVersion: 'v1', kind: 'PersistentVolumeClaim', plural: 'persistentvolumeclaims' },
];

/** Throws INVALID_OPTION for a kind that microtome does not make. */
export function addressOf({ apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>): KindAddress {
  const found = runKinds.find((one) => one.apiVersion === apiVersion && one.kind === kind);
  if (found !== undefined) return found;
  const known = runKinds.map((one) => `${one.apiVersion} ${one.kind}`).join(', ');
  throw new MicrotomeError(
    'INVALID_OPTION',
    'options',
    `${shown(kind)} of ${shown(apiVersion)} is not known; known are ${known}`,
  );
}

/**
 * Throws INVALID_OPTION for what is no name of a namespace. It is a part of a path: `..` would be another path, and the
 * objects of all namespaces.
 */
export function requireNamespace(namespace: string): void {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace)) return;
  const found = `the namespace is ${shown(namespace)}, expected lower-case letters, digits and dashes`;
  throw new MicrotomeError('INVALID_OPTION', 'options', found);
}

/** The path of all objects of a kind in a namespace. Throws INVALID_OPTION. */
export function listPath({ apiVersion, plural }: KindAddress, namespace: string): string {
  requireNamespace(namespace);
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
}

/** The namespace of an object, and its path. */
export function placeOf(cluster: Cluster, object: KubeObject): { readonly namespace: string; readonly path: string } {
  const { name, namespace = cluster.namespace } = object.metadata;
  if (name === undefined || name === '')
    throw new MicrotomeError('INVALID_OPTION', 'options', `${object.kind}: metadata.name is missing`);
  if (name === '.' || name === '..')
    throw new MicrotomeError('INVALID_OPTION', 'options', `${object.kind}: metadata.name is ${shown(name)}`);
  return { namespace, path: `${listPath(addressOf(object), namespace)}/${encodeURIComponent(name)}` };
}

/** `job.batch/score-1`, as kubectl names objects. */
export function titleOf({ apiVersion, kind, metadata }: KubeObject): string {
  const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : '';
  return `${kind.toLowerCase()}${group}/${metadata.name ?? ''}`;
}

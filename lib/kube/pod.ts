/** The pods of every kind: image, variables, volumes, resources, and rights that are as small as they can be. */
import type {
  Container,
  EnvVar,
  Json,
  PodSpec,
  PodTemplate,
  ResourceRequirements,
  Toleration,
  Volume,
  VolumeMount,
} from './objects.js';
import { runLabels, type RunOptions } from './run.js';

/** A value in a Secret: never the value itself. */
export interface SecretKey {
  /** Name of the Secret. */
  readonly secret: string;
  /** Key of the value in it. */
  readonly key: string;
}

/** A PersistentVolumeClaim in a container. */
export interface ClaimMount {
  readonly claim: string;
  /** Where it is in the container: an absolute path. */
  readonly path: string;
  /** @defaultValue false */
  readonly readOnly?: boolean | undefined;
  /** A folder of the claim, in place of all of it. */
  readonly subPath?: string | undefined;
}

/** A Secret in a container, one file for each key. */
export interface SecretMount {
  readonly secret: string;
  readonly path: string;
}

/** What a container gets: kept free for it, and its limit. */
export interface Resources {
  /** Cores, such as `4` or `500m`; requested, not limited. */
  readonly cpu?: string | undefined;
  /** Such as `8Gi`; requested and the limit. */
  readonly memory?: string | undefined;
  /** Number of GPUs. @defaultValue 0 */
  readonly gpus?: number | undefined;
  /** Name of the resource. @defaultValue 'nvidia.com/gpu' */
  readonly gpuResource?: string | undefined;
  /** Disk of the node for logs and temporary files, such as `10Gi`; requested and the limit. */
  readonly ephemeralStorage?: string | undefined;
}

/** Options of everything that runs pods. */
export interface PodOptions {
  /** With its tag or digest. */
  readonly image: string;
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never' | undefined;
  /** Names of Secrets with the credentials of a registry. */
  readonly imagePullSecrets?: readonly string[] | undefined;
  /** Values that everybody may read. A name such as `API_TOKEN` is refused: use `secretEnv`. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Variables whose values are in Secrets. */
  readonly secretEnv?: Readonly<Record<string, SecretKey>> | undefined;
  readonly claims?: readonly ClaimMount[] | undefined;
  readonly secretMounts?: readonly SecretMount[] | undefined;
  readonly resources?: Resources | undefined;
  /** Size of `/dev/shm` in memory, such as `2Gi`. Left out: the node's own, often 64 MiB. */
  readonly sharedMemory?: string | undefined;
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined;
  readonly tolerations?: readonly Toleration[] | undefined;
  /** Left out: no token of the cluster is in the pod. */
  readonly serviceAccount?: string | undefined;
  readonly priorityClass?: string | undefined;
  /** User and group of the processes and of new files; never 0. @defaultValue 10001, the user of the images of `containers/` */
  readonly userId?: number | undefined;
  /** More annotations, for pods. */
  readonly podAnnotations?: Readonly<Record<string, string>> | undefined;
}

const kUserId = 10_001;

/** Variables of a container whose values are in Secrets. */
export function secretEnv(keys: Readonly<Record<string, SecretKey>>): EnvVar[] {
  return Object.entries(keys).map(([name, { secret, key }]) => ({
    name,
    valueFrom: { secretKeyRef: { name: secret, key } },
  }));
}

/** All variables; HOME is a folder that the process may write to, unless the caller says where it is. */
export function envOf({ env = {}, secretEnv: secrets = {} }: PodOptions): EnvVar[] {
  const home = 'HOME' in env || 'HOME' in secrets ? [] : [{ name: 'HOME', value: '/tmp' }];
  return [...home, ...Object.entries(env).map(([name, value]) => ({ name, value })), ...secretEnv(secrets)];
}

/** Limits and requests; undefined where nothing was asked for. */
export function resourcesOf(wanted: Resources | undefined): ResourceRequirements | undefined {
  if (wanted === undefined) return undefined;
  const { cpu, memory, gpus = 0, gpuResource = 'nvidia.com/gpu', ephemeralStorage } = wanted;
  const limited = {
    ...(memory === undefined ? {} : { memory }),
    ...(ephemeralStorage === undefined ? {} : { 'ephemeral-storage': ephemeralStorage }),
    ...(gpus === 0 ? {} : { [gpuResource]: String(gpus) }),
  };
  const requests = { ...(cpu === undefined ? {} : { cpu }), ...limited };
  if (Object.keys(requests).length === 0) return undefined;
  return { ...(Object.keys(limited).length === 0 ? {} : { limits: limited }), requests };
}

interface Mounts {
  readonly volumes: readonly Volume[];
  readonly volumeMounts: readonly VolumeMount[];
}

/** Volumes with their mounts. One claim that is mounted twice is one volume. */
export function mountsOf({ claims = [], secretMounts = [], sharedMemory }: PodOptions): Mounts {
  const volumes = new Map<string, Volume>();
  const volumeMounts: VolumeMount[] = [];
  const claimNames = [...new Set(claims.map(({ claim }) => claim))];
  for (const { claim, path, readOnly, subPath } of claims) {
    const name = `claim-${claimNames.indexOf(claim)}`;
    volumes.set(name, { name, persistentVolumeClaim: { claimName: claim } });
    volumeMounts.push({
      name,
      mountPath: path,
      ...(readOnly === true ? { readOnly } : {}),
      ...(subPath === undefined ? {} : { subPath }),
    });
  }
  for (const [i, { secret, path }] of secretMounts.entries()) {
    const name = `secret-${i}`;
    volumes.set(name, { name, secret: { secretName: secret, defaultMode: 0o440 } });
    volumeMounts.push({ name, mountPath: path, readOnly: true });
  }
  volumes.set('tmp', { name: 'tmp', emptyDir: {} });
  volumeMounts.push({ name: 'tmp', mountPath: '/tmp' });
  if (sharedMemory !== undefined) {
    volumes.set('shm', { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: sharedMemory } });
    volumeMounts.push({ name: 'shm', mountPath: '/dev/shm' });
  }
  return { volumes: [...volumes.values()], volumeMounts };
}

/** Rights of a pod: an ordinary user, and the system calls of the runtime's own list. */
export function podSecurity({ userId = kUserId }: PodOptions): Record<string, Json> {
  return {
    runAsNonRoot: true,
    runAsUser: userId,
    runAsGroup: userId,
    fsGroup: userId,
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

/** Rights of a container: none of root's, and no file of the image can be changed. */
export const containerSecurity: Readonly<Record<string, Json>> = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

/** The one container of a pod. */
export function containerOf(
  options: PodOptions,
  own: Pick<Container, 'name'> & Partial<Omit<Container, 'name' | 'image'>>,
): Container {
  return {
    ...own,
    image: options.image,
    ...(options.imagePullPolicy === undefined ? {} : { imagePullPolicy: options.imagePullPolicy }),
    env: [...envOf(options), ...(own.env ?? [])],
    ...withResources(options.resources),
    volumeMounts: mountsOf(options).volumeMounts,
    securityContext: containerSecurity,
  };
}

function withResources(wanted: Resources | undefined): Pick<Container, 'resources'> {
  const resources = resourcesOf(wanted);
  return resources === undefined ? {} : { resources };
}

/** A pod without its containers: where it may run, as whom, with which volumes. */
export function podSettings(options: PodOptions): Omit<PodSpec, 'containers' | 'restartPolicy'> {
  const { nodeSelector, tolerations, serviceAccount, priorityClass, imagePullSecrets } = options;
  return {
    volumes: mountsOf(options).volumes,
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
    ...(tolerations === undefined ? {} : { tolerations }),
    ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
    automountServiceAccountToken: serviceAccount !== undefined,
    ...(priorityClass === undefined ? {} : { priorityClassName: priorityClass }),
    ...(imagePullSecrets === undefined ? {} : { imagePullSecrets: imagePullSecrets.map((name) => ({ name })) }),
    securityContext: podSecurity(options),
  };
}

/**
 * Pods that end: of a Job, a PyTorchJob, a TrainingRuntime. A sidecar of Istio would never end, so none is put in.
 * `restartPolicy` is left out where the controller sets it.
 */
export function podTemplate(
  options: RunOptions & PodOptions,
  component: string,
  container: Container,
  restartPolicy?: PodSpec['restartPolicy'],
): PodTemplate {
  const { podAnnotations } = options;
  return {
    metadata: {
      labels: { ...runLabels(options, component), 'sidecar.istio.io/inject': 'false' },
      ...(podAnnotations === undefined ? {} : { annotations: podAnnotations }),
    },
    spec: {
      containers: [container],
      ...(restartPolicy === undefined ? {} : { restartPolicy }),
      ...podSettings(options),
    },
  };
}

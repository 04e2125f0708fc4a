/** What a container of a pod sees: its environment, its volumes as folders, and its words with both put in. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathOf, type Api } from './api.js';
import type { Container, EnvFrom, EnvVar, Pod, Volume } from './pod.js';

/** Why a container cannot be started, with the reason that a kubelet gives in the state of a container that waits. */
export class NotStarted extends Error {
  constructor(
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

type Values = Readonly<Record<string, string>>;

async function valuesOf(
  api: Api,
  kind: 'Secret' | 'ConfigMap',
  namespace: string,
  name: string,
): Promise<Values | null> {
  const found = await api.get<{ data?: Values }>(pathOf(kind, namespace, name));
  if (found === null) return null;
  const entries = Object.entries(found.data ?? {});
  const decoded = (text: string): string => (kind === 'Secret' ? Buffer.from(text, 'base64').toString('utf8') : text);
  return Object.fromEntries(entries.map(([key, text]) => [key, decoded(text)]));
}

async function wholeOf(
  api: Api,
  kind: 'Secret' | 'ConfigMap',
  pod: Pod,
  name: string,
  optional = false,
): Promise<Values> {
  const values = await valuesOf(api, kind, pod.metadata.namespace, name);
  if (values === null && !optional) throw new NotStarted('CreateContainerConfigError', `${kind} "${name}" not found`);
  return values ?? {};
}

/** A field of the pod, as the downward API names it. */
function fieldOf(pod: Pod, path: string): string {
  const { metadata, spec } = pod;
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed !== null) return metadata[keyed[1] as 'labels' | 'annotations']?.[keyed[2] as string] ?? '';
  const fields: Values = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'spec.nodeName': spec.nodeName ?? '',
    'status.podIP': '127.0.0.1',
    'status.hostIP': '127.0.0.1',
  };
  const value = fields[path];
  if (value === undefined) throw new NotStarted('CreateContainerConfigError', `this node knows no field ${path}`);
  return value;
}

async function referredValue(api: Api, pod: Pod, container: Container, variable: EnvVar): Promise<string | null> {
  const { fieldRef, resourceFieldRef, secretKeyRef, configMapKeyRef } = variable.valueFrom ?? {};
  if (fieldRef !== undefined) return fieldOf(pod, fieldRef.fieldPath);
  if (resourceFieldRef !== undefined) {
    return container.resources?.limits?.[resourceFieldRef.resource.replace(/^limits\./, '')] ?? '0';
  }
  const ref = secretKeyRef ?? configMapKeyRef;
  if (ref === undefined) return '';
  const kind = secretKeyRef === undefined ? 'ConfigMap' : 'Secret';
  const value = (await wholeOf(api, kind, pod, ref.name, ref.optional))[ref.key];
  if (value !== undefined) return value;
  if (ref.optional === true) return null;
  throw new NotStarted('CreateContainerConfigError', `couldn't find key ${ref.key} in ${kind} ${ref.name}`);
}

/** `$(NAME)` for what is known; `$$` is a dollar; a name that is not known stays as it is. */
export const expanded = (text: string, known: Values): string =>
  text.replace(/\$(\$|\(([A-Za-z_][\w.-]*)\))/g, (whole, sign: string, name: string | undefined) =>
    sign === '$' ? '$' : ((name === undefined ? undefined : known[name]) ?? whole),
  );

async function wholeSources(api: Api, pod: Pod, sources: readonly EnvFrom[]): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for (const { prefix = '', secretRef, configMapRef } of sources) {
    const ref = secretRef ?? configMapRef;
    if (ref === undefined) continue;
    const kind = secretRef === undefined ? 'ConfigMap' : 'Secret';
    const values = await wholeOf(api, kind, pod, ref.name, ref.optional);
    for (const [key, value] of Object.entries(values)) all[`${prefix}${key}`] = value;
  }
  return all;
}

/** All variables that the pod's own text declares, in its order, each with those before it put in. */
export async function environmentOf(api: Api, pod: Pod, container: Container): Promise<Record<string, string>> {
  const known = await wholeSources(api, pod, container.envFrom ?? []);
  for (const variable of container.env ?? []) {
    const value =
      variable.valueFrom === undefined
        ? expanded(variable.value ?? '', known)
        : await referredValue(api, pod, container, variable);
    if (value !== null) known[variable.name] = value;
  }
  return known;
}

/** The folder that a volume is on this machine. A claim is one folder for all pods of its namespace. */
async function folderOf(api: Api, pod: Pod, volume: Volume, { shared, own }: Folders): Promise<string> {
  const { namespace } = pod.metadata;
  if (volume.persistentVolumeClaim !== undefined) {
    const { claimName } = volume.persistentVolumeClaim;
    const claim = await api.get(pathOf('PersistentVolumeClaim', namespace, claimName));
    if (claim === null) throw new NotStarted('FailedMount', `persistentvolumeclaim "${claimName}" not found`);
    return join(shared, namespace, claimName);
  }
  const folder = join(own, volume.name);
  await mkdir(folder, { recursive: true });
  const [kind, name] =
    volume.secret !== undefined
      ? (['Secret', volume.secret.secretName] as const)
      : (['ConfigMap', volume.configMap?.name] as const);
  if (name === undefined) return folder;
  for (const [key, text] of Object.entries(await wholeOf(api, kind, pod, name))) {
    await writeFile(join(folder, key), text, { mode: 0o600 });
  }
  return folder;
}

export interface Folders {
  /** Of claims. */
  readonly shared: string;
  /** Of this pod alone. */
  readonly own: string;
}

/** Puts the folders of the volumes in the place of the paths where the container would see them. */
export type Mapping = (text: string) => string;

export async function mappingOf(api: Api, pod: Pod, container: Container, folders: Folders): Promise<Mapping> {
  const places = new Map<string, string>();
  for (const { name, mountPath, subPath = '' } of container.volumeMounts ?? []) {
    const volume = pod.spec.volumes?.find((one) => one.name === name);
    if (volume === undefined) throw new NotStarted('CreateContainerConfigError', `no volume ${name}`);
    const folder = join(await folderOf(api, pod, volume, folders), subPath);
    await mkdir(folder, { recursive: true });
    places.set(mountPath.replace(/\/$/, ''), folder);
  }
  if (places.size === 0) return (text) => text;
  const longestFirst = [...places.keys()].sort((a, b) => b.length - a.length);
  const words = longestFirst.map((path) => path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  // A path begins where no other path goes on, and ends at a slash or where no word goes on.
  const pattern = new RegExp(`(?<![\\w./-])(?:${words})(?![\\w.-])`, 'g');
  return (text) => text.replace(pattern, (path) => places.get(path) ?? path);
}

/** The address of a first process: the name of a pod or of its headless service, which only a cluster's DNS knows. */
const masterNames = /^[a-z0-9-]+-(?:master-0|node-0-0)(?:\.[a-z0-9.-]+)?$/;

/**
 * Names of first processes are 127.0.0.1 here, and their port one that is free: two jobs may run at once. `portOf` gives the
 * same port for the same name and port.
 */
export async function withLocalMasters(
  env: Readonly<Record<string, string>>,
  portOf: (master: string) => Promise<number>,
): Promise<Record<string, string>> {
  const result = { ...env };
  for (const [name, value] of Object.entries(env)) {
    if (!name.endsWith('_ADDR') || !masterNames.test(value)) continue;
    result[name] = '127.0.0.1';
    const portName = name.replace(/_ADDR$/, '_PORT');
    const port = env[portName];
    if (port !== undefined) result[portName] = String(await portOf(`${value}:${port}`));
  }
  return result;
}

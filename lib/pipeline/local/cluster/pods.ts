/** What a pod of a manifest says that matters to a process: its words, its variables, its volumes. */
import { anything, anyText, list, optional, record, text, ShapeError, type Reader } from '../../shape.js';
import { pipelineInvalid } from '../../failure.js';

/** One process of an emulated job. */
export interface EmulatedPod {
  /** As the operator would name the pod. */
  readonly name: string;
  readonly image: string;
  readonly words: readonly string[];
  /** Variables of the manifest, and those of the operator. */
  readonly env: Readonly<Record<string, string>>;
  readonly claims: readonly { readonly path: string; readonly claim: string; readonly subPath: string }[];
}

/** Any object of a manifest. */
export type Manifest = Readonly<Record<string, unknown>>;

/** Fields of an object that are not looked at stay what they are. */
export function field(object: unknown, path: string): unknown {
  let value = object;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** Reads a value of a manifest. Throws PIPELINE_INVALID with its place. */
export function fieldAs<T>(manifest: unknown, path: string, reader: Reader<T>): T {
  try {
    return reader(field(manifest, path), path);
  } catch (error) {
    if (error instanceof ShapeError) throw pipelineInvalid(`the manifest: ${error.message}`);
    throw error;
  }
}

export const kindOf = (manifest: unknown): string => fieldAs(manifest, 'kind', text());
export const nameOf = (manifest: unknown): string => fieldAs(manifest, 'metadata.name', text());

const loose = record(anything);
const environment = list((value: unknown, at: string) => {
  const { name, value: said, valueFrom } = loose(value, at) as Record<string, unknown>;
  if (valueFrom !== undefined) throw new ShapeError(at, 'is not a value; secrets of pods are not emulated');
  return { name: text()(name, `${at}.name`), value: anyText(said ?? '', `${at}.value`) };
});

export const variablesOf = (
  entries: readonly { readonly name: string; readonly value: string }[],
): Record<string, string> => Object.fromEntries(entries.map(({ name, value }) => [name, value]));

/** The container of that name in the spec of a pod. */
export function containerNamed(pod: unknown, name: string): unknown {
  const found = fieldAs(pod, 'containers', list(anything)).find((one) => field(one, 'name') === name);
  if (found === undefined) throw pipelineInvalid(`the manifest has no container ${name}`);
  return found;
}

export const wordsOf = (container: unknown): readonly string[] => [
  ...(fieldAs(container, 'command', optional(list(anyText))) ?? []),
  ...(fieldAs(container, 'args', optional(list(anyText))) ?? []),
];

export const envOf = (container: unknown): Record<string, string> =>
  variablesOf(fieldAs(container, 'env', optional(environment)) ?? []);

/** The claims of a container; other volumes are folders that a process has anyway. */
export function claimsOf(pod: unknown, container: unknown): EmulatedPod['claims'] {
  const volumes = fieldAs(pod, 'volumes', optional(list(anything))) ?? [];
  const mounts = fieldAs(container, 'volumeMounts', optional(list(anything))) ?? [];
  return mounts.flatMap((mount) => {
    const volume = volumes.find((one) => field(one, 'name') === field(mount, 'name'));
    if (volume === undefined) throw pipelineInvalid(`the manifest has no volume ${String(field(mount, 'name'))}`);
    const claim = field(volume, 'persistentVolumeClaim.claimName');
    if (claim === undefined) return [];
    return [
      {
        path: fieldAs(mount, 'mountPath', text()),
        claim: text()(claim, 'claimName'),
        subPath: fieldAs(mount, 'subPath', optional(anyText)) ?? '',
      },
    ];
  });
}

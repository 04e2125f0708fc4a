/** All objects of a namespace, of every kind that the API server has. */
import type { Api, KubeObject } from './api.js';

interface Discovered {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly verbs: readonly string[];
  }[];
}

interface Groups {
  readonly groups: readonly {
    readonly versions: readonly { readonly groupVersion: string }[];
    readonly preferredVersion: { readonly groupVersion: string };
  }[];
}

async function listPaths(
  api: Api,
  namespace: string,
): Promise<readonly { readonly kind: string; readonly path: string }[]> {
  const { groups } = (await api.call('GET', '/apis')) as Groups;
  const roots = [
    '/api/v1',
    ...groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => `/apis/${groupVersion}`)),
  ];
  const lists = roots.map(async (root) => {
    const { resources } = (await api.call('GET', root)) as Discovered;
    return resources
      .filter(({ namespaced, verbs, name }) => namespaced && verbs.includes('list') && !name.includes('/'))
      .map(({ kind, name }) => ({ kind, path: `${root}/namespaces/${namespace}/${name}` }));
  });
  return (await Promise.all(lists)).flat();
}

/** An object that several versions of a group serve is there several times. */
export async function allObjects(api: Api, namespace: string): Promise<readonly KubeObject[]> {
  const paths = await listPaths(api, namespace);
  const lists = paths.map(async ({ kind, path }) => {
    const items = await api.list<KubeObject>(path);
    return items.map((item) => ({ ...item, kind }));
  });
  return (await Promise.all(lists)).flat();
}

/** Controllers write them about others, and nobody owns them. */
const ownerless = new Set(['Event', 'ConfigMap']);

/**
 * `Kind name` of what belongs to a run, in order: by its label, or by the name of the run in front of its own.
 */
export async function listAll(api: Api, namespace: string, run: string): Promise<readonly string[]> {
  const belongs = ({ kind, metadata }: KubeObject): boolean =>
    !ownerless.has(kind) &&
    (metadata.labels?.['microtome/run'] === run || metadata.name === run || metadata.name.startsWith(`${run}-`));
  const objects = (await allObjects(api, namespace)).filter(belongs);
  return [...new Set(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`))].sort();
}

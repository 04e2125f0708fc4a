/** What a test file sees of the control plane: the API server, a namespace of its own and a node that runs its pods. */
import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { connect, pathOf, type Api, type Kind, type KubeObject } from './api.js';
import { removeImage, type Image } from './image.js';
import { startNode, type TestNode } from './node.js';
import { until } from './processes.js';

export interface Cluster {
  readonly api: Api;
  readonly namespace: string;
  readonly node: TestNode;
  readonly kubeconfig: string;
  readonly create: (object: object) => Promise<KubeObject>;
  readonly get: <T = KubeObject>(kind: Kind, name: string) => Promise<T | null>;
  /** Waits until an object is as wanted, and returns it. An error has the object and what the pods wrote. */
  readonly untilObject: <T = KubeObject>(kind: Kind, name: string, is: (object: T) => boolean) => Promise<T>;
  readonly close: () => Promise<void>;
}

export async function openCluster(images: Readonly<Record<string, Image>>): Promise<Cluster> {
  const api = connect(inject('connection'));
  const namespace = `tests-${randomBytes(4).toString('hex')}`;
  const node = await startNode({ api, namespace, images });
  const get = <T>(kind: Kind, name: string): Promise<T | null> => api.get<T>(pathOf(kind, namespace, name));
  return {
    api,
    namespace,
    node,
    kubeconfig: inject('kubeconfig'),
    create: (object) => api.create(object, namespace),
    get,
    untilObject: async <T>(kind: Kind, name: string, is: (object: T) => boolean): Promise<T> => {
      let last: T | null = null;
      const seen = (): string =>
        `${kind} ${name} is ${JSON.stringify(last)}\n${JSON.stringify(node.logs(), null, 1).replaceAll('\\n', '\n')}`;
      const ask = async (): Promise<T | null> => {
        last = await get<T>(kind, name);
        return last !== null && is(last) ? last : null;
      };
      return until(ask, seen, 400_000);
    },
    close: async () => {
      await node.stop();
      for (const image of Object.values(images)) removeImage(image);
      await api.remove(pathOf('Namespace', null, namespace));
      api.close();
    },
  };
}

/**
 * A node for tests: runs the pods of one namespace as processes of this machine. It does the part of a kubelet that the
 * controllers can see: it binds pods, starts, restarts and ends their containers, and says in the status what became of them.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ApiError, pathOf, strategicMerge, type Api } from './api.js';
import type { Image } from './image.js';
import type { Pod, PodStatus } from './pod.js';
import { PodRun, type Machine } from './pod-run.js';
import { freePorts, pause, tailOf, temporaryFolder, until } from './processes.js';

const nodeName = 'test-node';

export interface NodeOptions {
  readonly api: Api;
  readonly namespace: string;
  /** The programs of each image. A pod of another image waits for ever, as one whose image cannot be pulled. */
  readonly images: Readonly<Record<string, Image>>;
}

export interface TestNode {
  /** Folder of a claim, for the data that a test puts there. */
  readonly claimFolder: (claimName: string) => string;
  readonly pods: () => Promise<readonly Pod[]>;
  /** What a container of a pod wrote, over all its restarts; also after the pod was deleted. */
  readonly log: (podName: string) => string;
  readonly logs: () => Readonly<Record<string, string>>;
  /** Ends the processes of a pod, as the kernel does where memory is short. False where none runs. */
  readonly kill: (podName: string, signal?: NodeJS.Signals) => boolean;
  readonly stop: () => Promise<void>;
}

/** Patches the status; the pod may be gone. */
async function patchStatus(api: Api, pod: Pod, status: PodStatus): Promise<void> {
  const path = `${pathOf('Pod', pod.metadata.namespace, pod.metadata.name)}/status`;
  try {
    await api.call('PATCH', path, { metadata: { uid: pod.metadata.uid }, status }, strategicMerge);
  } catch (error) {
    if (!(error instanceof ApiError && (error.status === 404 || error.status === 409))) throw error;
  }
}

async function bind(api: Api, { metadata: { name, namespace, uid } }: Pod): Promise<void> {
  const body = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, namespace, uid },
    target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
  };
  try {
    await api.call('POST', `${pathOf('Pod', namespace, name)}/binding`, body);
  } catch (error) {
    // Gone, or bound by the time before.
    if (!(error instanceof ApiError && (error.status === 404 || error.status === 409))) throw error;
  }
}

/** The one that a kubelet sends when the processes of a deleted pod have ended. */
function removeNow(api: Api, { metadata: { name, namespace, uid } }: Pod): Promise<void> {
  const options = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid } };
  return api.remove(pathOf('Pod', namespace, name), options).catch((error: unknown) => {
    if (!(error instanceof ApiError && error.status === 409)) throw error;
  });
}

class Node {
  readonly #runs = new Map<string, PodRun>();
  readonly #ports = new Map<string, Promise<number>>();
  readonly #machine: Machine;
  #loop: Promise<void> = Promise.resolve();
  #stopped = false;
  #failure: unknown = null;

  constructor(
    readonly options: NodeOptions,
    readonly folder: string,
  ) {
    const { api, images } = options;
    mkdirSync(join(folder, 'logs'), { recursive: true });
    this.#machine = {
      api,
      images,
      folder,
      portOf: (master) => this.#portOf(master),
      say: (pod, status) => patchStatus(api, pod, status),
    };
  }

  start(): void {
    this.#loop = this.#work().catch((error: unknown) => {
      this.#failure = error;
    });
  }

  /** The same port for all pods of a job, also for those that come after a restart. */
  #portOf(master: string): Promise<number> {
    const known = this.#ports.get(master);
    if (known !== undefined) return known;
    const port = freePorts(1).then(([first]) => first as number);
    this.#ports.set(master, port);
    return port;
  }

  pods(): Promise<readonly Pod[]> {
    if (this.#failure !== null) throw this.#failure;
    return this.options.api.list<Pod>(pathOf('Pod', this.options.namespace));
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      const pods = await this.pods();
      for (const pod of pods) await this.#look(pod);
      const there = new Set(pods.map(({ metadata }) => metadata.uid));
      // Deleted without a grace period: nobody waits for the processes any more.
      for (const [uid, run] of this.#runs) if (!there.has(uid)) run.kill('SIGKILL');
      await pause(100);
    }
  }

  async #look(pod: Pod): Promise<void> {
    const { metadata, spec } = pod;
    const run = this.#runs.get(metadata.uid);
    if (metadata.deletionTimestamp !== undefined) {
      if (run === undefined) return spec.nodeName === nodeName ? removeNow(this.options.api, pod) : undefined;
      run.end(metadata.deletionGracePeriodSeconds ?? 30);
      if (run.hasEnded) await removeNow(this.options.api, pod);
      return;
    }
    if (run !== undefined || (spec.schedulingGates ?? []).length > 0) return;
    if (spec.nodeName === undefined) return bind(this.options.api, pod);
    if (spec.nodeName === nodeName) this.#runs.set(metadata.uid, new PodRun(pod, this.#machine));
  }

  kill(podName: string, signal: NodeJS.Signals): boolean {
    const runs = [...this.#runs.values()].filter((run) => run.pod.metadata.name === podName && !run.hasEnded);
    return runs.map((run) => run.kill(signal)).some(Boolean);
  }

  logs(): Record<string, string> {
    const all: Record<string, string> = {};
    for (const run of this.#runs.values()) {
      const { name } = run.pod.metadata;
      all[name] = (all[name] ?? '') + run.logFiles.map((file) => tailOf(file, 1_000_000)).join('');
    }
    return all;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
    for (const run of this.#runs.values()) run.end(0);
    await until(() => [...this.#runs.values()].every((run) => run.hasEnded), 'processes of pods to end');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Starts the node, and makes the namespace. `stop` ends all processes and removes all folders. */
export async function startNode(options: NodeOptions): Promise<TestNode> {
  const { api, namespace } = options;
  await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, null);
  const folder = temporaryFolder('microtome-node-');
  const node = new Node(options, folder);
  node.start();
  return {
    claimFolder: (claimName) => {
      const claim = join(folder, 'claims', namespace, claimName);
      mkdirSync(claim, { recursive: true });
      return claim;
    },
    pods: () => node.pods(),
    log: (podName) => node.logs()[podName] ?? '',
    logs: () => node.logs(),
    kill: (podName, signal = 'SIGKILL') => node.kill(podName, signal),
    stop: () => node.stop(),
  };
}

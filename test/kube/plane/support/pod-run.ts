/** One pod of the test node, from its first container to the last word of its status. */
import { mkdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Api } from './api.js';
import { environmentOf, expanded, mappingOf, NotStarted, withLocalMasters } from './environment.js';
import type { Image } from './image.js';
import type { Container, ContainerState, ContainerStatus, Pod, PodStatus, Terminated } from './pod.js';
import { pause, start, type Running } from './processes.js';

export interface Machine {
  readonly api: Api;
  readonly images: Readonly<Record<string, Image>>;
  readonly folder: string;
  readonly portOf: (master: string) => Promise<number>;
  readonly say: (pod: Pod, status: PodStatus) => Promise<void>;
}

/** The operator's own, which only waits until a cluster's DNS knows the first process. */
const waitsForDns = 'init-pytorch';
/** A kubelet waits 10 s and then longer and longer. */
const restartPauseMs = 300;

const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`;

interface Life {
  state: ContainerState;
  lastState: ContainerState;
  restartCount: number;
}

export class PodRun {
  hasEnded = false;
  readonly logFiles: string[] = [];
  readonly #lives = new Map<string, Life>();
  readonly #running = new Set<Running>();
  #ending = false;
  #said: Promise<void> = Promise.resolve();

  constructor(
    readonly pod: Pod,
    readonly machine: Machine,
  ) {
    for (const { name } of pod.spec.containers) {
      this.#lives.set(name, { state: { waiting: { reason: 'ContainerCreating' } }, lastState: {}, restartCount: 0 });
    }
    void this.#run();
  }

  /** False where no process runs. */
  kill(signal: NodeJS.Signals): boolean {
    for (const running of this.#running) running.signal(signal);
    return this.#running.size > 0;
  }

  /** SIGTERM, and SIGKILL when the time is over; nothing is started again. */
  end(graceSeconds: number): void {
    if (this.#ending) return;
    this.#ending = true;
    this.kill(graceSeconds > 0 ? 'SIGTERM' : 'SIGKILL');
    if (graceSeconds > 0) setTimeout(() => this.kill('SIGKILL'), graceSeconds * 1000).unref();
  }

  async #run(): Promise<void> {
    try {
      const failed = await this.#initContainers();
      const phase = failed ?? (await this.#containers());
      await this.#say(phase);
    } catch (error) {
      await this.#wait(error);
    } finally {
      this.hasEnded = true;
    }
  }

  /** A pod that cannot be started stays Pending and says why, until it is deleted. */
  async #wait(error: unknown): Promise<void> {
    const reason = error instanceof NotStarted ? error.reason : 'RunContainerError';
    const message = error instanceof Error ? error.message : String(error);
    for (const life of this.#lives.values()) life.state = { waiting: { reason, message } };
    await this.#say('Pending');
    while (!this.#ending) await pause(100);
  }

  async #initContainers(): Promise<'Failed' | null> {
    for (const container of this.pod.spec.initContainers ?? []) {
      if (container.name === waitsForDns) continue;
      for (let attempt = 0; ; attempt++) {
        const { exitCode } = await this.#once(container, attempt);
        if (exitCode === 0) break;
        if (this.#ending || this.pod.spec.restartPolicy === 'Never') return 'Failed';
        await pause(restartPauseMs);
      }
    }
    return null;
  }

  async #containers(): Promise<'Succeeded' | 'Failed'> {
    const codes = await Promise.all(this.pod.spec.containers.map((container) => this.#untilDone(container)));
    return codes.every((code) => code === 0) ? 'Succeeded' : 'Failed';
  }

  /** Runs a container again as its pod's restart policy says. */
  async #untilDone(container: Container): Promise<number> {
    const life = this.#lives.get(container.name) as Life;
    for (;;) {
      const terminated = await this.#once(container, life.restartCount, async (startedAt) => {
        life.state = { running: { startedAt } };
        await this.#say('Running');
      });
      life.state = { terminated };
      const { restartPolicy = 'Always' } = this.pod.spec;
      const isOver = restartPolicy === 'Never' || (restartPolicy === 'OnFailure' && terminated.exitCode === 0);
      if (isOver || this.#ending) return terminated.exitCode;
      life.lastState = { terminated };
      life.state = { waiting: { reason: 'CrashLoopBackOff', message: `exit code ${terminated.exitCode}` } };
      life.restartCount++;
      await this.#say('Running');
      await pause(restartPauseMs);
      if (this.#ending) return terminated.exitCode;
    }
  }

  async #once(container: Container, attempt: number, began?: (at: string) => Promise<void>): Promise<Terminated> {
    const startedAt = now();
    const running = await this.#start(container, attempt);
    this.#running.add(running);
    // A deletion may have come while the volumes were made.
    if (this.#ending) running.signal('SIGKILL');
    await began?.(startedAt);
    const exitCode = await running.ended;
    running.signal('SIGKILL');
    this.#running.delete(running);
    return { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', startedAt, finishedAt: now() };
  }

  async #start(container: Container, attempt: number): Promise<Running> {
    const { pod, machine } = this;
    const image = machine.images[container.image];
    if (image === undefined) throw new NotStarted('ImagePullBackOff', `no image ${container.image} on this node`);
    const own = join(machine.folder, 'pods', pod.metadata.uid);
    const logFile = join(machine.folder, 'logs', `${pod.metadata.uid}-${container.name}-${attempt}.log`);
    mkdirSync(own, { recursive: true });
    this.logFiles.push(logFile);
    const map = await mappingOf(machine.api, pod, container, { shared: join(machine.folder, 'claims'), own });
    const declared = await environmentOf(machine.api, pod, container);
    const portOf = (master: string): Promise<number> => machine.portOf(`${pod.metadata.namespace}/${master}`);
    const local = await withLocalMasters(declared, portOf);
    const mapped = Object.fromEntries(Object.entries(local).map(([name, value]) => [name, map(value)]));
    const words = [...(container.command ?? image.entrypoint), ...(container.args ?? [])];
    const { workingDir = '' } = container;
    const found = map(workingDir);
    return start(
      words.map((word) => map(expanded(word, local))),
      {
        env: { PATH: `${image.bin}:/usr/local/bin:/usr/bin:/bin`, HOME: own, TMPDIR: own, ...image.env, ...mapped },
        // A path of the image itself is not on this machine.
        cwd: isAbsolute(workingDir) && found !== workingDir ? found : image.workingDir,
        logFile,
      },
    );
  }

  /** One after the other: a later word must not be overtaken by an earlier one. */
  #say(phase: NonNullable<PodStatus['phase']>): Promise<void> {
    const status = this.#status(phase);
    this.#said = this.#said.then(() => this.machine.say(this.pod, status));
    return this.#said;
  }

  #status(phase: NonNullable<PodStatus['phase']>): PodStatus {
    const { pod } = this;
    const containerStatuses = pod.spec.containers.map(({ name, image }): ContainerStatus => {
      const { state, lastState, restartCount } = this.#lives.get(name) as Life;
      const runs = state.running !== undefined;
      return { name, image, imageID: '', ready: runs, started: runs, restartCount, state, lastState };
    });
    const ready = phase === 'Running' && containerStatuses.every((one) => one.ready);
    const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
    return { phase, conditions, containerStatuses };
  }
}

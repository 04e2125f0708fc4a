/** Carries out manifests on this machine, as the operators of a cluster would. */
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfAborted } from '../../../core/cancel.js';
import { MicrotomeError } from '../../../core/errors.js';
import { imageOf, localWords, type LocalImages } from '../images.js';
import { withFolders } from '../mounts.js';
import { endedWell, endText, lastLines, type Ended, type Program, type Programs } from '../processes.js';
import type { Redactor } from '../../redact.js';
import { field, kindOf, nameOf, type EmulatedPod, type Manifest } from './pods.js';
import { podsOfPyTorchJob, restartsOfPyTorchJob, type Meeting } from './pytorch-job.js';
import { podOfService } from './service.js';
import { podsOfTrainJob, restartsOfTrainJob } from './train-job.js';

/** What an emulated cluster has. */
export interface EmulatedCluster {
  readonly images: LocalImages;
  readonly programs: Programs;
  readonly redactor: Redactor;
  /** Variables of every process. */
  readonly env: Readonly<Record<string, string>>;
  /** Folder of the claim; it is made where it is not there. */
  readonly volume: (claim: string) => Promise<string>;
  /** Folder of the logs of pods. */
  readonly logs: string;
  readonly signal: AbortSignal;
  /** Is told what a user should know: a restart, a port, what was not done. */
  readonly say: (text: string) => void;
}

/** A service that runs until the run ends. */
export interface RunningService {
  readonly name: string;
  readonly url: string;
  readonly pod: string;
}

const mostTries = 5;
const portInUse = /address already in use|EADDRINUSE/i;
const pollMs = 100;
const readyWaitMs = 300_000;

/** Carries out the objects in their order. Rejects with STEP_FAILED when a job fails, or a service is never ready. */
export async function applyLocally(
  objects: readonly Manifest[],
  cluster: EmulatedCluster,
): Promise<readonly RunningService[]> {
  const services: RunningService[] = [];
  const runtimes = new Map<string, Manifest>();
  for (const object of objects) {
    const kind = kindOf(object);
    if (kind === 'PersistentVolumeClaim') await cluster.volume(nameOf(object));
    else if (kind === 'TrainingRuntime') runtimes.set(nameOf(object), object);
    else if (kind === 'PyTorchJob') await runJob(object, pyTorchJob(object), cluster);
    else if (kind === 'TrainJob') await runJob(object, trainJob(object, runtimes), cluster);
    else if (kind === 'InferenceService') services.push(await startService(object, cluster));
    else throw stepFailed(`${kind} ${nameOf(object)} is not emulated by a local run`, 'run this step on a cluster');
  }
  return services;
}

function stepFailed(found: string, advice?: string): MicrotomeError {
  return new MicrotomeError('STEP_FAILED', 'options', found, advice === undefined ? {} : { advice });
}

interface EmulatedJob {
  readonly pods: (meeting: Meeting) => readonly EmulatedPod[];
  readonly restarts: number;
}

const pyTorchJob = (job: Manifest): EmulatedJob => ({
  pods: (meeting) => podsOfPyTorchJob(job, meeting),
  restarts: restartsOfPyTorchJob(job),
});

function trainJob(job: Manifest, runtimes: ReadonlyMap<string, Manifest>): EmulatedJob {
  const runtime = runtimes.get(String(field(job, 'spec.runtimeRef.name'))) ?? null;
  return { pods: (meeting) => podsOfTrainJob(job, runtime, meeting), restarts: restartsOfTrainJob(runtime) };
}

/** A job whose pods meet at a port. It is begun again where a pod failed, as often as the manifest says. */
async function runJob(object: Manifest, job: EmulatedJob, cluster: EmulatedCluster): Promise<void> {
  const title = `${kindOf(object)} ${nameOf(object)}`;
  if (field(object, 'spec.suspend') === true || field(object, 'spec.runPolicy.suspend') === true)
    cluster.say(`${title} would wait for its queue; a local run has none`);
  let [restarts, tries] = [0, 0];
  for (;;) {
    const failure = await runPods(job.pods({ address: '127.0.0.1', port: await freePort() }), cluster);
    throwIfAborted(cluster.signal);
    if (failure === null) return;
    if (portInUse.test(failure.tail) && tries < mostTries) {
      tries += 1;
      cluster.say(`${title}: another program took the port; it is begun again`);
    } else if (restarts < job.restarts) {
      restarts += 1;
      cluster.say(`${title}: ${failure.pod} ${failure.how}; restart ${restarts} of ${job.restarts}`);
    } else throw stepFailed(`${title}: ${failure.pod} ${failure.how}\n${lastLines(failure.tail)}`);
  }
}

interface PodFailure {
  readonly pod: string;
  readonly how: string;
  readonly tail: string;
}

/** Starts all pods and waits. When one fails, the others are ended: they would wait for it. Null: all ended well. */
async function runPods(pods: readonly EmulatedPod[], cluster: EmulatedCluster): Promise<PodFailure | null> {
  const started: { readonly pod: EmulatedPod; readonly program: Program }[] = [];
  const stop = (): void => {
    for (const { program } of started) void program.stop();
  };
  cluster.signal.addEventListener('abort', stop, { once: true });
  let failure: PodFailure | null = null;
  const ended = ({ name }: EmulatedPod, program: Program, how: Ended): void => {
    if (endedWell(how) || failure !== null) return;
    failure = { pod: name, how: endText(how), tail: program.tail };
    stop();
  };
  try {
    for (const pod of pods) started.push({ pod, program: await startPod(pod, cluster) });
    if (cluster.signal.aborted) stop();
    await Promise.all(started.map(({ pod, program }) => program.ended.then((how) => ended(pod, program, how))));
    return failure;
  } catch (error) {
    await Promise.all(started.map(({ program }) => program.stop()));
    throw error;
  } finally {
    cluster.signal.removeEventListener('abort', stop);
  }
}

async function startPod(pod: EmulatedPod, cluster: EmulatedCluster): Promise<Program> {
  const image = imageOf(cluster.images, pod.image);
  const mounts = await Promise.all(
    pod.claims.map(async ({ path, claim, subPath }) => ({ path, folder: join(await cluster.volume(claim), subPath) })),
  );
  for (const { folder } of mounts) await mkdir(folder, { recursive: true });
  const words = localWords(image, pod.image, pod.words).map((word) => withFolders(word, mounts));
  const own = Object.entries(pod.env).map(([name, value]) => [name, withFolders(value, mounts)]);
  const env = { ...cluster.env, ...image.env, ...Object.fromEntries(own) };
  const log = join(cluster.logs, `${pod.name}.log`);
  return cluster.programs.start({ words, folder: image.folder, env, log, redactor: cluster.redactor });
}

async function startService(object: Manifest, cluster: EmulatedCluster): Promise<RunningService> {
  for (let tries = 0; ; ++tries) {
    const port = await freePort();
    const pod = podOfService(object, port);
    const program = await startPod(pod, cluster);
    const url = `http://127.0.0.1:${port}`;
    if (await becomesReady(`${url}${pod.readyPath}`, program, cluster.signal)) {
      cluster.say(`InferenceService ${nameOf(object)} is ready at ${url}`);
      return { name: nameOf(object), url, pod: pod.name };
    }
    await program.stop();
    throwIfAborted(cluster.signal);
    if (!portInUse.test(program.tail) || tries >= mostTries)
      throw stepFailed(
        `InferenceService ${nameOf(object)}: ${pod.name} ${endText(await program.ended)}\n${lastLines(program.tail)}`,
      );
  }
}

/** False: the program ended, or the time is over, before it was ready. */
async function becomesReady(url: string, program: Program, signal: AbortSignal): Promise<boolean> {
  let isOver = false;
  void program.ended.then(() => {
    isOver = true;
  });
  const end = performance.now() + readyWaitMs;
  while (!isOver && !signal.aborted && performance.now() < end) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5000) }).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok === true) return true;
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** Runs a pipeline on this machine: its steps as processes, in the order in which they wait for each other. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { throwIfAborted } from '../../core/cancel.js';
import { digestOf } from '../digest.js';
import { checkPipeline } from '../ir/check.js';
import { orderOf } from '../ir/order.js';
import { isRequired } from '../ir/values.js';
import { createVolumeImage, deleteVolumeImage } from '../ir/volumes.js';
import type {
  Component,
  ContainerSpecification,
  InputSource,
  KubernetesExecutor,
  TaskSpecification,
} from '../ir/types.js';
import type { EmulatedCluster, RunningService } from './cluster/emulate.js';
import { endMarked } from './marks.js';
import type { Mount } from './mounts.js';
import type { LocalEvent, LocalRun, LocalRunOptions, LocalStep } from './options.js';
import { Programs } from './processes.js';
import { Redactor } from '../redact.js';
import { secretVariables, valuesOf } from './secrets.js';
import { lockFolder, RunState, type FinishedStep } from './state.js';
import { manifestWords, runStep, type StepPlaces, type StepRun } from './step.js';
import { Volumes } from './volumes.js';
import { emptyValue, runParameters } from '../run-parameters.js';

/**
 * Runs a pipeline file on this machine. A step whose inputs are those of an earlier run in the folder, and whose outputs
 * are still there, is skipped, and that is said. Rejects with STEP_FAILED where a step fails, with its last lines;
 * with INVALID_OPTION, OUTPUT_LOCKED, RESUME_REFUSED, PIPELINE_INVALID; with the signal's reason, when all processes
 * have ended.
 *
 * @example
 * ```ts
 * const pipeline = parsePipeline(await readFile('pipeline.yaml', 'utf8'));
 * const images = readImages(JSON.parse(await readFile('images.json', 'utf8')), 'images.json');
 * const { steps } = await runPipelineLocally({ pipeline, images, folder: 'run', env: { PATH: '/usr/bin:/bin' } });
 * ```
 */
export async function runPipelineLocally(options: LocalRunOptions): Promise<LocalRun> {
  checkPipeline(options.pipeline);
  const folder = resolve(options.folder);
  const parameters = runParameters(options.pipeline, options.parameters ?? {});
  const release = await lockFolder(folder);
  try {
    const state = await RunState.of(folder);
    // Where an earlier run was killed, its steps go on, and would write to the same volumes.
    await endMarked(`${state.run}/`);
    const programs = new Programs(state.run);
    try {
      const run = new LocalPipeline(options, folder, parameters, state, programs);
      const steps = await run.all();
      await options.onServices?.(run.services.map(({ name, url }) => ({ name, url })));
      return { run: state.run, folder, steps, parameters };
    } finally {
      await programs.stopAll();
    }
  } finally {
    await release();
  }
}

class LocalPipeline {
  readonly services: RunningService[] = [];
  readonly #options: LocalRunOptions;
  readonly #folder: string;
  readonly #parameters: Readonly<Record<string, unknown>>;
  readonly #state: RunState;
  readonly #cluster: EmulatedCluster;
  readonly #volumes: Volumes;
  /** Of the pods of the step that runs. */
  readonly #claims = new Set<string>();
  readonly #done = new Map<string, FinishedStep>();
  #step = '';

  constructor(
    options: LocalRunOptions,
    folder: string,
    parameters: Readonly<Record<string, unknown>>,
    state: RunState,
    programs: Programs,
  ) {
    this.#options = options;
    this.#folder = folder;
    this.#parameters = parameters;
    this.#state = state;
    this.#volumes = new Volumes(join(folder, 'volumes'), state, (claim) =>
      this.#say('note', `the volume ${claim} is not as the last step left it: what was made of it is made again`),
    );
    this.#cluster = {
      images: options.images,
      programs,
      redactor: new Redactor(valuesOf(options.secrets ?? {})),
      env: options.env ?? {},
      volume: (claim) => {
        this.#claims.add(claim);
        return this.#volumes.folder(claim);
      },
      logs: join(folder, 'logs'),
      signal: options.signal ?? new AbortController().signal,
      say: (text) => this.#say('note', text),
    };
  }

  async all(): Promise<readonly LocalStep[]> {
    const { tasks } = this.#options.pipeline.specification.root.dag;
    await mkdir(this.#cluster.logs, { recursive: true });
    const steps: LocalStep[] = [];
    for (const name of orderOf(tasks).names) {
      throwIfAborted(this.#cluster.signal);
      this.#step = name;
      steps.push(await this.#one(name, tasks[name] as TaskSpecification));
    }
    return steps;
  }

  #say(state: LocalEvent['state'], text: string): void {
    this.#options.onEvent?.({ step: this.#step, state, text });
  }

  async #one(name: string, task: TaskSpecification): Promise<LocalStep> {
    const { specification, kubernetes } = this.#options.pipeline;
    const component = specification.components[task.componentRef.name] as Component;
    const { container } = specification.deploymentSpec.executors[component.executorLabel] as {
      container: ContainerSpecification;
    };
    const platform = kubernetes[component.executorLabel] ?? {};
    const began = performance.now();
    const inputs = this.#inputs(task, component);
    if (container.image === createVolumeImage || container.image === deleteVolumeImage)
      return this.#stub(name, container.image, inputs, began);
    const mounts = await this.#mounts(platform);
    const places = this.#places(name);
    const key = this.#key(name, task, component, container, platform, inputs);
    const earlier = await this.#reusable(name, key, container, places);
    if (earlier !== null) {
      this.#done.set(name, earlier);
      this.#say('skipped', `its inputs are those of the run that finished at ${earlier.finishedAt}`);
      return this.#result(name, 'skipped', 0, began, earlier, component);
    }
    this.#say('started', '');
    await this.#state.begin(name);
    this.#claims.clear();
    const { tries, parameters, services } = await runStep({
      name,
      task,
      component,
      container,
      parameters: inputs,
      artifacts: this.#artifacts(task),
      mounts,
      secrets: secretVariables(platform.secretAsEnv ?? [], this.#options.secrets ?? {}, ({ secretNameParameter }) =>
        String(this.#valueOf(secretNameParameter)),
      ),
      deadlineMs: platform.activeDeadlineSeconds === undefined ? null : Number(platform.activeDeadlineSeconds) * 1000,
      places,
      run: this.#state.run,
      pipeline: specification.pipelineInfo.name,
      cluster: this.#cluster,
      onRetry: (text) => this.#say('retry', text),
    } satisfies StepRun).finally(() => this.#volumes.remember());
    this.services.push(...services);
    return this.#finish(name, key, parameters, component, began, tries);
  }

  async #finish(
    name: string,
    key: string,
    parameters: Readonly<Record<string, unknown>>,
    component: Component,
    began: number,
    tries: number,
  ): Promise<LocalStep> {
    const artifacts: Record<string, string> = {};
    for (const artifact of Object.keys(component.outputDefinitions?.artifacts ?? {}))
      artifacts[artifact] = await digestOf([join(this.#places(name).artifacts, artifact)]);
    const volumes = Object.fromEntries([...this.#claims].map((claim) => [claim, this.#state.volume(claim)?.id ?? '']));
    const finishedAt = new Date().toISOString();
    const finished = { key, execution: randomUUID(), finishedAt, parameters, artifacts, volumes };
    this.#done.set(name, finished);
    await this.#state.finish(name, finished);
    const step = this.#result(name, 'finished', tries, began, finished, component);
    this.#say('finished', `${(step.elapsedMs / 1000).toFixed(1)} s`);
    return step;
  }

  #result(
    name: string,
    state: LocalStep['state'],
    tries: number,
    began: number,
    { parameters }: FinishedStep,
    component: Component,
  ): LocalStep {
    const places = this.#places(name);
    const artifacts = Object.keys(component.outputDefinitions?.artifacts ?? {});
    return {
      name,
      state,
      tries,
      elapsedMs: performance.now() - began,
      parameters,
      artifacts: Object.fromEntries(artifacts.map((one) => [one, join(places.artifacts, one)])),
      log: places.log,
    };
  }

  #places(name: string): StepPlaces {
    return {
      artifacts: join(this.#folder, 'artifacts', name),
      parameters: join(this.#folder, 'parameters', name),
      log: join(this.#folder, 'logs', `${name}.log`),
    };
  }

  /** What KFP itself does: a claim is a folder here. */
  async #stub(
    name: string,
    image: string,
    inputs: Readonly<Record<string, unknown>>,
    began: number,
  ): Promise<LocalStep> {
    const claim = String(inputs['pvc_name'] ?? '');
    const isNew = image === createVolumeImage;
    if (isNew) await this.#volumes.folder(claim);
    else this.#say('note', `a local run keeps the folder of the claim ${claim}`);
    const finished = {
      key: 'volume',
      // The claim stays as it is, so the steps after it need not run again for its sake.
      execution: this.#state.volume(claim)?.id ?? '',
      finishedAt: new Date().toISOString(),
      parameters: isNew ? { name: claim } : {},
      artifacts: {},
      volumes: {},
    };
    this.#done.set(name, finished);
    this.#say('finished', isNew ? `the claim ${claim} is a folder` : '');
    const component = { executorLabel: '' };
    return this.#result(name, 'finished', 1, began, finished, component);
  }

  #inputs(task: TaskSpecification, component: Component): Record<string, unknown> {
    const given = task.inputs?.parameters ?? {};
    const declared = component.inputDefinitions?.parameters ?? {};
    return Object.fromEntries(
      Object.entries(declared).map(([name, parameter]) => {
        const source = Object.hasOwn(given, name) ? given[name] : undefined;
        if (source !== undefined) return [name, this.#valueOf(source)];
        return [
          name,
          isRequired(parameter) ? undefined : (parameter.defaultValue ?? emptyValue(parameter.parameterType)),
        ];
      }),
    );
  }

  #valueOf({ componentInputParameter, taskOutputParameter, runtimeValue }: InputSource): unknown {
    if (componentInputParameter !== undefined) return this.#parameters[componentInputParameter];
    if (taskOutputParameter === undefined) return runtimeValue?.constant;
    const { producerTask, outputParameterKey } = taskOutputParameter;
    return this.#done.get(producerTask)?.parameters[outputParameterKey];
  }

  #artifacts(task: TaskSpecification): Record<string, string> {
    return Object.fromEntries(
      Object.entries(task.inputs?.artifacts ?? {}).map(([name, { taskOutputArtifact }]) => [
        name,
        join(this.#places(taskOutputArtifact.producerTask).artifacts, taskOutputArtifact.outputArtifactKey),
      ]),
    );
  }

  async #mounts({ pvcMount = [] }: KubernetesExecutor): Promise<readonly Mount[]> {
    return Promise.all(
      pvcMount.map(async ({ mountPath, pvcNameParameter, subPath = '' }) => {
        const folder = join(await this.#volumes.folder(String(this.#valueOf(pvcNameParameter))), subPath);
        await mkdir(folder, { recursive: true });
        return { path: mountPath, folder };
      }),
    );
  }

  /**
   * A digest of everything that the outputs follow from. What earlier steps left in a volume is in it by the executions
   * of these steps, and by the identity of the volume. Values of Secrets are not. The whole map of images is, since the
   * pods of a manifest have other images than the step.
   */
  #key(
    name: string,
    task: TaskSpecification,
    component: Component,
    container: ContainerSpecification,
    { pvcMount = [], secretAsEnv = [] }: KubernetesExecutor,
    inputs: Readonly<Record<string, unknown>>,
  ): string {
    const given = Object.entries(task.inputs?.artifacts ?? {}).map(([input, { taskOutputArtifact }]) => {
      const { producerTask, outputArtifactKey } = taskOutputArtifact;
      return [input, producerTask, this.#done.get(producerTask)?.artifacts[outputArtifactKey]];
    });
    const volumes = pvcMount.map(({ mountPath, pvcNameParameter, subPath = '' }) => {
      const claim = String(this.#valueOf(pvcNameParameter));
      return [mountPath, claim, subPath, this.#state.volume(claim)?.id];
    });
    const secrets = secretAsEnv.map(({ secretNameParameter, keyToEnv }) => [
      String(this.#valueOf(secretNameParameter)),
      keyToEnv,
    ]);
    const before = stepsBefore(task).map((other) => [other, this.#done.get(other)?.execution]);
    const { images } = this.#options;
    const outputs = component.outputDefinitions;
    const all = { name, container, images, inputs, given, volumes, secrets, before, outputs };
    return createHash('sha256').update(JSON.stringify(all)).digest('hex');
  }

  /** The earlier outputs, where they can stand for new ones. */
  async #reusable(
    name: string,
    key: string,
    container: ContainerSpecification,
    places: StepPlaces,
  ): Promise<FinishedStep | null> {
    const earlier = this.#state.step(name);
    if (earlier === null) return null;
    const repeats = (why: string): null => {
      this.#say('note', `it runs again: ${why}`);
      return null;
    };
    if (earlier.key !== key) return repeats('its inputs are other ones');
    for (const [claim, id] of Object.entries(earlier.volumes)) {
      await this.#volumes.folder(claim);
      if (this.#state.volume(claim)?.id !== id) return repeats(`the volume ${claim} of its pods is another one`);
    }
    const words = [...(container.command ?? []), ...(container.args ?? [])];
    if (manifestWords(words) !== null && words[2] === 'inferenceservice')
      return repeats('its service ended with the run that started it');
    for (const [artifact, digest] of Object.entries(earlier.artifacts)) {
      const found = await digestOf([join(places.artifacts, artifact)]).catch(() => null);
      if (found !== digest) return repeats(`its artifact ${artifact} is not there as it was written`);
    }
    return earlier;
  }
}

/** Every step that a step waits for, because it says so or because it takes something from it. */
function stepsBefore({ dependentTasks = [], inputs }: TaskSpecification): readonly string[] {
  const names = new Set(dependentTasks);
  for (const { taskOutputParameter } of Object.values(inputs?.parameters ?? {}))
    if (taskOutputParameter !== undefined) names.add(taskOutputParameter.producerTask);
  for (const { taskOutputArtifact } of Object.values(inputs?.artifacts ?? {}))
    names.add(taskOutputArtifact.producerTask);
  return [...names].sort();
}

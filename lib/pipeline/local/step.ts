/** One step of a local run: from its specification to its outputs. */
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { throwIfAborted } from '../../core/cancel.js';
import { foundBy, MicrotomeError } from '../../core/errors.js';
import { withValues, type Placeholder } from '../ir/placeholders.js';
import type { Component, ContainerSpecification, RetryPolicy, TaskSpecification } from '../ir/types.js';
import { asWord, fromFile } from '../ir/values.js';
import { applyLocally, type EmulatedCluster, type RunningService } from './cluster/emulate.js';
import type { Manifest } from './cluster/pods.js';
import { imageOf, localWords } from './images.js';
import { withFolders, type Mount } from './mounts.js';
import { endedWell, endText, lastLines } from './processes.js';

/** Everything that a step is run with. */
export interface StepRun {
  readonly name: string;
  readonly task: TaskSpecification;
  readonly component: Component;
  readonly container: ContainerSpecification;
  /** Values of its parameters. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Paths of the artifacts that it is given. */
  readonly artifacts: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  /** Variables from Secrets. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly deadlineMs: number | null;
  readonly places: StepPlaces;
  readonly run: string;
  readonly pipeline: string;
  readonly cluster: EmulatedCluster;
  readonly onRetry: (text: string) => void;
}

/** Where the outputs of a step go. */
export interface StepPlaces {
  /** Folder of the artifacts; each is a file or a folder of its name. */
  readonly artifacts: string;
  readonly parameters: string;
  readonly log: string;
}

export interface StepResult {
  readonly tries: number;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly services: readonly RunningService[];
}

/** Runs a step, again where its policy says so. Rejects with STEP_FAILED. */
export async function runStep(step: StepRun): Promise<StepResult> {
  const most = step.task.retryPolicy?.maxRetryCount ?? 0;
  for (let tries = 1; ; ++tries) {
    try {
      await prepare(step);
      const services = await withDeadline(step, runOnce);
      return { tries, parameters: await outputParameters(step), services };
    } catch (error) {
      throwIfAborted(step.cluster.signal);
      if (tries > most || !(error instanceof MicrotomeError) || error.code !== 'STEP_FAILED') throw named(step, error);
      const waitMs = backoffMs(step.task.retryPolicy ?? {}, tries);
      step.onRetry(`try ${tries} of ${most + 1} failed; the next one begins in ${waitMs / 1000} s`);
      await sleep(waitMs, undefined, { signal: step.cluster.signal }).catch(() => undefined);
      throwIfAborted(step.cluster.signal);
    }
  }
}

/** An error names the step; one of ours keeps its code and its advice. */
function named({ name, places }: StepRun, error: unknown): unknown {
  if (!(error instanceof MicrotomeError)) return error;
  const details = error.code === 'STEP_FAILED' ? { path: places.log } : { path: error.path };
  return new MicrotomeError(error.code, error.stage, `step ${name}: ${foundBy(error)}`, {
    ...details,
    advice: error.advice,
    cause: error.cause,
  });
}

const seconds = (duration: string | undefined, otherwise: number): number =>
  duration === undefined ? otherwise : Number(duration.slice(0, -1));

function backoffMs({ backoffDuration, backoffFactor = 2, backoffMaxDuration }: RetryPolicy, tries: number): number {
  const wait = seconds(backoffDuration, 0) * backoffFactor ** (tries - 1);
  return 1000 * Math.min(wait, seconds(backoffMaxDuration, 3600));
}

/** What a try that failed has left is not taken for the outputs of the next one. */
async function prepare({ places }: StepRun): Promise<void> {
  for (const folder of [places.artifacts, places.parameters]) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
  }
  await mkdir(dirname(places.log), { recursive: true });
}

async function runOnce(step: StepRun): Promise<readonly RunningService[]> {
  const words = [...(step.container.command ?? []), ...(step.container.args ?? [])].map((word) => resolved(step, word));
  const manifest = manifestWords(words);
  if (manifest === null) {
    await runProgram(step, words, false);
    await requireArtifacts(step);
    return [];
  }
  // The command says what it would apply; this machine does what a cluster would do with it.
  const printed = await runProgram(step, manifest, true);
  await writeFile(join(step.places.parameters, 'manifest.yaml'), step.cluster.redactor.text(printed), { mode: 0o600 });
  return applyLocally(objectsIn(printed), step.cluster);
}

function resolved(step: StepRun, word: string): string {
  return withValues(withFolders(word, step.mounts), (placeholder) => valueFor(step, placeholder));
}

function valueFor(step: StepRun, placeholder: Placeholder): string {
  switch (placeholder.kind) {
    case 'inputParameter':
      return asWord(step.parameters[placeholder.name]);
    case 'inputArtifact':
      return step.artifacts[placeholder.name] ?? '';
    case 'outputArtifact':
      return join(step.places.artifacts, placeholder.name);
    case 'outputParameter':
      return join(step.places.parameters, placeholder.name);
    case 'run':
      return { pipeline_job_uuid: step.run, pipeline_job_name: step.pipeline, pipeline_task_name: step.name }[
        placeholder.what
      ];
  }
}

/** Flags of a manifest command that are about a cluster; true: with a value. */
const clusterFlags: Readonly<Record<string, boolean>> = {
  '--apply': false,
  '--wait': false,
  '--wait-seconds': true,
  '--force': false,
  '--adopt': false,
  '--json': false,
  '--kubeconfig': true,
  '--context': true,
};

/** The words of `microtome manifest … --apply` without what a cluster is needed for; null for any other command. */
export function manifestWords(words: readonly string[]): readonly string[] | null {
  const end = words.includes('--') ? words.indexOf('--') : words.length;
  if (words[0] !== 'microtome' || words[1] !== 'manifest' || !words.slice(0, end).includes('--apply')) return null;
  const kept: string[] = [];
  for (let i = 0; i < end; ++i) {
    const [flag = '', value] = (words[i] ?? '').split('=', 2);
    if (!Object.hasOwn(clusterFlags, flag)) kept.push(words[i] ?? '');
    else if (clusterFlags[flag] === true && value === undefined) i += 1;
  }
  return [...kept, ...words.slice(end)];
}

function objectsIn(text: string): readonly Manifest[] {
  return [...parseAllDocuments(text)].flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined)
      throw new MicrotomeError('STEP_FAILED', 'options', 'it printed a manifest that is no YAML');
    const value = document.toJS({ maxAliasCount: 0 }) as unknown;
    return value === null ? [] : [value as Manifest];
  });
}

async function runProgram(step: StepRun, words: readonly string[], capture: boolean): Promise<string> {
  const { cluster, container } = step;
  const image = imageOf(cluster.images, container.image);
  const own = Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, resolved(step, value)]));
  const program = cluster.programs.start({
    words: localWords(image, container.image, words),
    folder: image.folder,
    env: { ...cluster.env, ...image.env, ...own, ...step.secrets },
    log: step.places.log,
    redactor: cluster.redactor,
    capture,
  });
  const onAbort = (): void => void program.stop();
  cluster.signal.addEventListener('abort', onAbort, { once: true });
  if (cluster.signal.aborted) onAbort();
  try {
    const ended = await program.ended;
    throwIfAborted(cluster.signal);
    if (endedWell(ended)) return program.captured;
    throw failed(`${endText(ended)}\n${lastLines(program.tail)}`);
  } finally {
    cluster.signal.removeEventListener('abort', onAbort);
  }
}

function failed(found: string): MicrotomeError {
  return new MicrotomeError('STEP_FAILED', 'options', found);
}

/**
 * When the time of the step is over, its signal ends what it runs, and nothing of it begins again. Services of earlier
 * steps go on.
 */
async function withDeadline<T>(step: StepRun, body: (step: StepRun) => Promise<T>): Promise<T> {
  const { deadlineMs, cluster } = step;
  if (deadlineMs === null) return body(step);
  const over = new AbortController();
  const tooLong = failed(`took longer than ${deadlineMs / 1000} s`);
  const timer = setTimeout(() => over.abort(tooLong), deadlineMs);
  const signal = AbortSignal.any([cluster.signal, over.signal]);
  try {
    const result = await body({ ...step, cluster: { ...cluster, signal } });
    throwIfAborted(signal);
    return result;
  } catch (error) {
    throw over.signal.aborted ? tooLong : error;
  } finally {
    clearTimeout(timer);
  }
}

async function requireArtifacts({ component, places }: StepRun): Promise<void> {
  for (const name of Object.keys(component.outputDefinitions?.artifacts ?? {}))
    if ((await stat(join(places.artifacts, name)).catch(() => null)) === null)
      throw failed(`ended well, but did not write its artifact ${name}`);
}

const mostParameterBytes = 2 ** 20;

async function outputParameters({ component, places, cluster }: StepRun): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const [name, { parameterType }] of Object.entries(component.outputDefinitions?.parameters ?? {})) {
    const path = join(places.parameters, name);
    const found = await stat(path).catch(() => null);
    if (found === null || !found.isFile()) throw failed(`ended well, but did not write its parameter ${name}`);
    if (found.size > mostParameterBytes) throw failed(`its parameter ${name} has ${found.size} bytes`);
    const content = await readFile(path, 'utf8');
    // The value would be in the state, and in the commands of other steps.
    if (cluster.redactor.finds(content)) {
      await rm(path, { force: true });
      throw failed(`its parameter ${name} has a value of a Secret`);
    }
    try {
      values[name] = fromFile(content, parameterType);
    } catch (error) {
      throw failed(`its parameter ${name} is ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return values;
}

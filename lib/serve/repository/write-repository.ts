/** Writes a bundle as a model of a repository of Triton. The folder of its version is the bundle itself. */

import { constants } from 'node:fs';
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import { fromFileSystem, MicrotomeError } from '../../core/errors.js';
import { loadModel } from '../../model/load-model.js';
import type { Model } from '../../model/model.js';
import { specOf, type GraphSpec } from '../../model/spec.js';
import { invalid, record } from '../../options/check.js';
import { datatypeOf } from '../tensor-data.js';
import { configText, type ModelConfig, type TritonSettings } from './model-config.js';

export interface RepositoryOptions {
  /** The repository; made where it is not there. */
  readonly out: string;
  /** Name of the model: of its folder, and in addresses. Default: the name of the bundle. */
  readonly name?: string;
  /** Most rows of a batch, for a graph that takes any number. Default 32. */
  readonly maxBatchSize?: number;
  /** Microseconds that Triton lets a request wait for others. Default 2000. */
  readonly queueDelayMicroseconds?: number;
  /** Copies of the model. Default 1. */
  readonly instances?: number;
  /** Where Triton runs it. Default `auto`: on GPUs where there are any. */
  readonly instanceKind?: 'auto' | 'cpu' | 'gpu';
  /** Has Triton run it with TensorRT, at this precision. Default: not. */
  readonly tensorRt?: 'FP32' | 'FP16';
}

/** What was written. */
export interface WrittenRepository {
  /** The folder of the model. */
  readonly folder: string;
  readonly name: string;
  readonly maxBatchSize: number;
  /** What Triton does not do of what the bundle says: sentences. */
  readonly notes: readonly string[];
}

const names = [
  'out',
  'name',
  'maxBatchSize',
  'queueDelayMicroseconds',
  'instances',
  'instanceKind',
  'tensorRt',
] as const;

const kinds = { auto: 'KIND_AUTO', cpu: 'KIND_CPU', gpu: 'KIND_GPU' } as const;

function whole(name: string, value: number | undefined, otherwise: number, least: number, most: number): number {
  const found = value ?? otherwise;
  if (Number.isSafeInteger(found) && found >= least && found <= most) return found;
  throw invalid(name, `a whole number from ${least} to ${most}`, value);
}

function settingsOf(o: RepositoryOptions): TritonSettings {
  const { instanceKind = 'auto', tensorRt = null } = o;
  if (!Object.hasOwn(kinds, instanceKind)) throw invalid('instanceKind', "'auto', 'cpu' or 'gpu'", instanceKind);
  if (tensorRt !== null && tensorRt !== 'FP32' && tensorRt !== 'FP16')
    throw invalid('tensorRt', "'FP32' or 'FP16'", tensorRt);
  return {
    queueDelayMicroseconds: whole('queueDelayMicroseconds', o.queueDelayMicroseconds, 2000, 0, 10_000_000),
    instances: whole('instances', o.instances, 1, 1, 64),
    instanceKind: kinds[instanceKind],
    tensorRt,
  };
}

function refuse(found: string, path: string): MicrotomeError {
  return new MicrotomeError('MODEL_MISMATCH', 'options', `the model cannot be one of a repository: it ${found}`, {
    path,
    advice: 'serve it with microtome serve, which runs all of a bundle',
  });
}

/** The one graph of a bundle that Triton can run by itself. */
function onlyGraph(model: Model): GraphSpec {
  const { graphs, headGraphs } = specOf(model);
  if (model.kind !== 'bundle')
    throw new MicrotomeError('MODEL_MISMATCH', 'options', 'the model is no bundle', {
      path: model.path,
      advice: 'make one with: microtome model init',
    });
  const [graph] = graphs;
  if (graph === undefined || graphs.length !== 1 || headGraphs.length > 0)
    throw refuse(`has ${graphs.length + headGraphs.length} graphs, one is expected`, model.path);
  if (graph.inputs.length !== 1) throw refuse(`has ${graph.inputs.length} inputs, one is expected`, graph.path);
  return graph;
}

function configOf(model: Model, graph: GraphSpec, name: string, maxBatchSize: number): ModelConfig {
  const tile = specOf(model).tiles[0]?.input;
  const [input] = graph.inputs;
  if (tile === undefined || input === undefined) throw refuse('reads no tiles', model.path);
  const isOpen = (input.shape[0] ?? -1) < 0;
  const { sizePx, layout } = tile;
  const row = layout === 'NCHW' ? [3, sizePx, sizePx] : [sizePx, sizePx, 3];
  return {
    name,
    maxBatchSize: isOpen ? maxBatchSize : 0,
    inputs: [
      { name: input.name, datatype: datatypeOf(input.type), dims: isOpen ? row : [input.shape[0] ?? 1, ...row] },
    ],
    outputs: graph.outputs.map((output) => ({
      name: output.name,
      datatype: datatypeOf(output.type),
      // Of a shape that the graph does not tell, one row of values.
      dims: outputDims(output.shape, isOpen).map((side) => (side > 0 ? side : -1)),
    })),
    modelFile: relative(dirname(graph.path), graph.path),
  };
}

function outputDims(shape: readonly number[], isOpen: boolean): readonly number[] {
  const whole = shape.length === 0 ? [-1, -1] : shape;
  return isOpen ? whole.slice(1) : whole;
}

function notesOf(model: Model): readonly string[] {
  const { encoders, outputs } = specOf(model);
  const activation = encoders[0]?.outputs.find((output) => output.activation !== 'none');
  return [
    ...(activation === undefined
      ? []
      : [`Triton gives the values of the graph: the activation ${activation.activation} of the bundle is not applied`]),
    ...(outputs.some(({ calibration }) => calibration !== null)
      ? ['Triton gives the values of the graph: the calibration of the bundle is not applied']
      : []),
  ];
}

/** Every file of the bundle by its place in the folder of the version. */
function filesOf(model: Model, graph: GraphSpec): ReadonlyMap<string, string> {
  const all = [graph.path, ...graph.weights.map(({ path }) => path), join(model.path, 'microtome.json')];
  return new Map(all.map((path) => [relative(model.path, path), path]));
}

/**
 * Writes `NAME/config.pbtxt` and `NAME/1/`, which holds the graph, its weights and the bundle's `microtome.json`, so that
 * `microtome serve --model-repository` knows how images become tensors and Triton runs the graph. Nothing is replaced.
 *
 * @throws {@link MicrotomeError} what `loadModel` throws, MODEL_MISMATCH for a bundle of more than one graph, OUTPUT_EXISTS.
 * @example
 * ```ts
 * const { folder } = await writeModelRepository('demo-lesion', { out: 'models', name: 'lesion' });
 * ```
 */
export async function writeModelRepository(
  bundle: string | Model,
  options: RepositoryOptions,
): Promise<WrittenRepository> {
  const o = record('options', options, names) as unknown as RepositoryOptions;
  if (typeof o.out !== 'string' || o.out === '') throw invalid('out', 'a string that is not empty', o.out);
  const triton = settingsOf(o);
  const most = whole('maxBatchSize', o.maxBatchSize, 32, 1, 4096);
  const model = typeof bundle === 'string' ? await loadModel(bundle) : bundle;
  const name = o.name ?? model.name;
  if (!/^[A-Za-z0-9_][\w.-]{0,127}$/.test(name))
    throw invalid('name', 'letters, digits, _, . and -, at most 128', name);
  const graph = onlyGraph(model);
  if (dirname(graph.path) !== model.path) throw refuse('has its graph in a folder of its own', graph.path);
  const config = configOf(model, graph, name, most);
  const folder = join(o.out, name);
  await mkdir(o.out, { recursive: true });
  // Written beside its place, so that a server that looks for new models never sees half of one.
  const partial = join(o.out, `.${name}.partial`);
  try {
    await mkdir(partial);
    for (const [inside, from] of filesOf(model, graph)) {
      const to = join(partial, '1', inside);
      await mkdir(dirname(to), { recursive: true });
      await copyFile(from, to, constants.COPYFILE_EXCL);
    }
    await writeFile(join(partial, 'config.pbtxt'), configText(config, triton), { flag: 'wx' });
    await rename(partial, folder);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw failureOf(error, folder);
  }
  return { folder, name, maxBatchSize: config.maxBatchSize, notes: notesOf(model) };
}

function failureOf(error: unknown, folder: string): MicrotomeError {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'EEXIST' && code !== 'ENOTEMPTY' && code !== 'ENOTDIR')
    return fromFileSystem(error, 'options', folder, 'the folder for');
  return new MicrotomeError('OUTPUT_EXISTS', 'options', `${folder} is there already, or is being written`, {
    path: folder,
    advice: 'choose another name, or remove the folder',
  });
}

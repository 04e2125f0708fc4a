/** Models without a bundle: a bare .onnx with options, and a WSInfer config.json beside an .onnx. */

import { createHash } from 'node:crypto';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename } from 'node:path';

import { printable } from '../core/printable.js';
import { MicrotomeError, fromFileSystem } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { contradiction, invalid } from '../options/check.js';
import { defaults } from '../options/defaults.js';
import type { ParsedModelOptions } from '../options/model-options.js';
import { activationWarnings } from './activation.js';
import { assumedInput, assumptions } from './assumptions.js';
import type { BundleRoot } from './bundle-files.js';
import { checkColumns, checkGraphs, graphOutput } from './check-graph.js';
import type { GraphInput } from './graph-input.js';
import { graphInput } from './graph-input.js';
import type { GraphFacts, Model, ModelAssumptions, TileInput } from './model.js';
import { linkedOnnx, type LinkedOnnx } from './linked-onnx.js';
import { readOnnxFile } from './onnx-file.js';
import type { OnnxFile } from './onnx-file.js';
import { modelOutputs } from './slide-outputs.js';
import { attachSpec, everyTile } from './spec.js';
import type { EncoderSpec, ModelSpec, OutputSpec, TileOutputSpec, SimpleHead } from './spec.js';
import { readWsinferConfig, wsinferFileName } from './wsinfer-config.js';
import type { WsinferConfig } from './wsinfer-config.js';

/** Class outputs beside the score are given for at most this many named classes. */
const maxClassOutputs = 64;

interface PlainModel {
  readonly kind: 'onnx' | 'wsinfer';
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
  readonly input: TileInput;
  readonly output: TileOutputSpec;
  readonly onnx: OnnxFile;
  readonly graph: GraphInput;
}

/**
 * The column that is the score. Of one, that one; of two, the second, by convention the positive class; of more, null:
 * it must be told.
 */
function scoreColumn(told: number | string | null, output: TileOutputSpec): number | null {
  const { columns, columnNames } = output;
  if (typeof told === 'string') {
    const index = columnNames?.indexOf(told) ?? -1;
    if (index === -1) {
      throw invalid(
        'column',
        columnNames === null
          ? 'an index (the model names no classes)'
          : `one of the classes ${printable(columnNames.join(', '))}`,
        told,
      );
    }
    return index;
  }
  if (told !== null) {
    if (columns !== null && told >= columns) throw outsideColumns(columns, output.name, told);
    return told;
  }
  return columns === 1 ? 0 : columns === 2 ? 1 : null;
}

function outsideColumns(columns: number, output: string, told: number): MicrotomeError {
  const known = columns === 1 ? 'the output has a single column, 0' : `columns count from 0: 0 to ${columns - 1}`;
  return invalid(
    'column',
    `an index below ${columns}, the columns of the output "${printable(output)}",`,
    told,
    '',
    known,
  );
}

function missingColumn(output: TileOutputSpec): string {
  const classes = output.columnNames === null ? '' : ` (${printable(output.columnNames.slice(0, 20).join(', '))})`;
  const found = output.columns === null ? 'an unknown number of columns' : `${output.columns} columns${classes}`;
  return `The output "${printable(output.name)}" has ${found}: pass ${optionMark('column')}, the one that is the score`;
}

/** Heads and outputs: the score, then, where classes have names, one output for each class. */
function plainOutputs(
  output: TileOutputSpec,
  column: number | null,
  options: ParsedModelOptions,
): { heads: SimpleHead[]; outputs: OutputSpec[] } {
  if (column === null) return { heads: [], outputs: [] };
  const head = (name: string, at: number): SimpleHead => ({
    kind: 'simple',
    ...options.head,
    name,
    of: { encoder: 0, output: 0, column: at },
  });
  const columns: [string, number][] = [['score', column]];
  if (output.columnNames !== null && output.columnNames.length <= maxClassOutputs) {
    // The first output is called score; a class of that name must not hide it.
    columns.push(
      ...output.columnNames.map((name, i): [string, number] => [name === 'score' ? 'score (class)' : name, i]),
    );
  }
  return {
    heads: columns.map(([name, at]) => head(name, at)),
    outputs: columns.map(([name], i) => ({
      name,
      of: [{ head: i, output: null, column: 0, weight: 1 }],
      mean: 'value',
      calibration: null,
      clip: undefined,
      fallback: null,
      fallbackBy: null,
    })),
  };
}

/** What the graph shows, of what was not told. */
function graphFacts({ kind, input, output, graph }: PlainModel, options: ParsedModelOptions): GraphFacts {
  const { givenInput } = options;
  const isBare = kind === 'onnx';
  return {
    input: graph.name,
    ...(isBare && givenInput.size === undefined ? { size: input.sizePx } : {}),
    ...(isBare && givenInput.layout === undefined && graph.layout !== null ? { layout: graph.layout } : {}),
    ...(options.graphOutput === null ? { graphOutput: output.tensor } : {}),
    ...(options.column === null && output.columns === 1 ? { column: 0 } : {}),
    ...(output.operator === null ? {} : { operator: output.operator }),
  };
}

/** A bare .onnx says nothing but its shapes; what a WSInfer folder leaves open is which class is the score, and the head. */
function assumedOf(plain: PlainModel, options: ParsedModelOptions, column: number | null): ModelAssumptions | null {
  const { given, givenInput } = options;
  const isBare = plain.kind === 'onnx';
  return assumptions({
    ...(isBare ? { input: assumedInput(plain.input, givenInput, plain.graph.layout !== null) } : {}),
    ...(isBare && !given.includes('activation') ? { activation: plain.output.activation } : {}),
    ...(column === null ? {} : { column }),
    ...(given.includes('head') ? {} : { head: Object.freeze({ method: 'mean' }) }),
    fromGraph: graphFacts(plain, options),
  });
}

function makeModel(plain: PlainModel, options: ParsedModelOptions): Model {
  const column = scoreColumn(options.column, plain.output);
  // Of a single column there is no choice.
  const guessed = options.column === null && plain.output.columns !== 1 ? column : null;
  const { heads, outputs } = plainOutputs(plain.output, column, options);
  const encoder: EncoderSpec = {
    name: plain.name,
    graph: 0,
    input: 0,
    tensor: null,
    turns: ['identity'],
    outputs: [plain.output],
    fixedSizePx: plain.graph.height >= 0 ? plain.graph.height : null,
    fixedRows: plain.graph.batch > 0 ? plain.graph.batch : null,
    at: null,
  };
  const { path, sha256, weights, inputs, outputs: tensors } = plain.onnx;
  const spec: ModelSpec = {
    tiles: [{ input: plain.input, select: { ...everyTile, keep: plain.kind === 'wsinfer' ? 'centre' : null } }],
    images: [],
    colour: null,
    clinical: [],
    graphs: [{ path, sha256, weights, inputs, outputs: tensors }],
    headGraphs: [],
    encoders: [encoder],
    rules: [],
    heads,
    outputs,
    needsColumn: column === null ? missingColumn(plain.output) : null,
  };
  checkGraphs(spec, [plain.input.sizePx], [plain.onnx], []);
  const graph = Object.freeze({ path, inputs, outputs: tensors });
  const model: Model = Object.freeze({
    name: plain.name,
    kind: plain.kind,
    path: plain.path,
    sha256: plain.sha256,
    card: null,
    intendedUse: 'not declared',
    input: plain.input,
    inputs: Object.freeze([plain.input]),
    images: Object.freeze([]),
    clinical: Object.freeze([]),
    columns: Object.freeze([]),
    outputs: modelOutputs(outputs),
    graph,
    graphs: Object.freeze([graph]),
    warnings: Object.freeze(activationWarnings(plain.output, guessed)),
    assumed: assumedOf(plain, options, guessed),
  });
  return attachSpec(model, spec);
}

function inputSize(options: ParsedModelOptions, graph: GraphInput, path: string): number {
  const told = options.input?.size ?? null;
  if (graph.height >= 0 && graph.width >= 0 && graph.height !== graph.width) {
    throw new MicrotomeError(
      'MODEL_MISMATCH',
      'infer',
      `the graph's input "${printable(graph.name)}" is ${graph.width} x ${graph.height} pixels, but tiles are square`,
      { path },
    );
  }
  const fixed = graph.height >= 0 ? graph.height : graph.width;
  if (told === null && fixed < 1)
    throw contradiction(
      `The graph's input "${printable(graph.name)}" takes any size: pass ${optionMark('input.size')}, the side of a tile in pixels`,
    );
  return told ?? fixed;
}

function bareInput(options: ParsedModelOptions, graph: GraphInput, path: string): TileInput {
  const sizePx = inputSize(options, graph, path);
  const { input } = options;
  return Object.freeze({
    name: graph.name,
    sizePx,
    stridePx: sizePx,
    mpp: input?.mpp ?? null,
    level: input?.level ?? null,
    edge: 'pad',
    layout: input?.layout ?? graph.layout ?? 'NCHW',
    channels: input?.channels ?? defaults.input.channels,
    type: graph.type,
    scale: input?.scale ?? defaults.input.scale,
    mean: input?.mean ?? defaults.input.mean,
    std: input?.std ?? defaults.input.std,
  });
}

interface HashedFile {
  readonly file: string;
  readonly sha256: string;
}

/** SHA-256 of one file, or over the lines "<hash>  <name>" of several, in the order of their names. */
function joinHashes(files: readonly HashedFile[]): string {
  const byName = new Map(files.map(({ file, sha256 }) => [file, sha256]));
  if (byName.size === 1) return (files[0] as HashedFile).sha256;
  const lines = [...byName.keys()].sort().map((file) => `${byName.get(file)}  ${file}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}

/**
 * A single .onnx file. The path may be a link, since the user named it, and so may the files of weights beside it. Throws
 * MODEL_INVALID, MODEL_MISMATCH, INVALID_OPTION.
 */
export async function readBareOnnx(ref: string, options: ParsedModelOptions): Promise<Model> {
  let path: string;
  let linked: LinkedOnnx;
  try {
    path = await realpath(ref);
    if (!(await stat(path)).isFile())
      throw new MicrotomeError('MODEL_INVALID', 'infer', `the model ${ref} is not a regular file`, { path: ref });
    linked = await linkedOnnx(ref);
  } catch (error) {
    throw fromFileSystem(error, 'infer', ref, 'the model');
  }
  const { root, file, weightsRoot } = linked;
  const onnx = await readOnnxFile(root, file, { declared: null, weightsRoot });
  const graph = graphInput(onnx.inputs, null, { path, at: null });
  const tensor = graphOutput(
    onnx.outputs,
    options.graphOutput ?? (onnx.outputs.length > 1 ? chooseOutput(onnx) : null),
    { path, at: null },
  );
  const columns = checkColumns(tensor, null, graph.batch, { path, at: null }, options.tokens);
  return makeModel(
    {
      kind: 'onnx',
      name: file.replace(/\.onnx$/i, ''),
      path,
      sha256: joinHashes([{ file, sha256: onnx.sha256 }, ...onnx.weights]),
      input: bareInput(options, graph, path),
      output: {
        name: tensor.name,
        tensor: tensor.name,
        columns,
        columnNames: null,
        activation: options.activation ?? defaults.activation,
        operator: onnx.operators.get(tensor.name) ?? null,
        tokens: options.tokens,
      },
      onnx,
      graph,
    },
    options,
  );
}

function chooseOutput(onnx: OnnxFile): string {
  throw contradiction(
    `The graph has ${onnx.outputs.length} outputs (${onnx.outputs
      .slice(0, 8)
      .map((o) => printable(o.name))
      .join(', ')}): pass ${optionMark('graphOutput')}, the one that is scored`,
  );
}

async function onnxBeside(root: BundleRoot): Promise<string> {
  let files: string[];
  try {
    files = (await readdir(root.folder)).filter((f) => /\.onnx$/i.test(f)).sort();
  } catch (error) {
    throw fromFileSystem(error, 'infer', root.folder, 'the model folder');
  }
  const only = files.includes('model.onnx') ? 'model.onnx' : files.length === 1 ? files[0] : undefined;
  if (only !== undefined) return only;
  const found = files.length === 0 ? 'no .onnx file' : `${files.length} .onnx files (${files.slice(0, 8).join(', ')})`;
  throw new MicrotomeError(
    'MODEL_INVALID',
    'infer',
    `there is ${found} beside config.json, one or model.onnx is expected`,
    {
      path: root.folder,
      ...(files.length === 0 ? { advice: 'export the TorchScript model to ONNX and put it there' } : {}),
    },
  );
}

function wsinferInput(config: WsinferConfig, graph: GraphInput): TileInput {
  return Object.freeze({
    name: graph.name,
    sizePx: config.sizePx,
    stridePx: config.sizePx,
    mpp: config.mpp,
    level: null,
    edge: 'pad',
    layout: graph.layout ?? 'NCHW',
    channels: 'RGB',
    type: graph.type,
    scale: 1 / 255,
    mean: config.mean,
    std: config.std,
  });
}

/**
 * A folder with a WSInfer config.json and an .onnx. The activation is WSInfer's: softmax over several columns, sigmoid
 * of a single one. Throws MODEL_INVALID, MODEL_MISMATCH, INVALID_OPTION.
 */
export async function readWsinfer(root: BundleRoot, options: ParsedModelOptions): Promise<Model> {
  const config = await readWsinferConfig(root);
  const file = await onnxBeside(root);
  const onnx = await readOnnxFile(root, file, { declared: null });
  const graph = graphInput(onnx.inputs, null, { path: onnx.path, at: null });
  const tensor = graphOutput(onnx.outputs, options.graphOutput, { path: onnx.path, at: null });
  const classes = config.classNames.length;
  const columns = checkColumns(tensor, classes, graph.batch, { path: onnx.path, at: null });
  return makeModel(
    {
      kind: 'wsinfer',
      name: config.architecture === '' ? basename(root.folder) : config.architecture,
      path: root.folder,
      sha256: joinHashes([
        { file: wsinferFileName, sha256: config.sha256 },
        { file, sha256: onnx.sha256 },
        ...onnx.weights,
      ]),
      input: wsinferInput(config, graph),
      output: {
        name: tensor.name,
        tensor: tensor.name,
        columns,
        columnNames: config.classNames,
        activation: classes > 1 ? 'softmax' : 'sigmoid',
        operator: onnx.operators.get(tensor.name) ?? null,
      },
      onnx,
      graph,
    },
    options,
  );
}

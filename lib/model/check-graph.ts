/**
 * Compares what a graph takes and gives with what is declared, before a slide is opened. A mismatch names both sides.
 * Works on the outline of the file and on what the runtime reports alike; an empty shape of an output is an unknown one.
 */

import { MicrotomeError } from '../core/errors.js';
import { checkActivation } from './activation.js';
import type { TensorInfo, TileInput } from './model.js';
import type { GraphInfo, ModelSpec } from './spec.js';

type Layout = TileInput['layout'];
type ElementType = TileInput['type'];

/** What the graph's image input looks like. -1: dynamic. */
export interface GraphInput {
  readonly name: string;
  readonly type: ElementType;
  /** null: the shape does not tell. */
  readonly layout: Layout | null;
  readonly batch: number;
  readonly height: number;
  readonly width: number;
}

function mismatch(found: string, path: string): MicrotomeError {
  return new MicrotomeError('MODEL_MISMATCH', 'infer', found, { path });
}

/** A graph that no declaration could make fit. */
function unsuitable(found: string, path: string): MicrotomeError {
  const advice = 'use a model that takes RGB tiles and gives one row of values for each';
  return new MicrotomeError('MODEL_MISMATCH', 'infer', found, { path, advice });
}

function show(tensor: TensorInfo): string {
  return `"${tensor.name}" (${tensor.type} [${tensor.shape.map((d) => (d < 0 ? '?' : d)).join(', ')}])`;
}

function list(tensors: readonly TensorInfo[]): string {
  return tensors.length === 0 ? 'none' : tensors.slice(0, 8).map(show).join(', ');
}

function pickInput(inputs: readonly TensorInfo[], declared: string | null, path: string): TensorInfo {
  const named = declared === null ? undefined : inputs.find((t) => t.name === declared);
  if (declared !== null && named === undefined)
    throw mismatch(`the input "${declared}" is declared, but the graph has ${list(inputs)}`, path);
  if (inputs.length !== 1)
    throw unsuitable(`the graph has ${inputs.length} inputs (${list(inputs)}), but one image input is expected`, path);
  return named ?? (inputs[0] as TensorInfo);
}

/** The graph's only input, which must be an image of three channels. Throws MODEL_MISMATCH. */
export function graphInput(inputs: readonly TensorInfo[], declared: string | null, path: string): GraphInput {
  const tensor = pickInput(inputs, declared, path);
  const { name, type, shape } = tensor;
  if (type !== 'float32' && type !== 'float16' && type !== 'uint8') {
    throw unsuitable(`the graph's input ${show(tensor)} takes ${type}, but tiles are float32, float16 or uint8`, path);
  }
  if (shape.length !== 4)
    throw unsuitable(
      `the graph's input ${show(tensor)} has ${shape.length} dimensions, but a batch of tiles has 4`,
      path,
    );
  const [batch, a, b, c] = shape as [number, number, number, number];
  const first = a === 3 || (a < 0 && c !== 3);
  const last = c === 3 || (c < 0 && a !== 3);
  if (!first && !last) {
    const channels = a <= c || c < 0 ? a : c;
    throw unsuitable(
      `the graph's input ${show(tensor)} has ${channels} channel${channels === 1 ? '' : 's'}, but tiles have 3 (RGB)`,
      path,
    );
  }
  if (batch === 0) throw unsuitable(`the graph's input ${show(tensor)} takes no tiles`, path);
  const layout = a === 3 && c !== 3 ? 'NCHW' : c === 3 && a !== 3 ? 'NHWC' : null;
  return layout === 'NHWC'
    ? { name, type, layout, batch, height: a, width: b }
    : { name, type, layout, batch, height: b, width: c };
}

/** Compares the declared input with the graph's. Throws MODEL_MISMATCH. */
export function checkInput(input: TileInput, sizePx: number, graph: GraphInput, path: string): void {
  if (graph.type !== input.type)
    throw mismatch(`the input "${graph.name}" is declared as ${input.type}, but the graph takes ${graph.type}`, path);
  if (graph.layout !== null && graph.layout !== input.layout) {
    throw mismatch(
      `the input "${graph.name}" is declared as ${input.layout}, but the graph's shape is ${graph.layout}`,
      path,
    );
  }
  for (const [axis, dimension] of [
    ['high', graph.height],
    ['wide', graph.width],
  ] as const) {
    if (dimension >= 0 && dimension !== sizePx) {
      throw mismatch(
        `tiles of ${sizePx} x ${sizePx} pixels are declared for the input "${graph.name}", but the graph's is ${dimension} pixels ${axis}`,
        path,
      );
    }
  }
}

/**
 * Values of one row of a graph output; null when the graph does not say. Throws MODEL_MISMATCH for what is not one row
 * for each tile: an image, or a batch of another size. `tokens`: a row may be a list of them.
 */
export function rowLength(tensor: TensorInfo, batch: number, path: string, tokens = false): number | null {
  const [rows, ...rest] = tensor.shape;
  if (
    !/^(float(16|32|64)|u?int(8|16|32|64)|bfloat16|not a tensor)$/.test(tensor.type) ||
    tensor.type === 'not a tensor'
  ) {
    throw unsuitable(`the graph's output ${show(tensor)} is not a tensor of numbers`, path);
  }
  if (rows === undefined) return null;
  if (rows >= 0 && batch >= 0 && rows !== batch) {
    throw mismatch(
      `the graph's output ${show(tensor)} has ${rows} rows for ${batch} tile${batch === 1 ? '' : 's'}, but one row for each tile is expected`,
      path,
    );
  }
  if (!(tokens && rest.length === 2) && rest.slice(1).some((d) => d > 1)) {
    throw unsuitable(
      `the graph's output ${show(tensor)} is an image or a map, but one row of values for each tile is expected`,
      path,
    );
  }
  const product = rest.reduce((n, d) => n * d, 1);
  return rest.some((d) => d < 0) ? null : product;
}

/** A graph output by name, or the only one. Throws MODEL_MISMATCH. */
export function graphOutput(outputs: readonly TensorInfo[], declared: string | null, path: string): TensorInfo {
  if (declared === null) {
    if (outputs.length === 1) return outputs[0] as TensorInfo;
    throw mismatch(`the graph has ${outputs.length} outputs (${list(outputs)}), and none is chosen`, path);
  }
  const found = outputs.find((t) => t.name === declared);
  if (found === undefined)
    throw mismatch(`the output "${declared}" is declared, but the graph has ${list(outputs)}`, path);
  return found;
}

/** Compares a declared row length with the graph's. `tokens`: a row may be a list of them. Throws MODEL_MISMATCH. */
export function checkColumns(
  tensor: TensorInfo,
  declared: number | null,
  batch: number,
  path: string,
  tokens = false,
): number | null {
  const columns = rowLength(tensor, batch, path, tokens);
  if (columns !== null && declared !== null && columns !== declared) {
    throw mismatch(
      `the output ${show(tensor)} gives ${columns} values for each tile, but ${declared} are declared`,
      path,
    );
  }
  return columns ?? declared;
}

/**
 * Compares a model with a graph: as outlined from the file, and again as the runtime reports it. Gives the graph's
 * input. Throws MODEL_MISMATCH, and INVALID_OPTION for an activation that the output cannot have.
 */
export function checkModelAgainstGraph(
  input: TileInput,
  sizePx: number,
  spec: ModelSpec,
  graph: GraphInfo,
): GraphInput {
  const path = spec.graphPath;
  const found = graphInput(graph.inputs, spec.inputTensor, path);
  checkInput(input, sizePx, found, path);
  for (const output of spec.tileOutputs) {
    const tensor = graphOutput(graph.outputs, output.tensor, path);
    const columns = checkColumns(tensor, output.columns, found.batch, path, output.tokens);
    checkActivation(output, columns, path);
    for (const head of spec.heads) {
      if (spec.tileOutputs[head.of.output] === output && columns !== null && head.of.column >= columns) {
        throw new MicrotomeError(
          'MODEL_MISMATCH',
          'infer',
          `the head "${head.name}" reads column ${head.of.column}, but the output "${output.tensor}" gives ${columns} value${columns === 1 ? '' : 's'} for each tile (columns count from 0)`,
          { path },
        );
      }
    }
  }
  return found;
}

/**
 * Compares what a graph takes and gives with what is declared, before a slide is opened. A mismatch names both sides.
 * Works on the outline of the file and on what the runtime reports alike; an empty shape of an output is an unknown one.
 */

import { checkActivation } from './activation.js';
import { checkHeadGraph, checkImageGraph } from './check-head-graph.js';
import type { GraphInput } from './graph-input.js';
import { graphInput } from './graph-input.js';
import { listed, mismatch, show, unsuitable } from './graph-place.js';
import type { GraphPlace } from './graph-place.js';
import type { TensorInfo, TileInput } from './model.js';
import type { EncoderSpec, GraphInfo, ModelSpec, SimpleHead, TileInputSpec } from './spec.js';

/** Compares the declared input with the graph's. Throws MODEL_MISMATCH. */
export function checkInput(input: TileInput, sizePx: number, graph: GraphInput, place: GraphPlace): void {
  if (graph.type !== input.type)
    throw mismatch(`the input "${graph.name}" is declared as ${input.type}, but the graph takes ${graph.type}`, place);
  if (graph.layout !== null && graph.layout !== input.layout) {
    throw mismatch(
      `the input "${graph.name}" is declared as ${input.layout}, but the graph's shape is ${graph.layout}`,
      place,
    );
  }
  for (const [axis, dimension] of [
    ['high', graph.height],
    ['wide', graph.width],
  ] as const) {
    if (dimension >= 0 && dimension !== sizePx) {
      throw mismatch(
        `tiles of ${sizePx} x ${sizePx} pixels are declared for the input "${graph.name}", but the graph's is ${dimension} pixels ${axis}`,
        place,
      );
    }
  }
}

/**
 * Values of one row of a graph output; null when the graph does not say. Throws MODEL_MISMATCH for what is not one row
 * for each tile: an image, or a batch of another size. `tokens`: a row may be a list of them.
 */
export function rowLength(tensor: TensorInfo, batch: number, place: GraphPlace, tokens = false): number | null {
  const [rows, ...rest] = tensor.shape;
  if (
    !/^(float(16|32|64)|u?int(8|16|32|64)|bfloat16|not a tensor)$/.test(tensor.type) ||
    tensor.type === 'not a tensor'
  ) {
    throw unsuitable(`the graph's output ${show(tensor)} is not a tensor of numbers`, place);
  }
  if (rows === undefined) return null;
  if (rows >= 0 && batch >= 0 && rows !== batch) {
    throw mismatch(
      `the graph's output ${show(tensor)} has ${rows} rows for ${batch} tile${batch === 1 ? '' : 's'}, but one row for each tile is expected`,
      place,
    );
  }
  if (!(tokens && rest.length === 2) && rest.slice(1).some((d) => d > 1)) {
    throw unsuitable(
      `the graph's output ${show(tensor)} is an image or a map, but one row of values for each tile is expected`,
      place,
    );
  }
  const product = rest.reduce((n, d) => n * d, 1);
  return rest.some((d) => d < 0) ? null : product;
}

/** A graph output by name, or the only one. Throws MODEL_MISMATCH. */
export function graphOutput(outputs: readonly TensorInfo[], declared: string | null, place: GraphPlace): TensorInfo {
  if (declared === null) {
    if (outputs.length === 1) return outputs[0] as TensorInfo;
    throw mismatch(`the graph has ${outputs.length} outputs (${listed(outputs)}), and none is chosen`, place);
  }
  const found = outputs.find((t) => t.name === declared);
  if (found === undefined)
    throw mismatch(`the output "${declared}" is declared, but the graph has ${listed(outputs)}`, place);
  return found;
}

/** Compares a declared row length with the graph's. `tokens`: a row may be a list of them. Throws MODEL_MISMATCH. */
export function checkColumns(
  tensor: TensorInfo,
  declared: number | null,
  batch: number,
  place: GraphPlace,
  tokens = false,
): number | null {
  const columns = rowLength(tensor, batch, place, tokens);
  if (columns !== null && declared !== null && columns !== declared) {
    throw mismatch(
      `the output ${show(tensor)} gives ${columns} values for each tile, but ${declared} are declared`,
      place,
    );
  }
  return columns ?? declared;
}

/**
 * Compares an encoder of tiles with its graph: as outlined from the file, and again as the runtime reports it. Gives the
 * graph's input. Throws MODEL_MISMATCH, and INVALID_OPTION for an activation that the output cannot have.
 */
export function checkEncoder(
  input: TileInput,
  sizePx: number,
  encoder: Pick<EncoderSpec, 'tensor' | 'outputs'>,
  heads: readonly SimpleHead[],
  graph: GraphInfo,
  place: GraphPlace,
): GraphInput {
  const found = graphInput(graph.inputs, encoder.tensor, place);
  checkInput(input, sizePx, found, place);
  for (const [index, output] of encoder.outputs.entries()) {
    const tensor = graphOutput(graph.outputs, output.tensor, place);
    const columns = checkColumns(tensor, output.columns, found.batch, place, output.tokens);
    checkActivation(output, columns, place.path);
    for (const head of heads) {
      if (head.of.output === index && columns !== null && head.of.column >= columns) {
        throw mismatch(
          `the head "${head.name}" reads column ${head.of.column}, but the output "${output.tensor}" gives ${columns} value${columns === 1 ? '' : 's'} for each tile (columns count from 0)`,
          place,
        );
      }
    }
  }
  return found;
}

function simpleHeadsOf({ heads }: ModelSpec, encoder: number): readonly SimpleHead[] {
  return heads.filter((head): head is SimpleHead => head.kind === 'simple' && head.of.encoder === encoder);
}

/**
 * Compares every graph of a model with what is declared of it. `sizesPx`: sides of the tiles, by tile input. Gives the input
 * of each encoder's graph. Throws MODEL_MISMATCH, INVALID_OPTION.
 */
export function checkGraphs(
  spec: ModelSpec,
  sizesPx: readonly number[],
  graphs: readonly GraphInfo[],
  headGraphs: readonly GraphInfo[],
): readonly GraphInput[] {
  const inputs = spec.encoders.map((encoder, i) => {
    const place = { path: spec.graphs[encoder.graph]?.path ?? '', at: encoder.at };
    const { input } = spec.tiles[encoder.input] as TileInputSpec;
    const graph = graphs[encoder.graph] as GraphInfo;
    return checkEncoder(input, sizesPx[encoder.input] ?? input.sizePx, encoder, simpleHeadsOf(spec, i), graph, place);
  });
  for (const head of spec.heads) {
    if (head.kind !== 'image' && head.kind !== 'onnx') continue;
    const place = { path: spec.headGraphs[head.graph]?.path ?? '', at: head.at };
    const graph = headGraphs[head.graph] as GraphInfo;
    if (head.kind === 'image') checkImageGraph(head, spec, graph, place);
    else checkHeadGraph(head, spec, graph, place);
  }
  return inputs;
}

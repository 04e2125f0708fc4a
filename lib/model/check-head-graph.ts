/**
 * Compares graphs that run once for a slide with what is declared of them: encoders of pictures of the whole slide, and
 * heads. A mismatch names both sides. Works on the outline of the file and on what the runtime reports alike; an empty shape
 * is an unknown one, except that of a head's input, which may be a number.
 */

import { clinicalWidth } from './clinical/feature-vector.js';
import { graphInput } from './graph-input.js';
import { listed, mismatch, show, unsuitable } from './graph-place.js';
import type { GraphPlace } from './graph-place.js';
import type { TensorInfo } from './model.js';
import type {
  EncoderSpec,
  GraphInfo,
  HeadInputSpec,
  HeadOutputSpec,
  HeadSpec,
  ImageHeadSpec,
  ImageInputSpec,
  ModelSpec,
  OnnxHeadSpec,
} from './spec.js';

const mostDimensions = 3;
const numbers = /^(?:float16|float32|float64|int32|int64)$/;

/** Throws MODEL_MISMATCH. */
export function checkImageGraph(head: ImageHeadSpec, spec: ModelSpec, graph: GraphInfo, place: GraphPlace): void {
  const { input } = spec.images[head.image] as ImageInputSpec;
  const found = graphInput(graph.inputs, head.tensor, place);
  if (found.type !== input.type)
    throw mismatch(`the image "${input.name}" is declared as ${input.type}, but the graph takes ${found.type}`, place);
  if (found.layout !== null && found.layout !== input.layout)
    throw mismatch(
      `the image "${input.name}" is declared as ${input.layout}, but the graph's shape is ${found.layout}`,
      place,
    );
  if (found.batch > 1) throw mismatch(`the graph takes ${found.batch} images, but one is given`, place);
  for (const [axis, declared, dimension] of [
    ['high', input.heightPx, found.height],
    ['wide', input.widthPx, found.width],
  ] as const) {
    if (dimension < 0 || dimension === declared) continue;
    const what = declared === null ? 'of any size' : `${declared} pixels ${axis}`;
    throw mismatch(
      `the image "${input.name}" is declared as ${what}, but the graph's input is ${dimension} pixels ${axis}`,
      place,
    );
  }
  for (const output of head.outputs) checkOutput(output, graph, place);
}

/** Throws MODEL_MISMATCH. */
export function checkHeadGraph(head: OnnxHeadSpec, spec: ModelSpec, graph: GraphInfo, place: GraphPlace): void {
  const given = new Set<TensorInfo>();
  for (const input of head.inputs) {
    const tensor = inputTensor(input, graph, place);
    checkHeadInput(input, tensor, spec, place);
    given.add(tensor);
  }
  const left = graph.inputs.find((tensor) => !given.has(tensor));
  if (left !== undefined)
    throw mismatch(`the graph has the input ${show(left)}, but nothing is declared for it`, place);
  for (const output of head.outputs) checkOutput(output, graph, place);
}

function inputTensor({ tensor }: HeadInputSpec, { inputs }: GraphInfo, place: GraphPlace): TensorInfo {
  if (tensor === null) {
    const [only] = inputs;
    if (inputs.length === 1 && only !== undefined) return only;
    throw mismatch(`one input without a tensor is declared, but the graph has ${listed(inputs)}`, place);
  }
  const found = inputs.find(({ name }) => name === tensor);
  if (found === undefined)
    throw mismatch(`the input "${tensor}" is declared, but the graph has ${listed(inputs)}`, place);
  return found;
}

/** What an input of a head brings: rows of tiles, or one row; columns null: not known. */
interface Given {
  readonly what: string;
  readonly perTile: boolean;
  readonly columns: number | null;
}

function givenBy(input: HeadInputSpec, spec: ModelSpec): Given {
  switch (input.from) {
    case 'features': {
      const encoder = spec.encoders[input.encoder] as EncoderSpec;
      const output = encoder.outputs[input.output];
      return {
        what: `the output "${output?.name ?? ''}" of "${encoder.name}"`,
        perTile: true,
        columns: output?.columns ?? null,
      };
    }
    case 'coordinates':
      return { what: 'the list of coordinates', perTile: true, columns: 2 };
    case 'clinical': {
      const columns = clinicalWidth(spec.clinical, input.features);
      return { what: 'the clinical vector', perTile: false, columns };
    }
    case 'head': {
      const head = spec.heads[input.head] as HeadSpec;
      return { what: `the row of "${head.name}"`, perTile: false, columns: rowColumns(head, input.output) };
    }
  }
}

/** null: it depends on which head is chosen; what each gives is compared when it runs. */
function rowColumns(head: HeadSpec, output: string | null): number | null {
  if (head.kind === 'choose') return null;
  if (head.kind === 'simple' || head.kind === 'value') return 1;
  const found = output === null ? head.outputs[0] : head.outputs.find(({ name }) => name === output);
  return found?.columns ?? null;
}

function checkHeadInput(input: HeadInputSpec, tensor: TensorInfo, spec: ModelSpec, place: GraphPlace): void {
  const { what, perTile, columns } = givenBy(input, spec);
  if (!numbers.test(tensor.type))
    throw unsuitable(
      `the graph's input ${show(tensor)} takes ${tensor.type}, but a head is given float16, float32, float64, int32 or int64`,
      place,
    );
  const { shape } = tensor;
  // The outline of a file has no shape where the file says none.
  if (shape.length === 0) return;
  if (shape.length > mostDimensions)
    throw mismatch(
      `${what} is declared for the graph's input ${show(tensor)}, which has ${shape.length} dimensions; at most ${mostDimensions} are expected`,
      place,
    );
  const last = shape.at(-1) ?? -1;
  const isList = shape.length === 1 && perTile;
  const expected = isList ? 1 : last;
  if (columns !== null && expected >= 0 && columns !== expected)
    throw mismatch(
      `${what} has ${columns} column${columns === 1 ? '' : 's'}, but the graph's input ${show(tensor)} takes ${expected}`,
      place,
    );
  const rows = isList ? last : shape.length === 1 ? 1 : (shape.at(-2) ?? -1);
  if (perTile && rows >= 0)
    throw mismatch(
      `${what} has as many rows as a slide has tiles, but the graph's input ${show(tensor)} takes ${rows}`,
      place,
    );
  const outer = [...(perTile ? [] : [rows]), ...shape.slice(0, -2)];
  if (outer.some((side) => side >= 0 && side !== 1))
    throw mismatch(`${what} is one row for the slide, but the graph's input is ${show(tensor)}`, place);
}

/** One row for the slide, or one value for each tile. */
function checkOutput(output: HeadOutputSpec, { outputs }: GraphInfo, place: GraphPlace): void {
  const tensor = outputs.find(({ name }) => name === output.tensor);
  if (tensor === undefined)
    throw mismatch(`the output "${output.tensor}" is declared, but the graph has ${listed(outputs)}`, place);
  if (!numbers.test(tensor.type))
    throw unsuitable(`the graph's output ${show(tensor)} is not a tensor of numbers`, place);
  const { shape } = tensor;
  if (shape.some((side) => side < 0) || shape.length === 0) return;
  const values = shape.reduce((product, side) => product * side, 1);
  if (output.perTile)
    throw mismatch(
      `the output ${show(tensor)} gives ${values} value${values === 1 ? '' : 's'}, but one for each tile is declared`,
      place,
    );
  if (values !== output.columns)
    throw mismatch(
      `the output ${show(tensor)} gives ${values} value${values === 1 ? '' : 's'}, but ${output.columns} are declared`,
      place,
    );
}

/** The image input of a graph. Works on the outline of the file and on what the runtime reports alike. */

import { listed, show, unsuitable, mismatch } from './graph-place.js';
import type { GraphPlace } from './graph-place.js';
import type { PixelFormat, TensorInfo } from './model.js';

type Layout = PixelFormat['layout'];
type ElementType = PixelFormat['type'];

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

function pickInput(inputs: readonly TensorInfo[], declared: string | null, place: GraphPlace): TensorInfo {
  const named = declared === null ? undefined : inputs.find((t) => t.name === declared);
  if (declared !== null && named === undefined)
    throw mismatch(`the input "${declared}" is declared, but the graph has ${listed(inputs)}`, place);
  if (inputs.length !== 1)
    throw unsuitable(
      `the graph has ${inputs.length} inputs (${listed(inputs)}), but one image input is expected`,
      place,
    );
  return named ?? (inputs[0] as TensorInfo);
}

/** The graph's only input, which must be an image of three channels. Throws MODEL_MISMATCH. */
export function graphInput(inputs: readonly TensorInfo[], declared: string | null, place: GraphPlace): GraphInput {
  const tensor = pickInput(inputs, declared, place);
  const { name, type, shape } = tensor;
  if (type !== 'float32' && type !== 'float16' && type !== 'uint8') {
    throw unsuitable(`the graph's input ${show(tensor)} takes ${type}, but tiles are float32, float16 or uint8`, place);
  }
  if (shape.length !== 4)
    throw unsuitable(
      `the graph's input ${show(tensor)} has ${shape.length} dimensions, but a batch of tiles has 4`,
      place,
    );
  const [batch, a, b, c] = shape as [number, number, number, number];
  const first = a === 3 || (a < 0 && c !== 3);
  const last = c === 3 || (c < 0 && a !== 3);
  if (!first && !last) {
    const channels = a <= c || c < 0 ? a : c;
    throw unsuitable(
      `the graph's input ${show(tensor)} has ${channels} channel${channels === 1 ? '' : 's'}, but tiles have 3 (RGB)`,
      place,
    );
  }
  if (batch === 0) throw unsuitable(`the graph's input ${show(tensor)} takes no tiles`, place);
  const layout = a === 3 && c !== 3 ? 'NCHW' : c === 3 && a !== 3 ? 'NHWC' : null;
  return layout === 'NHWC'
    ? { name, type, layout, batch, height: a, width: b }
    : { name, type, layout, batch, height: b, width: c };
}

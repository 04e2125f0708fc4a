/** What is known of each tile of an input, by the names that callers see. */

import type { ModelSpec, OnnxHeadSpec, TileOutputSpec } from './spec.js';

/** Where the values come from: an output of an encoder, or a head that has a value for each tile. */
export interface TileColumnSource {
  /** Unique among those of the input. */
  readonly name: string;
  readonly output: TileOutputSpec;
  /** Name of the encoder or of the head. */
  readonly owner: string;
  readonly of: 'encoder' | 'head';
  /** Of the encoder, else -1; and of its outputs. */
  readonly encoder: number;
  readonly index: number;
}

/** The tile input whose tiles a head reads; -1: none. */
function inputOf(head: OnnxHeadSpec, spec: ModelSpec): number {
  for (const input of head.inputs) {
    if (input.from === 'coordinates') return input.input;
    if (input.from === 'features') return spec.encoders[input.encoder]?.input ?? -1;
  }
  return -1;
}

/** In the order of the encoders, then of the heads. */
export function tileColumns(spec: ModelSpec, input: number): readonly TileColumnSource[] {
  const found: Omit<TileColumnSource, 'name'>[] = [];
  spec.encoders.forEach((encoder, at) => {
    if (encoder.input !== input) return;
    for (const [index, output] of encoder.outputs.entries())
      found.push({ output, owner: encoder.name, of: 'encoder', encoder: at, index });
  });
  for (const head of spec.heads) {
    if (head.kind !== 'onnx' || inputOf(head, spec) !== input) continue;
    for (const [index, output] of head.outputs.entries())
      if (output.perTile) found.push({ output, owner: head.name, of: 'head', encoder: -1, index });
  }
  const times = new Map<string, number>();
  for (const { output } of found) times.set(output.name, (times.get(output.name) ?? 0) + 1);
  return found.map((each) => ({
    ...each,
    name: times.get(each.output.name) === 1 ? each.output.name : `${each.owner}.${each.output.name}`,
  }));
}

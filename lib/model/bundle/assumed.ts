/**
 * What a bundle leaves to a default although it depends on how the model was trained: its normalisation, and what its output
 * is. Colour, scale and layout are those of the format, and few models have others.
 */

import { activationWarnings } from '../activation.js';
import { assumedInput, assumptions } from '../assumptions.js';
import type { ModelAssumptions, PixelFormat } from '../model.js';
import type { ModelSpec, SimpleHead, TileOutputSpec } from '../spec.js';
import type { BundleJson, EncoderJson, PixelsJson } from './json-types.js';

/** The head of the first part of the score, where it reads tiles by itself. */
function scoredHead({ heads, outputs }: ModelSpec): SimpleHead | null {
  const head = heads[outputs[0]?.of[0]?.head ?? 0];
  return head?.kind === 'simple' ? head : null;
}

function outputOf(spec: ModelSpec, head: SimpleHead | null): TileOutputSpec | undefined {
  return head === null ? undefined : spec.encoders[head.of.encoder]?.outputs[head.of.output];
}

/** The column that the score is read from, where its output has several and the bundle says none; else null. */
function guessedColumn(spec: ModelSpec, json: BundleJson): number | null {
  const head = scoredHead(spec);
  const said = json.heads.find(({ name }) => name === head?.name);
  if (head === null || said === undefined || !('of' in said)) return null;
  return said.of.column !== undefined || outputOf(spec, head)?.columns === 1 ? null : head.of.column;
}

/** An encoder of the bundle by its name. */
function encoderJson(json: BundleJson, name: string | undefined): EncoderJson | undefined {
  return json.encoders.find((encoder) => encoder.name === name);
}

/** Of the first input: one that several inputs leave unsaid is said once. */
function unsaidPixels(spec: ModelSpec, json: BundleJson): NonNullable<ModelAssumptions['input']> {
  const inputs: readonly (readonly [PixelFormat, PixelsJson | undefined])[] = [
    ...spec.tiles.map(({ input }, i) => [input, json.inputs.tiles?.[i]] as const),
    ...spec.images.map(({ input }, i) => [input, json.inputs.images?.[i]] as const),
  ];
  for (const [input, said] of inputs) {
    const { mean, std } = assumedInput(input, said ?? {}, true);
    if (mean !== undefined || std !== undefined)
      return { ...(mean === undefined ? {} : { mean }), ...(std === undefined ? {} : { std }) };
  }
  return {};
}

export function bundleAssumptions(spec: ModelSpec, json: BundleJson): ModelAssumptions | null {
  const head = scoredHead(spec);
  const output = outputOf(spec, head);
  const encoder = encoderJson(json, head === null ? undefined : spec.encoders[head.of.encoder]?.name);
  const said = encoder?.outputs.find(({ name }) => name === output?.name)?.activation;
  const column = guessedColumn(spec, json);
  return assumptions({
    input: unsaidPixels(spec, json),
    ...(said === undefined && output !== undefined ? { activation: output.activation } : {}),
    ...(column === null ? {} : { column }),
  });
}

/** By the outputs that a simple head reads, each once. */
export function bundleWarnings(spec: ModelSpec, json: BundleJson): readonly string[] {
  const scored = outputOf(spec, scoredHead(spec));
  const column = guessedColumn(spec, json);
  const read = new Set(spec.heads.map((head) => (head.kind === 'simple' ? outputOf(spec, head) : undefined)));
  return spec.encoders.flatMap(({ outputs }) =>
    outputs.flatMap((output) =>
      read.has(output) ? activationWarnings(output, output === scored ? column : null) : [],
    ),
  );
}

/** A model, settings and the metadata of one slide to the program that the addon runs. Pure. */

import type { NativeGridOptions, NativeSlideOutput, NativeTensorFormat } from '../../native/contract.js';
import type {
  NativeEncoder,
  NativePool,
  NativeHead,
  NativeHeadInput,
  NativeImageInput,
  NativeProgram,
  NativeSelectRule,
  NativeTileValue,
  NativeValues,
} from '../../native/program.js';
import { featureVector } from '../clinical/feature-vector.js';
import { requireHeld } from '../clinical/held-values.js';
import type { ClinicalRow } from '../clinical/row-text.js';
import type { PixelFormat, TensorInfo } from '../model.js';
import { nativeCalibration } from '../slide-outputs.js';
import type {
  EncoderSpec,
  HeadInputSpec,
  HeadSpec,
  ImageHeadSpec,
  ImageInputSpec,
  ModelSpec,
  OnnxHeadSpec,
} from '../spec.js';
import { HeadChoice, neededHeads } from './needed-heads.js';

/** What options and the slide add to a model. */
export type ProgramSettings = Pick<NativeProgram, 'stopping' | 'batchSize' | 'reproducible' | 'keepTiles'> & {
  /** By tile input of the model. */
  readonly tiles: readonly NativeGridOptions[];
  /** Of pictures of the whole slide. */
  readonly onBadTile: NativeImageInput['onBadTile'];
};

type ProgramParts<Clinical> = Pick<NativeProgram, 'encoders' | 'select' | 'outputs'> & {
  readonly heads: readonly NativeHead<Clinical>[];
};

/** Where a graph gets clinical features from; `tensor`: the input of the graph, where it is known. */
export type ClinicalPlaces<Clinical> = (features: readonly number[], tensor: TensorInfo | undefined) => Clinical;

function tensorFormat(pixels: PixelFormat, sizePx: number): NativeTensorFormat {
  const { layout, channels, type, scale, mean, std } = pixels;
  return { sizePx, layout, channels, type, scale, mean, std };
}

/** Positions in a list of what is kept of another. */
class Kept {
  readonly #at: ReadonlyMap<number, number>;
  constructor(readonly indices: readonly number[]) {
    this.#at = new Map(indices.map((index, at) => [index, at]));
  }

  at(index: number): number {
    return this.#at.get(index) as number;
  }
}

/**
 * Encoders that a rule or a needed head reads; where tiles are kept, also those whose values nothing else ever reads. A rule
 * that looks at pixels needs an encoder that gets them: one is run for it where heads read the places of the tiles alone.
 */
function neededEncoders(spec: ModelSpec, heads: readonly number[], keepTiles: boolean): readonly number[] {
  const needed = new Set<number>(spec.rules.flatMap((rule) => ('by' in rule ? [rule.by.encoder] : [])));
  for (const head of heads) for (const encoder of encodersOf(spec.heads[head])) needed.add(encoder);
  for (const input of placesOf(spec, heads)) {
    if (!spec.rules.some((rule) => !('by' in rule) && rule.input === input)) continue;
    if ([...needed].some((encoder) => spec.encoders[encoder]?.input === input)) continue;
    needed.add(spec.encoders.findIndex((encoder) => encoder.input === input));
  }
  const read = new Set(spec.heads.flatMap(encodersOf));
  return [...spec.encoders.keys()].filter((i) => needed.has(i) || (keepTiles && !read.has(i)));
}

/** Inputs whose places these heads read. */
function placesOf(spec: ModelSpec, heads: readonly number[]): readonly number[] {
  return heads.flatMap((index) => {
    const head = spec.heads[index];
    if (head?.kind !== 'onnx') return [];
    return head.inputs.flatMap((input) => (input.from === 'coordinates' ? [input.input] : []));
  });
}

function encodersOf(head: HeadSpec | undefined): readonly number[] {
  if (head?.kind === 'simple') return [head.of.encoder];
  if (head?.kind !== 'onnx') return [];
  return head.inputs.flatMap((input) => (input.from === 'features' ? [input.encoder] : []));
}

function nativeEncoder(
  { name, graph, input, turns, outputs }: EncoderSpec,
  spec: ModelSpec,
  sizePx: number,
): NativeEncoder {
  return {
    name,
    graph,
    input,
    format: tensorFormat(spec.tiles[input]?.input as PixelFormat, sizePx),
    turns,
    outputs: outputs.map(({ tensor, activation }) => ({ tensor, activation })),
  };
}

class Compiler<Clinical extends object> {
  readonly #choice: HeadChoice;
  readonly #heads: Kept;
  readonly #encoders: Kept;

  constructor(
    private readonly spec: ModelSpec,
    /** By tile input: the side of a tile. */
    private readonly sizesPx: readonly number[],
    keepTiles: boolean,
    row: ClinicalRow | null,
    private readonly clinical: ClinicalPlaces<Clinical>,
  ) {
    this.#choice = new HeadChoice(spec.heads, row);
    this.#heads = new Kept(neededHeads(spec, this.#choice));
    this.#encoders = new Kept(neededEncoders(spec, this.#heads.indices, keepTiles));
  }

  parts(): ProgramParts<Clinical> {
    const { spec } = this;
    return {
      encoders: this.#encoders.indices.map((index) => this.#encoder(spec.encoders[index] as EncoderSpec)),
      select: spec.rules.filter((rule) => this.#applies(rule)).map((rule) => this.#rule(rule)),
      heads: this.#heads.indices.map((index) => this.#head(spec.heads[index] as HeadSpec)),
      outputs: this.#outputs(),
    };
  }

  #encoder(encoder: EncoderSpec): NativeEncoder {
    return nativeEncoder(encoder, this.spec, this.sizesPx[encoder.input] ?? 0);
  }

  #value(value: NativeTileValue): NativeTileValue {
    return { ...value, encoder: this.#encoders.at(value.encoder) };
  }

  /** Tiles that no encoder gets are not looked at either. */
  #applies(rule: NativeSelectRule): boolean {
    if ('by' in rule) return true;
    return this.#encoders.indices.some((index) => this.spec.encoders[index]?.input === rule.input);
  }

  #rule(rule: NativeSelectRule): NativeSelectRule {
    return 'by' in rule ? { ...rule, by: this.#value(rule.by) } : rule;
  }

  #head(head: HeadSpec): NativeHead<Clinical> {
    switch (head.kind) {
      case 'simple':
        return { ...head, of: this.#value(head.of) };
      case 'image':
        return this.#imageHead(head);
      case 'onnx':
        return this.#onnxHead(head);
      default:
        throw new TypeError(`the head "${head.name}" stands for another one and is not run`);
    }
  }

  #imageHead({ name, graph, image, tensor, turns, outputs }: ImageHeadSpec): NativeHead<Clinical> {
    const { input } = this.spec.images[image] as ImageInputSpec;
    // The size is that of the picture.
    const format = tensorFormat(input, input.heightPx ?? 1);
    const from: NativeHeadInput<Clinical> = { tensor: this.#tensor(graph, tensor), from: 'image', image, format };
    return { kind: 'onnx', name, graph, inputs: [from], turns, outputs: nativeHeadOutputs(outputs) };
  }

  #onnxHead({ name, graph, inputs, outputs }: OnnxHeadSpec): NativeHead<Clinical> {
    return {
      kind: 'onnx',
      name,
      graph,
      inputs: inputs.map((input) => this.#input(input, graph, this.#tensor(graph, input.tensor))),
      turns: ['identity'],
      outputs: nativeHeadOutputs(outputs),
    };
  }

  /** The name in the graph; the only input where none is told. */
  #tensor(graph: number, told: string | null): string {
    return told ?? this.spec.headGraphs[graph]?.inputs[0]?.name ?? '';
  }

  #input(input: HeadInputSpec, graph: number, tensor: string): NativeHeadInput<Clinical> {
    switch (input.from) {
      case 'features':
        return { tensor, from: 'features', encoder: this.#encoders.at(input.encoder), output: input.output };
      case 'coordinates': {
        const { unit, order } = input;
        return { tensor, from: 'coordinates', input: input.input, unit, order };
      }
      case 'clinical':
        return { tensor, from: 'clinical', ...this.clinical(input.features, this.#info(graph, tensor)) };
      case 'head': {
        const { head, output } = this.#choice.value({ ...input, column: 0 });
        return { tensor, from: 'head', head: this.#heads.at(head), output };
      }
    }
  }

  #info(graph: number, tensor: string): TensorInfo | undefined {
    return this.spec.headGraphs[graph]?.inputs.find(({ name }) => name === tensor);
  }

  #outputs(): readonly NativeSlideOutput[] {
    return this.spec.outputs.map(({ name, of, mean, calibration, clip }) => ({
      name,
      of: of.map((part) => {
        const { head, output, column } = this.#choice.value(part);
        return { head: this.#heads.at(head), output, column, weight: part.weight };
      }),
      mean,
      calibration: nativeCalibration(calibration),
      clip: clip ?? null,
    }));
  }
}

function nativeHeadOutputs(
  outputs: ImageHeadSpec['outputs'],
): Extract<NativeHead, { readonly kind: 'onnx' }>['outputs'] {
  return outputs.map(({ tensor, columns, activation, perTile }) => ({ tensor, columns, activation, perTile }));
}

/** One output of an encoder, and how its tokens become a row. */
export interface RowsAsked {
  readonly encoder: number;
  /** Of the encoder. */
  readonly output: number;
  readonly pool: NativePool | null;
}

/** A program that gives rows away and makes no score. Rules of selection are left out: every planned tile is encoded. */
export function encodingProgramOf(spec: ModelSpec, settings: ProgramSettings, asked: RowsAsked): NativeProgram {
  const encoder = spec.encoders[asked.encoder] as EncoderSpec;
  const output = encoder.outputs[asked.output] as EncoderSpec['outputs'][number];
  const tiles = settings.tiles[encoder.input] as NativeGridOptions;
  return {
    tiles: [tiles],
    images: [],
    colour: spec.colour,
    encoders: [{ ...nativeEncoder({ ...encoder, outputs: [output] }, spec, tiles.sizePx), input: 0 }],
    select: [],
    heads: [],
    outputs: [],
    rows: [{ encoder: 0, output: 0, pool: asked.pool }],
    stopping: null,
    batchSize: settings.batchSize,
    reproducible: settings.reproducible,
    keepTiles: false,
  };
}

/** What a program of single images has of the model. Its heads are not chosen by the metadata. */
export function imageProgramParts<Clinical extends object>(
  spec: ModelSpec,
  sizePx: number,
  clinical: ClinicalPlaces<Clinical>,
): ProgramParts<Clinical> {
  return new Compiler(spec, [sizePx], false, null, clinical).parts();
}

/** Throws CLINICAL_MISSING, CLINICAL_INVALID, CLINICAL_UNKNOWN: what is wrong with the metadata of this slide. */
export function programOf(spec: ModelSpec, settings: ProgramSettings, row: ClinicalRow | null): NativeProgram {
  const { tiles, onBadTile, stopping, batchSize, reproducible, keepTiles } = settings;
  const sizesPx = tiles.map(({ sizePx }) => sizePx);
  const clinical: ClinicalPlaces<NativeValues> = (features, tensor) => {
    const values = featureVector(spec.clinical, features, row);
    if (tensor !== undefined) requireHeld(values, spec.clinical, features, tensor, row);
    return { values };
  };
  return {
    tiles,
    images: spec.images.map(({ native }) => ({ ...native, onBadTile })),
    colour: spec.colour,
    ...new Compiler(spec, sizesPx, keepTiles, row, clinical).parts(),
    rows: [],
    stopping,
    batchSize,
    reproducible,
    keepTiles,
  };
}

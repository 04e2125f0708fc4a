/** checkModel: runs the encoders of a model on noise, and says what came out. */
import { throwIfAborted } from '../core/cancel.js';
import { MicrotomeError } from '../core/errors.js';
import { sampleRow } from '../model/clinical/sample-row.js';
import type { Model } from '../model/model.js';
import { attachSpec, specOf } from '../model/spec.js';
import type { EncoderSpec, GraphSpec, ImageHeadSpec, ImageInputSpec, ModelSpec, TileInputSpec } from '../model/spec.js';
import type { ByteSource } from '../slide/byte-source.js';
import { parseScorerOptions } from '../options/score-options.js';
import type { RuntimeOptions } from '../options/types.js';
import { canBeTried, modelFault } from './model-trial.js';
import { noiseBytes, noiseSlide, type NoiseSlide } from './noise-slide.js';
import type { ModelIdentity, SlideResult, TileTable } from './result.js';
import { createParsedScorer, modelOf, type Scorer } from './scorer.js';

/** How {@link checkModel} runs the model. */
export interface CheckOptions extends RuntimeOptions {
  /** Ends the check; it then rejects with the reason of the signal. */
  readonly signal?: AbortSignal;
}

/** What an encoder did with noise. */
export interface EncoderCheck {
  readonly name: string;
  /** Whether it reads tiles, or pictures of the whole slide. */
  readonly reads: 'tiles' | 'image';
  /** Shape of one input: channels, height and width, in the order of the graph. */
  readonly inputShape: readonly number[];
  /** Values in one row of each output. */
  readonly outputs: readonly { readonly name: string; readonly columns: number }[];
  /** Tiles, or pictures, per second: decoding of noise that is not compressed, the run of the graph, on this machine now. */
  readonly perSecond: number;
  /**
   * True: the row of a tile changes with the other tiles of its batch, so that a score depends on how tiles are put
   * together. null for an image encoder, which has no neighbours.
   */
  readonly dependsOnNeighbours: boolean | null;
}

/** What {@link checkModel} found. */
export interface ModelCheck {
  readonly model: ModelIdentity;
  readonly encoders: readonly EncoderCheck[];
  /**
   * What the whole model fails with on a slide of noise, heads and rules included; null: with nothing. Rules that leave no
   * tile of noise fail too, with NO_TISSUE.
   */
  readonly failure: MicrotomeError | null;
  /**
   * Why the whole model was not run, so that `failure` says nothing: `tooLarge`, a slide of noise for all its inputs would be
   * too large; `noColumn`, the score is one of several columns, and nobody said which. null: it was run.
   */
  readonly notTried: 'tooLarge' | 'noColumn' | null;
}

/** Tiles in a row and in a column of the noise: enough for several runs of a graph. */
const kAcross = 4;
/** The same of large tiles: each still has neighbours of both kinds. */
const kAcrossOfLarge = 2;
const kLargePx = 1024;
/** Noise is made in memory. */
const kMostNoiseBytes = 2 ** 28;

/** Throws LIMIT_EXCEEDED where the noise would be too large. */
function boundedNoise(slide: NoiseSlide, encoder: string): ByteSource {
  const bytes = noiseBytes(slide);
  if (bytes <= kMostNoiseBytes) return noiseSlide(slide);
  const found = `the encoder ${encoder} needs ${bytes} bytes of noise, and at most ${kMostNoiseBytes} are made`;
  throw new MicrotomeError('LIMIT_EXCEEDED', 'infer', found, { advice: 'score a slide with the model instead' });
}
/** A row that changes by less, relative to its size, has only been rounded in another way. */
const kRounding = 1e-5;

/** The model with one encoder of tiles and nothing else. */
function withOneEncoder(model: Model, spec: ModelSpec, encoder: EncoderSpec): Model {
  const tiles = spec.tiles[encoder.input] as TileInputSpec;
  const own: ModelSpec = {
    ...bare(spec),
    tiles: [tiles],
    graphs: [spec.graphs[encoder.graph] as GraphSpec],
    encoders: [{ ...encoder, graph: 0, input: 0 }],
    heads: [
      {
        kind: 'simple',
        name: 'mean',
        of: { encoder: 0, output: 0, column: 0 },
        method: 'mean',
        k: 0,
        fraction: 0,
        quantile: 0,
      },
    ],
  };
  return attachSpec(Object.freeze({ ...model, input: tiles.input, inputs: [tiles.input], images: [] }), own);
}

/** The model with one encoder of pictures and nothing else. */
function withOneImage(model: Model, spec: ModelSpec, head: ImageHeadSpec): Model {
  const image = spec.images[head.image] as ImageInputSpec;
  const own: ModelSpec = {
    ...bare(spec),
    images: [image],
    headGraphs: [spec.headGraphs[head.graph] as GraphSpec],
    heads: [{ ...head, graph: 0, image: 0 }],
  };
  return attachSpec(Object.freeze({ ...model, input: null, inputs: [], images: [image.input] }), own);
}

/** The first value of the first head is the score, whatever it means. */
function bare(spec: ModelSpec): ModelSpec {
  const output = {
    name: 'check',
    of: [{ head: 0, output: null, column: 0, weight: 1 }],
    mean: 'value' as const,
    calibration: null,
    clip: null,
    fallback: null,
    fallbackBy: null,
  };
  return {
    ...spec,
    tiles: [],
    images: [],
    colour: null,
    clinical: [],
    graphs: [],
    headGraphs: [],
    encoders: [],
    rules: [],
    heads: [],
    outputs: [output],
    needsColumn: null,
  };
}

/** Options of a scorer for noise, which has no resolution. */
type TrialOptions = CheckOptions & { readonly level?: number };

async function withScorer<T>(model: Model, options: TrialOptions, use: (scorer: Scorer) => Promise<T>): Promise<T> {
  const scorer = await createParsedScorer(parseScorerOptions({ ...options, model }));
  try {
    return await use(scorer);
  } finally {
    await scorer.close();
  }
}

async function checkTiles(model: Model, options: CheckOptions, encoder: EncoderSpec): Promise<EncoderCheck> {
  const spec = specOf(model);
  const { sizePx, layout } = (spec.tiles[encoder.input] as TileInputSpec).input;
  const side = sizePx * (sizePx > kLargePx ? kAcrossOfLarge : kAcross);
  const scoreWith = (scorer: Scorer, seed: number): Promise<SlideResult> => {
    const slide = { widthPx: side, heightPx: side, levels: 1, squares: { sidePx: sizePx, seed } };
    const grid = { level: 0, keep: 'all', tile: { size: sizePx, stride: sizePx }, tiles: true } as const;
    return scorer.score(boundedNoise(slide, encoder.name), grid);
  };
  const own = withOneEncoder(model, spec, encoder);
  const [first, second] = await withScorer(own, { ...options, level: 0 }, async (scorer) => [
    await scoreWith(scorer, 5),
    await scoreWith(scorer, 6),
  ]);
  const tables = [first?.tiles, second?.tiles] as readonly [TileTable, TileTable];
  const names = Object.keys(tables[0].outputs);
  return {
    name: encoder.name,
    reads: 'tiles',
    inputShape: layout === 'NCHW' ? [3, sizePx, sizePx] : [sizePx, sizePx, 3],
    outputs: names.map((name) => ({ name, columns: tables[0].outputs[name]?.columns ?? 0 })),
    perSecond: (second?.tileCount ?? 0) / ((second?.timings.elapsedMs ?? NaN) / 1000),
    dependsOnNeighbours: names.some((name) => differ(tables, name, sizePx)),
  };
}

/** Whether tiles of the same pixels have other rows in the two tables. */
function differ([a, b]: readonly [TileTable, TileTable], name: string, sizePx: number): boolean {
  const { columns = 0, values } = a.outputs[name] ?? {};
  const other = b.outputs[name]?.values;
  if (values === undefined || other === undefined) return false;
  for (let tile = 0; tile < a.count; ++tile) {
    const parity = Math.round((a.x[tile] ?? 0) / sizePx) + Math.round((a.y[tile] ?? 0) / sizePx);
    if (parity % 2 !== 0) continue;
    for (let i = tile * columns; i < (tile + 1) * columns; ++i) {
      const [was = 0, is = 0] = [values[i], other[i]];
      if (Math.abs(was - is) > kRounding * Math.max(1, Math.abs(was))) return true;
    }
  }
  return false;
}

/** Side of a picture whose size nobody fixes. */
const kImageSidePx = 512;

async function checkImage(model: Model, options: CheckOptions, head: ImageHeadSpec): Promise<EncoderCheck> {
  const spec = specOf(model);
  const { input } = spec.images[head.image] as ImageInputSpec;
  const most = input.maxPixels === null ? kImageSidePx : Math.floor(Math.sqrt(input.maxPixels));
  const [width, height] = [
    input.widthPx ?? Math.min(most, kImageSidePx),
    input.heightPx ?? Math.min(most, kImageSidePx),
  ];
  const levels = (input.level ?? 0) + 1;
  const [widthPx, heightPx] = [width * 2 ** (levels - 1), height * 2 ** (levels - 1)];
  const slide = boundedNoise({ widthPx, heightPx, levels }, head.name);
  const result = await withScorer(withOneImage(model, spec, head), options, async (scorer) => {
    // The first run makes the memory of the graph.
    await scorer.score(slide);
    return scorer.score(slide);
  });
  return {
    name: head.name,
    reads: 'image',
    inputShape: input.layout === 'NCHW' ? [3, height, width] : [height, width, 3],
    outputs: head.outputs.map(({ name, columns }) => ({ name, columns })),
    perSecond: 1000 / result.timings.elapsedMs,
    dependsOnNeighbours: null,
  };
}

/**
 * Runs each encoder of a model on noise that is the same on every machine, and the whole model once: says what comes out,
 * how fast, and whether the row of a tile depends on its neighbours in the batch. Reads no slide.
 *
 * @param model - A path, a `file:` URL, a built-in name, or the result of {@link loadModel}.
 * @throws {@link MicrotomeError} what {@link createScorer} throws; what an encoder fails with; LIMIT_EXCEEDED where the noise for an
 * encoder would be too large.
 * @example
 * ```ts
 * const { encoders, failure } = await checkModel('my-bundle');
 * ```
 */
export async function checkModel(model: string | URL | Model, options: CheckOptions = {}): Promise<ModelCheck> {
  const { signal } = options;
  throwIfAborted(signal ?? null);
  const loaded = await modelOf(parseScorerOptions({ ...options, model }));
  const spec = specOf(loaded);
  const encoders: EncoderCheck[] = [];
  for (const encoder of spec.encoders) encoders.push(await checkTiles(loaded, options, encoder));
  for (const head of spec.heads) if (head.kind === 'image') encoders.push(await checkImage(loaded, options, head));
  const { name, sha256, intendedUse } = loaded;
  const notTried = spec.needsColumn !== null ? 'noColumn' : canBeTried(loaded) ? null : 'tooLarge';
  const failure = notTried === null ? await wholeFault(loaded, spec, options) : null;
  const identity = { name, sha256, intendedUse };
  return Object.freeze({ model: identity, encoders: Object.freeze(encoders), failure, notTried });
}

function wholeFault(model: Model, spec: ModelSpec, options: CheckOptions): Promise<MicrotomeError | null> {
  // A bare graph need not say its resolution.
  const level = spec.tiles.length === 1 ? { level: 0 } : {};
  return withScorer(ofOneRow(model, spec), { ...options, ...level }, (scorer) => modelFault(scorer, sampleRow(spec)));
}

/** The same graphs; what compares rows of a table gets the value of the row itself. */
function ofOneRow(model: Model, spec: ModelSpec): Model {
  if (spec.clinical.every(({ within }) => within === null)) return model;
  const clinical = spec.clinical.map((feature) => ({ ...feature, within: null }));
  return attachSpec(Object.freeze({ ...model }), Object.freeze({ ...spec, clinical }));
}

/** One loaded model for everything that a server is asked for: images, rows of tensors, slides. All share one engine. */

import { throwIfAborted, unlessAborted } from '../core/cancel.js';
import { fromNative, MicrotomeError } from '../core/errors.js';
import { readGraphFile } from '../model/graph-file.js';
import type { Model } from '../model/model.js';
import { specOf } from '../model/spec.js';
import type { NativeEngine } from '../native/contract.js';
import type { DeviceUse } from '../native/devices.js';
import { defaults } from '../options/defaults.js';
import { parseScorerOptions, slideSettings, type ParsedScorerOptions } from '../options/score-options.js';
import type { ScorerOptions } from '../options/types.js';
import { imageProgramFor, imageScorerOn, type ImageScorer } from './image-scorer.js';
import { makeEngine, makeGraphEngine } from './make-engine.js';
import { modelOf, scorerOn, type Scorer } from './scorer.js';
import { tensorRunnerOn, type TensorRunner, type TensorSettings } from './tensor-runner.js';

/** Something that a model can do, or why it cannot. */
export type Able<T> = { readonly can: T } | { readonly cannot: MicrotomeError };

export interface ServingEngine {
  readonly deviceUse: DeviceUse;
  /** Null for a graph that nobody described. */
  readonly model: Model | null;
  readonly images: Able<ImageScorer>;
  readonly tensors: Able<TensorRunner>;
  readonly slides: Able<Scorer>;
  /** Workers that score at the same time. */
  readonly threads: number;
  /** Rows of one run of the graph, where nothing else says how many. */
  readonly batchSize: number;
  /** Ends what runs (CANCELLED), waits for it, and frees the model. */
  close(): Promise<void>;
}

/** How a described model is loaded. */
export interface ServingOptions extends ScorerOptions {
  /** Most pixels of a stored image; a larger one fails with LIMIT_EXCEEDED before it is decoded. */
  readonly mostPixels: number;
}

/** How a graph that nobody described is loaded. */
export type GraphOptions = Omit<ScorerOptions, 'model'>;

function able<T>(make: () => T): Able<T> {
  try {
    return { can: make() };
  } catch (error) {
    if (error instanceof MicrotomeError) return { cannot: error };
    throw error;
  }
}

function settingsOf({ slide }: ParsedScorerOptions): TensorSettings {
  return {
    batchSize: slide.batchSize ?? defaults.batchSize,
    reproducible: slide.reproducible ?? defaults.reproducible,
  };
}

async function closeEngine(engine: NativeEngine, others: readonly (ImageScorer | Scorer)[]): Promise<void> {
  for (const other of others) await other.close();
  await engine.close().catch((error: unknown) => {
    throw fromNative(error);
  });
}

/** Throws what `createScorer` throws, and MODEL_MISMATCH or INVALID_OPTION for a model that can do nothing of the three. */
export async function createServingEngine({ mostPixels, ...options }: ServingOptions): Promise<ServingEngine> {
  const parsed = parseScorerOptions(options);
  const { signal } = parsed.slide;
  throwIfAborted(signal);
  const model = await unlessAborted(signal, modelOf(parsed), () => undefined);
  const program = able(() => ({ ...imageProgramFor(model, parsed), mostPixels }));
  const slideable = able(() => slideSettings(parsed.slide, model));
  if ('cannot' in program && 'cannot' in slideable) throw program.cannot;
  const { made, use } = await makeEngine(model, parsed);
  const images = 'can' in program ? { can: imageScorerOn(made, model, use, program.can) } : program;
  const slides = 'can' in slideable ? { can: scorerOn(made, model, parsed, use) } : slideable;
  const settings = settingsOf(parsed);
  const spec = specOf(model);
  const tensors = able(() => {
    const [encoder] = spec.encoders;
    if (encoder === undefined || spec.encoders.length !== 1)
      throw new MicrotomeError('MODEL_MISMATCH', 'options', `the model has ${spec.encoders.length} encoders, not one`);
    return tensorRunnerOn(made, encoder, spec.tiles[encoder.input]?.input ?? null, settings, model.path);
  });
  const others = [images, slides].flatMap((one): (ImageScorer | Scorer)[] => ('can' in one ? [one.can] : []));
  return {
    deviceUse: use,
    model,
    images,
    tensors,
    slides,
    get threads() {
      return made.threads;
    },
    batchSize: settings.batchSize,
    close: () => closeEngine(made, others),
  };
}

/** The same for one `.onnx` file that nobody described: it takes rows of tensors, and nothing else. */
export async function createGraphEngine(path: string, options: GraphOptions): Promise<ServingEngine> {
  // The parser of a scorer wants a model; this one is never read.
  const parsed = parseScorerOptions({ ...options, model: path });
  throwIfAborted(parsed.slide.signal);
  const graph = await readGraphFile(path);
  const { made, use } = await makeGraphEngine(graph, parsed);
  const settings = settingsOf(parsed);
  const undescribed = new MicrotomeError(
    'MODEL_MISMATCH',
    'options',
    'the model is a bare graph: it takes tensors only',
    {
      advice: 'serve a bundle, which says how images become tensors',
    },
  );
  try {
    return {
      deviceUse: use,
      model: null,
      images: { cannot: undescribed },
      tensors: { can: tensorRunnerOn(made, null, null, settings, path) },
      slides: { cannot: undescribed },
      get threads() {
        return made.threads;
      },
      batchSize: settings.batchSize,
      close: () => closeEngine(made, []),
    };
  } catch (error) {
    await closeEngine(made, []);
    throw error;
  }
}

/** createScorer: one loaded model and engine, any number of slides at once. */

import { runJob, throwIfAborted, unlessAborted } from '../core/cancel.js';
import { MicrotomeError, native, withPath } from '../core/errors.js';
import { maskSource } from '../slide/mask-source.js';
import { readModel } from '../model/load-model.js';
import { countedAsMissing } from '../model/clinical/feature-vector.js';
import type { ClinicalRow } from '../model/clinical/row-text.js';
import type { Model } from '../model/model.js';
import { specOf, type ModelSpec } from '../model/spec.js';
import type { DeviceId, DeviceUse } from '../native/devices.js';
import type {
  NativeEngine,
  NativeMaskSource,
  NativePlanRequest,
  NativeScoreJob,
  NativeScoreResult,
  NativeSlide,
} from '../native/contract.js';
import type { NativeProgram } from '../native/program.js';
import type { RowsAsked } from '../model/program/compile.js';
import {
  encodingProgram,
  nativeProgram,
  openOptionsOf,
  parseScorerOptions,
  parseSlideScoreOptions,
  slideSettings,
} from '../options/score-options.js';
import type {
  ParsedRuntimeOptions,
  ParsedScorerOptions,
  ParsedSlideScore,
  SlideSettings,
} from '../options/score-options.js';
import type { ScorerOptions, SlideScoreOptions } from '../options/types.js';
import { encodedTiles, type EncodedSlide } from './encoded-slide.js';
import { makeEngine } from './make-engine.js';
import { SlideProgress } from './progress.js';
import type { SlidePlan, SlideResult } from './result.js';
import { openNativeSlide } from '../slide/slide.js';
import { RowPump, type RowTaker } from './row-pump.js';
import { encodedFacts, slidePlan, slideResult, type ResultContext } from './slide-result.js';
import { placeOf } from '../slide/byte-source.js';
import type { Input, Place } from '../slide/byte-source.js';

/** A warm engine. Any number of slides may be scored at once; they share the threads and the memory limit. */
export interface Scorer extends AsyncDisposable {
  readonly model: Model;
  /** The device in use. */
  readonly device: DeviceId;
  /** What is known of it, and why `auto` took no other. */
  readonly deviceUse: DeviceUse;
  /**
   * Worker threads that score at the same time: `threads` where it was given; else one for each core that the process may
   * use, until a trial on the first tiles has found that fewer are faster (on two threads of one core they may be).
   */
  readonly threads: number;
  /** Most tiles of a slide, by the option or the model; 0: no limit, or several tile inputs with limits of their own. */
  readonly tilesPerSlide: number;
  /**
   * Scores one slide. `options` come before the scorer's own.
   * @throws {@link MicrotomeError} as {@link scoreSlide}; CANCELLED once the scorer is closed.
   */
  score(input: Input, options?: SlideScoreOptions): Promise<SlideResult>;
  /** What scoring the slide would read and need. */
  plan(input: Input, options?: SlideScoreOptions): Promise<SlidePlan>;
  /** Ends what runs (CANCELLED), waits for it, and frees the model. May be called more than once. */
  close(): Promise<void>;
}

/** A scorer that also gives away what its encoder makes of the tiles. */
export interface EncodingScorer extends Scorer {
  /**
   * Runs the encoder over the tiles of a slide. Rejects with what `score` rejects with, and with what the taker rejects
   * with; the taker is not called any more then.
   */
  encode(input: Input, options: SlideScoreOptions, asked: RowsAsked, taker: RowTaker): Promise<EncodedSlide>;
}

const ignore = (): void => undefined;

async function closeQuietly(slide: NativeSlide): Promise<void> {
  // The result or the error at hand says more than a failure to close a file that was only read.
  await slide.close().catch(ignore);
}

/**
 * Opens, uses and closes a slide. An abort while it opens rejects at once; the file is closed when it has opened, which
 * `leave` gets.
 */
async function withSlide<T>(
  place: Place,
  o: ParsedSlideScore,
  use: (slide: NativeSlide) => Promise<T>,
  leave?: (ending: Promise<void>) => void,
): Promise<T> {
  const slide = await openNativeSlide(place, openOptionsOf(o), o.signal, leave);
  try {
    return await use(slide);
  } finally {
    await closeQuietly(slide);
  }
}

/** What is wrong with the clinical values is told before the mask is read and the slide opened. */
async function programFor(
  settings: SlideSettings,
  model: Model,
  o: ParsedSlideScore,
  path: string,
): Promise<NativeProgram> {
  const row: ClinicalRow | null = o.clinical;
  const compile = (mask: NativeMaskSource): NativeProgram => {
    try {
      return nativeProgram(settings, model, mask, row);
    } catch (error) {
      throw withPath(error, path);
    }
  };
  compile({ kind: 'all' });
  return compile(await maskSource(settings.mask, settings.keep, settings.tissue, o.signal));
}

/** Of values that are there, are not understood, and by the bundle count as missing. */
function missingWarnings({ clinical }: ModelSpec, row: ClinicalRow | null): readonly string[] {
  return countedAsMissing(clinical, [...clinical.keys()], row).map(
    (name) => `the clinical value of "${name}" is not understood and counts as missing`,
  );
}

/** Of each encoder of the program, as the plan needs to know it. */
function graphFacts(model: Model, { encoders }: NativeProgram): NativePlanRequest['graphs'] {
  const byName = new Map(specOf(model).encoders.map((encoder) => [encoder.name, encoder]));
  return encoders.map(({ name }) => {
    const { outputs = [], fixedRows = null } = byName.get(name) ?? {};
    return { columns: outputs.map(({ columns }) => columns ?? 0), fixedRows: fixedRows ?? 0 };
  });
}

/** The plan of one slide; needs no engine. */
export async function planWith(
  model: Model,
  input: Input,
  o: ParsedSlideScore,
  runtime: Pick<ParsedRuntimeOptions, 'threads' | 'memoryBytes'>,
  leave?: (ending: Promise<void>) => void,
): Promise<SlidePlan> {
  const place = placeOf(input);
  const settings = slideSettings(o, model);
  const score = await programFor(settings, model, o, place.name);
  const plan = async (slide: NativeSlide): Promise<SlidePlan> => {
    const request = {
      score,
      graphs: graphFacts(model, score),
      threads: runtime.threads,
      memoryBytes: runtime.memoryBytes,
    };
    const found = await unlessAborted(
      o.signal,
      native(() => slide.plan(request), place.name),
      ignore,
    );
    return slidePlan(found, settings, model, place.name);
  };
  return withSlide(place, o, plan, leave);
}

function closed(): MicrotomeError {
  return new MicrotomeError('CANCELLED', 'infer', 'the scorer is closed', { advice: 'make another one' });
}

class WarmScorer implements EncodingScorer {
  readonly model: Model;
  readonly deviceUse: DeviceUse;
  readonly tilesPerSlide: number;
  readonly #engine: NativeEngine;
  readonly #runtime: ParsedRuntimeOptions;
  readonly #defaults: ParsedSlideScore;
  readonly #running = new Map<Promise<unknown>, AbortController>();
  /** Openings of slides that were given up. */
  readonly #endings = new Set<Promise<void>>();
  #closing: Promise<void> | null = null;

  readonly #leave = (ending: Promise<void>): void => {
    this.#endings.add(ending);
    void ending.then(() => this.#endings.delete(ending));
  };

  constructor(engine: NativeEngine, model: Model, options: ParsedScorerOptions, use: DeviceUse) {
    this.#engine = engine;
    this.deviceUse = use;
    this.model = model;
    const { grids } = slideSettings(options.slide, model);
    this.tilesPerSlide = grids.length === 1 ? (grids[0]?.maxTiles ?? 0) : 0;
    this.#runtime = options.runtime;
    this.#defaults = options.slide;
  }

  get #context(): Pick<ResultContext, 'model' | 'device' | 'sameBitsAgain'> {
    const { id, name, precision, reproducible } = this.deviceUse;
    return { model: this.model, device: Object.freeze({ id, name, precision }), sameBitsAgain: reproducible };
  }

  get device(): DeviceId {
    return this.deviceUse.id;
  }

  get threads(): number {
    return this.#engine.threads;
  }

  score(input: Input, options?: SlideScoreOptions): Promise<SlideResult> {
    return this.#track(options, (o) => this.#score(input, o));
  }

  encode(input: Input, options: SlideScoreOptions, asked: RowsAsked, taker: RowTaker): Promise<EncodedSlide> {
    return this.#track(options, (o) => this.#encode(input, o, asked, taker));
  }

  plan(input: Input, options?: SlideScoreOptions): Promise<SlidePlan> {
    return this.#track(options, (o) => planWith(this.model, input, o, this.#runtime, this.#leave));
  }

  /** close() aborts what was running when it was called, also the opening of a slide, and waits for it. */
  #track<T>(options: SlideScoreOptions | undefined, call: (o: ParsedSlideScore) => Promise<T>): Promise<T> {
    const stop = new AbortController();
    const running = this.#call(options, stop, call);
    this.#running.set(running, stop);
    const done = (): void => void this.#running.delete(running);
    running.then(done, done);
    return running;
  }

  /** `stop` is aborted with the caller's signal too. */
  async #call<T>(
    options: SlideScoreOptions | undefined,
    stop: AbortController,
    call: (o: ParsedSlideScore) => Promise<T>,
  ): Promise<T> {
    this.#requireOpen();
    const o = parseSlideScoreOptions(options, this.#defaults);
    throwIfAborted(o.signal);
    const forward = (): void => stop.abort(o.signal?.reason);
    o.signal?.addEventListener('abort', forward, { once: true });
    try {
      return await call({ ...o, signal: stop.signal });
    } finally {
      o.signal?.removeEventListener('abort', forward);
    }
  }

  #requireOpen(): void {
    if (this.#closing !== null) throw closed();
  }

  async #score(input: Input, o: ParsedSlideScore): Promise<SlideResult> {
    const beganMs = performance.now();
    const place = placeOf(input);
    const path = place.name;
    const settings = slideSettings(o, this.model);
    const program = await programFor(settings, this.model, o, path);
    const use = async (slide: NativeSlide): Promise<SlideResult> => {
      this.#requireOpen();
      const progress = o.onProgress === null ? null : new SlideProgress(o.onProgress);
      const found = await this.#run(slide, program, o.signal, progress, path);
      const elapsedMs = performance.now() - beganMs;
      const slideWarnings = [...slide.info.warnings, ...missingWarnings(specOf(this.model), o.clinical)];
      const context = { ...this.#context, path, settings, program, slideWarnings, elapsedMs };
      const result = slideResult(found, context);
      progress?.finished(result.tileCount, elapsedMs);
      return result;
    };
    return withSlide(place, o, use, this.#leave);
  }

  async #encode(input: Input, o: ParsedSlideScore, asked: RowsAsked, taker: RowTaker): Promise<EncodedSlide> {
    const beganMs = performance.now();
    const place = placeOf(input);
    const path = place.name;
    const settings = slideSettings(o, this.model);
    const mask = await maskSource(settings.mask, settings.keep, settings.tissue, o.signal);
    const program = encodingProgram(settings, this.model, mask, asked);
    const use = async (slide: NativeSlide): Promise<EncodedSlide> => {
      this.#requireOpen();
      const progress = o.onProgress === null ? null : new SlideProgress(o.onProgress);
      let job: NativeScoreJob | null = null;
      const pump = new RowPump(taker, () => job?.cancel());
      const run = (): Promise<NativeScoreResult> => {
        job = this.#engine.score(slide, program, progress?.update ?? null, pump);
        return job.result;
      };
      const ended = runJob(o.signal, () => ({ result: native(run, path), cancel: () => job?.cancel() }));
      await ended.catch(ignore);
      // The taker is not called any more after this. What it fails with is why its job was cancelled.
      await pump.ended();
      const found = await ended;
      if (pump.plan === null) throw new MicrotomeError('INTERNAL', 'tiles', 'the job gave no plan', { path });
      const elapsedMs = performance.now() - beganMs;
      const context = { ...this.#context, path, settings, program, slideWarnings: slide.info.warnings, elapsedMs };
      progress?.finished(pump.plan.tiles, elapsedMs);
      const { columns, tokens } = pump;
      return { facts: encodedFacts(found, context), tiles: encodedTiles(found, pump.plan), columns, tokens };
    };
    return withSlide(place, o, use, this.#leave);
  }

  #run(
    slide: NativeSlide,
    program: NativeProgram,
    signal: AbortSignal | null,
    progress: SlideProgress | null,
    path: string,
  ): Promise<NativeScoreResult> {
    return runJob(signal, () => {
      let job: NativeScoreJob | null = null;
      const run = (): Promise<NativeScoreResult> => {
        job = this.#engine.score(slide, program, progress?.update ?? null);
        return job.result;
      };
      return { result: native(run, path), cancel: () => job?.cancel() };
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const running = [...this.#running.keys()];
    const reason = closed();
    for (const stop of this.#running.values()) stop.abort(reason);
    await native(() => this.#engine.close());
    await Promise.allSettled(running);
    await Promise.all(this.#endings);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** On an engine that is there. Closing the scorer closes the engine. Throws what the model makes impossible. */
export function scorerOn(engine: NativeEngine, model: Model, options: ParsedScorerOptions, use: DeviceUse): Scorer {
  return new WarmScorer(engine, model, options, use);
}

/** The model that parsed options name. */
export async function modelOf(options: ParsedScorerOptions): Promise<Model> {
  return typeof options.model === 'string' ? readModel(options.model, options.modelOptions) : options.model;
}

export async function createParsedScorer(options: ParsedScorerOptions): Promise<EncodingScorer> {
  const { signal } = options.slide;
  throwIfAborted(signal);
  const model = await unlessAborted(signal, modelOf(options), ignore);
  // Options that the model makes impossible are refused now, not at the first slide.
  slideSettings(options.slide, model);
  const { made, use } = await makeEngine(model, options);
  return new WarmScorer(made, model, options, use);
}

/**
 * Loads a model and its runtime, to score many slides with.
 *
 * @throws {@link MicrotomeError} what {@link loadModel} throws, and RUNTIME_MISSING, DEVICE_UNAVAILABLE, OUT_OF_MEMORY,
 * UNSUPPORTED_PLATFORM, INVALID_OPTION.
 * @example
 * ```ts
 * const scorer = await createScorer({ model: 'demo', threads: 4 });
 * const results = await Promise.all(paths.map((path) => scorer.score(path)));
 * await scorer.close();
 * ```
 */
export async function createScorer(options: ScorerOptions): Promise<Scorer> {
  return createParsedScorer(parseScorerOptions(options));
}

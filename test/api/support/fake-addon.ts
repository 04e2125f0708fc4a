/** An addon made of plain objects: records what it is asked and answers as told. Stands in for the native one. */
import type { NativeGpuReport } from '../../../lib/native/device-request.js';
import type {
  NativeAddon,
  NativeBytes,
  NativeEngine,
  NativeEngineOptions,
  NativeByteSource,
  NativeGridOptions,
  NativeModelInfo,
  NativeProgress,
  NativeScoreResult,
  NativePlanRequest,
  NativeStreamOptions,
  NativeSlide,
  NativeSlideInfo,
  NativeTileBatch,
} from '../../../lib/native/contract.js';
import type { NativeImageBatch, NativeImageProgram, NativeImageRows } from '../../../lib/native/images.js';
import type { NativeProgram } from '../../../lib/native/program.js';

/** A promise that the test settles. */
export class Gate<T> {
  readonly promise: Promise<T>;
  resolve!: (value: T) => void;
  reject!: (error: unknown) => void;
  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.promise.catch(() => undefined);
  }
}

/** An error as the addon makes them. */
export function nativeError(code: string, stage: string, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { code, stage, ...more });
}

export const slideInfo: NativeSlideInfo = {
  levels: [0, 1].map((index) => ({
    index,
    width: 1024 >> index,
    height: 512 >> index,
    downsample: 2 ** index,
    tileWidth: 256,
    tileHeight: 256,
    compression: 'jpeg',
    photometric: 'ycbcr',
    tiled: true,
  })),
  associated: [{ name: 'label', width: 10, height: 20 }],
  mpp: { x: 0.5, y: 0.5, source: 'aperio', trusted: true },
  orientation: 1,
  driver: { name: 'fake', why: 'a test asked for it' },
  properties: {},
  warnings: ['a warning of the slide'],
  fileBytes: 12345,
};

export class FakeSlide implements NativeSlide {
  readonly info = slideInfo;
  readonly calls: [string, unknown][] = [];
  readonly batches: NativeTileBatch[] = [];
  nextGate: Gate<NativeTileBatch | null> | null = null;
  readonly closeGate: Gate<void> | null;
  failure: Error | null = null;
  closed = 0;
  streamsCancelled = 0;

  constructor(closeGate: Gate<void> | null = null) {
    this.closeGate = closeGate;
  }

  async #region(name: string, asked: unknown, width: number, height: number) {
    this.calls.push([name, asked]);
    if (this.failure !== null) throw this.failure;
    return { data: new Uint8Array(width * height * 3), width, height, badTiles: 1, missingTiles: 2, outsidePx: 0 };
  }

  readRegion(r: Parameters<NativeSlide['readRegion']>[0]) {
    return this.#region('readRegion', r, r.width, r.height);
  }
  readAssociated(index: number) {
    return this.#region('readAssociated', index, 10, 20);
  }
  async iccProfile() {
    this.calls.push(['iccProfile', null]);
    if (this.failure !== null) throw this.failure;
    return null;
  }
  thumbnail(maxSidePx: number) {
    return this.#region('thumbnail', maxSidePx, maxSidePx, maxSidePx / 2);
  }
  async tissue(options: Parameters<NativeSlide['tissue']>[0]) {
    this.calls.push(['tissue', options]);
    const counts = { badTiles: 0, missingTiles: 0, madeTiles: 0 };
    return { data: Uint8Array.of(255, 0), width: 2, height: 1, level0PerPxX: 512, level0PerPxY: 512, ...counts };
  }
  async plan(request: NativePlanRequest) {
    this.calls.push(['plan', request.score.tiles[0]]);
    const policy = { level: 1, scale: 1.5, mpp: 1, policy: 'mpp-reduce' as const, jpegReduction: 1 };
    return {
      inputs: [{ ...policy, tiles: 6, keptTiles: 6, gridTiles: 12 }],
      storedTiles: 9,
      storedBytes: 4321,
      tissueFraction: 0.5,
      memoryBytes: 1e6,
    };
  }
  tiles(grid: NativeGridOptions, options: NativeStreamOptions) {
    this.calls.push(['tiles', { grid, options }]);
    return {
      next: async () => this.batches.shift() ?? (this.nextGate === null ? null : this.nextGate.promise),
      cancel: () => {
        ++this.streamsCancelled;
        this.nextGate?.reject(nativeError('CANCELLED', 'decode', 'the job was cancelled'));
      },
    };
  }
  async close() {
    ++this.closed;
    // As the addon does: what reads the slide is cancelled.
    this.nextGate?.reject(nativeError('CANCELLED', 'decode', 'the tiles are no longer wanted'));
    await this.closeGate?.promise;
  }
}

export function tileBatch(tiles: number, sizePx = 2): NativeTileBatch {
  const at = Float64Array.from({ length: tiles }, (_, i) => i * sizePx);
  const buffer = new ArrayBuffer(tiles * sizePx * sizePx * 3);
  const place = { x: at, y: at, level: 0, level0PerPxX: 1, level0PerPxY: 1, footprintPx: sizePx };
  return { buffer, release: () => {}, tiles, total: tiles, first: 0, sizePx, ...place, badTiles: 0 };
}

export const scoreResult: NativeScoreResult = {
  tables: [
    {
      level: 1,
      scale: 2,
      mpp: 1,
      policy: 'mpp-reduce',
      tiles: 2,
      jpegReduction: 1,
      keptTiles: 2,
      footprintPx: 448,
      level0PerPxX: 2.001,
      level0PerPxY: 1.998,
      x: Float64Array.of(0, 448),
      y: Float64Array.of(0, 0),
      level0X: Float64Array.of(0, 448 * 2.001),
      level0Y: Float64Array.of(0, 0),
      outputs: [{ encoder: 0, name: 'logit', columns: 1, values: Float64Array.of(0.25, 0.75) }],
      heads: [],
      quality: null,
      leftByRule: [],
    },
  ],
  heads: [{ name: 'score', outputs: [Float64Array.of(0.5)] }],
  outputs: [{ name: 'score', value: 0.5, unclipped: 0.5 }],
  stopping: null,
  badTiles: 0,
  missingTiles: 3,
  decodedTiles: 8,
  tissueFraction: 0.25,
  times: [{ stage: 'decode', busyMs: 1, waitingMs: 2, items: 8, bytes: 100 }],
  elapsedMs: 5,
  warnings: ['a warning of the job'],
};

export class FakeEngine implements NativeEngine {
  readonly headModels: readonly NativeModelInfo[];
  readonly notes = [];
  readonly threads = 2;
  readonly peakMemoryBytes = 0;
  readonly asked: NativeProgram[] = [];
  readonly slides: NativeSlide[] = [];
  report: ((p: NativeProgress) => void) | null = null;
  /** null: jobs end at once with `result`. */
  gate: Gate<NativeScoreResult> | null = null;
  result: NativeScoreResult = scoreResult;
  cancelled = 0;
  closed = 0;
  readonly models: readonly NativeModelInfo[];

  constructor(model: NativeModelInfo | readonly NativeModelInfo[], headModels: readonly NativeModelInfo[] = []) {
    this.models = 'inputs' in model ? [model] : model;
    this.headModels = headModels;
  }

  readonly imagesAsked: { readonly batch: NativeImageBatch; readonly program: NativeImageProgram }[] = [];
  imageGate: Gate<NativeImageRows> | null = null;
  imageRows: NativeImageRows = { outputs: [], rows: [], failures: [], marks: new Uint8Array() };

  scoreImages(batch: NativeImageBatch, program: NativeImageProgram) {
    this.imagesAsked.push({ batch, program });
    const gate = this.imageGate;
    return {
      result: gate === null ? Promise.resolve(this.imageRows) : gate.promise,
      cancel: () => {
        this.cancelled += 1;
        gate?.reject(nativeError('CANCELLED', 'infer', 'the job was cancelled'));
      },
    };
  }

  score(slide: NativeSlide, options: NativeProgram, onProgress: ((p: NativeProgress) => void) | null) {
    this.asked.push(options);
    this.slides.push(slide);
    this.report = onProgress;
    return {
      result: this.gate === null ? Promise.resolve(this.result) : this.gate.promise,
      cancel: () => {
        ++this.cancelled;
        this.gate?.reject(nativeError('CANCELLED', 'infer', 'the job was cancelled'));
      },
    };
  }
  async close() {
    ++this.closed;
    this.gate?.reject(nativeError('CANCELLED', 'infer', 'the engine was closed'));
  }
}

export const classifierGraph: NativeModelInfo = {
  inputs: [{ name: 'tiles', type: 'float32', shape: [-1, 3, 224, 224] }],
  outputs: [{ name: 'logit', type: 'float32', shape: [-1, 1] }],
};

/** What was appended, as one array. */
export class FakeBytes implements NativeBytes {
  readonly #pieces: Uint8Array[] = [];

  append(piece: Uint8Array): void {
    this.#pieces.push(piece.slice());
  }

  get data(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(Buffer.concat(this.#pieces));
  }
}

export class FakeAddon implements NativeAddon {
  readonly opened: [string, unknown][] = [];
  readonly slides: FakeSlide[] = [];
  readonly engineOptions: NativeEngineOptions[] = [];
  slideGate: Gate<void> | null = null;
  slideFailure: Error | null = null;
  engine = new FakeEngine(classifierGraph);
  makeSlide = (): FakeSlide => new FakeSlide();

  readonly Bytes = FakeBytes;

  setPaths() {}
  openSlide(place: string | NativeByteSource, options: unknown) {
    this.opened.push([typeof place === 'string' ? place : place.name, options]);
    return { result: this.#open(), cancel: () => undefined };
  }
  async #open() {
    await this.slideGate?.promise;
    if (this.slideFailure !== null) throw this.slideFailure;
    const slide = this.makeSlide();
    this.slides.push(slide);
    return slide;
  }
  createEngine(options: NativeEngineOptions) {
    this.engineOptions.push(options);
    return { result: Promise.resolve(this.engine), cancel: () => undefined };
  }
  async doctor(): Promise<never> {
    throw new Error('not used');
  }
  async identity(): Promise<never> {
    throw new Error('not used');
  }
  /** What the driver says; no GPU unless a test has one. */
  gpus: NativeGpuReport = { path: 'libcuda.so.1', cudaVersion: 0, gpus: [], reason: 'no driver' };
  readonly gpuRequests: unknown[] = [];
  gpuReport = async (request: unknown): Promise<NativeGpuReport> => {
    this.gpuRequests.push(request);
    return this.gpus;
  };
  cores() {
    return 2;
  }
  halt() {}
}

/**
 * The record of a run: how it was made and what became of each slide, as JSON. Written when scoring begins and again at the
 * end, each time whole; a run that was killed leaves the first one, which says that it is running. Nothing in it names the
 * host or its user, but for the paths that were given.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import { Turns } from '../core/turns.js';
import { toolVersion } from '../core/version.js';
import type { ErrorCode, Stage } from '../core/errors.js';
import { MicrotomeError } from '../core/errors.js';
import type { Model, ModelAssumptions } from '../model/model.js';
import { specOf } from '../model/spec.js';
import { loadAddon } from '../native/addon.js';
import type { DeviceId, DeviceUse } from '../native/devices.js';
import { asideOf, removeIfThere, syncFolderOf } from '../runs/durable.js';
import { ioFailure } from '../runs/failure.js';
import { realFileSystem, type FileSystem } from '../runs/file-system.js';
import type { AppliedColour, SelectionStep, SlideResult, StageTiming } from '../scoring/result.js';
import { fillNewFile, writePieces } from './new-file.js';
import { recordedOptions } from './recorded-options.js';

/** What became of a slide. `pending`: nothing yet, or the run ended before it. */
export type RecordedState = 'pending' | 'done' | 'resumed' | 'failed' | 'missing' | 'skipped';

export interface RecordedSlide {
  readonly name: string;
  /** Null: there is no file. */
  readonly path: string | null;
  readonly state: RecordedState;
  readonly error: ErrorCode | null;
  readonly score: number | null;
  readonly tiles: number | null;
  readonly elapsedMs: number | null;
  readonly warnings: readonly string[];
  /** What each rule of selection of the model left. */
  readonly selection: readonly SelectionStep[];
  /** What was done to the colours; null: nothing. */
  readonly colour: AppliedColour | null;
  /** Written for the slide, in this run or in the one that it resumes. */
  readonly files: readonly string[];
}

/** What is known before the first slide. */
export interface RecordFacts {
  readonly model: Model;
  readonly call: 'run' | 'slide';
  /** As given. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly device: DeviceId;
  /** What is known of the device; null: nothing more. */
  readonly deviceUse: DeviceUse | null;
  /** CSV files that were read, by the option that names them. */
  readonly inputs: Readonly<Record<string, { readonly path: string; readonly sha256: string }>>;
}

/** Versions of what a score may depend on. */
export type LibraryVersions = () => Promise<Readonly<Record<string, string>>>;

/** Asks the libraries themselves; only once ONNX Runtime is open. */
export const libraryVersions: LibraryVersions = async () => {
  const { onnxRuntime, vips, jpeg, simd } = await (await loadAddon()).doctor();
  const version = (library: { readonly loaded: boolean; readonly version: string }): string =>
    library.loaded ? library.version : 'not there';
  return { onnxRuntime: version(onnxRuntime), libvips: version(vips), libjpegTurbo: version(jpeg), simd };
};

type RunState = 'running' | 'finished' | 'failed' | 'cancelled';

const recordVersion = 1;

export class RunRecord {
  readonly #startedAt = new Date();
  readonly #slides: RecordedSlide[];
  readonly #stages = new Map<Stage, StageTiming>();
  readonly #facts: Readonly<Record<string, unknown>>;

  private constructor(
    private readonly path: string,
    facts: Readonly<Record<string, unknown>>,
    slides: readonly RecordedSlide[],
    private readonly fs: FileSystem,
  ) {
    this.#facts = facts;
    this.#slides = [...slides];
  }

  /** Writes the first record. Throws DISK_FULL, FILE_UNREADABLE, FILE_NOT_FOUND. */
  static async begin(
    path: string,
    facts: RecordFacts,
    slides: readonly Pick<RecordedSlide, 'name' | 'path'>[],
    versions: LibraryVersions = libraryVersions,
    fs: FileSystem = realFileSystem,
  ): Promise<RunRecord> {
    // What comes before, a model that was loaded or a large result, has its own turn of the event loop.
    await nextTurn();
    const pending = slides.map((slide): RecordedSlide => ({ ...nothingYet, ...slide }));
    const record = new RunRecord(path, factsOf(facts, await versions()), pending, fs);
    await record.#write('running', null);
    return record;
  }

  /** Notes what became of a slide; `result` gives times and warnings. */
  slide(index: number, what: Partial<RecordedSlide>, result: SlideResult | null): void {
    const known = this.#slides[index] ?? nothingYet;
    const timed =
      result === null
        ? {}
        : {
            tiles: result.tileCount,
            elapsedMs: result.timings.elapsedMs,
            warnings: result.warnings,
            selection: result.selection,
            colour: result.colour,
          };
    this.#slides[index] = { ...known, ...timed, ...what };
    for (const stage of result?.timings.stages ?? []) this.#addStage(stage);
  }

  #addStage(more: StageTiming): void {
    const sum = this.#stages.get(more.stage);
    const of = (key: 'busyMs' | 'waitingMs' | 'items' | 'bytes'): number => (sum?.[key] ?? 0) + more[key];
    const { stage } = more;
    this.#stages.set(stage, {
      stage,
      busyMs: of('busyMs'),
      waitingMs: of('waitingMs'),
      items: of('items'),
      bytes: of('bytes'),
    });
  }

  /** Completes the record; `error` is what the run ended with. */
  async end(error: { readonly reason: unknown; readonly wasStopped: boolean } | null): Promise<void> {
    if (error === null) return this.#write('finished', null);
    await this.#write(error.wasStopped ? 'cancelled' : 'failed', error.reason);
  }

  async #write(state: RunState, reason: unknown): Promise<void> {
    await nextTurn();
    const temporary = asideOf(this.path);
    await fillNewFile(temporary, this.path, (sink) => writePieces(sink, this.#pieces(state, reason)), this.fs);
    try {
      await this.fs.rename(temporary, this.path);
      await syncFolderOf(this.path, this.fs);
    } catch (error) {
      await removeIfThere(temporary, this.fs).catch(() => false);
      throw ioFailure(error, 'write', this.path);
    }
  }

  /** A line for each slide, in turns of the event loop. */
  async *#pieces(state: RunState, reason: unknown): AsyncGenerator<string, void, undefined> {
    const isOver = state !== 'running';
    const now = new Date();
    const head = {
      record: recordVersion,
      state,
      startedAt: this.#startedAt.toISOString(),
      endedAt: isOver ? now.toISOString() : null,
      elapsedMs: isOver ? now.getTime() - this.#startedAt.getTime() : null,
      error: state === 'failed' ? errorFacts(reason) : null,
      ...this.#facts,
      counts: this.#counts(),
      stages: [...this.#stages.values()],
    };
    yield `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "slides": [`;
    const turns = new Turns();
    for (const [i, slide] of this.#slides.entries()) {
      yield `${i === 0 ? '' : ','}\n    ${JSON.stringify(slide)}`;
      if (turns.isOver) await turns.next();
    }
    yield '\n  ]\n}\n';
  }

  #counts(): Readonly<Record<RecordedState, number>> {
    const counts = { pending: 0, done: 0, resumed: 0, failed: 0, missing: 0, skipped: 0 };
    for (const { state } of this.#slides) ++counts[state];
    return counts;
  }
}

const nothingYet: RecordedSlide = Object.freeze({
  name: '',
  path: null,
  state: 'pending',
  error: null,
  score: null,
  tiles: null,
  elapsedMs: null,
  warnings: Object.freeze([]),
  selection: Object.freeze([]),
  colour: null,
  files: Object.freeze([]),
});

function errorFacts(reason: unknown): object {
  if (!(reason instanceof MicrotomeError)) return { code: 'INTERNAL', message: String(reason) };
  const { code, stage, message } = reason;
  return { code, stage, message };
}

function factsOf(
  { model, call, options, device, deviceUse, inputs }: RecordFacts,
  libraries: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  const spec = specOf(model);
  const assumed: ModelAssumptions | null = model.assumed;
  return {
    versions: { microtome: toolVersion, node: process.version, ...libraries },
    host: {
      platform: platform(),
      release: release(),
      arch: arch(),
      processor: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryBytes: totalmem(),
    },
    device,
    deviceUse,
    model: {
      name: model.name,
      kind: model.kind,
      path: model.path,
      sha256: model.sha256,
      graphs: [...spec.graphs, ...spec.headGraphs].map(({ sha256, weights }) => ({
        sha256,
        weightsSha256: weights.map((file) => file.sha256),
      })),
      intendedUse: model.intendedUse,
    },
    inputs,
    options: recordedOptions(options, call),
    assumed,
    warnings: model.warnings,
  };
}

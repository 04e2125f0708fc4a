/**
 * The record of a run: how it was made and what became of each slide, as JSON. record-file.ts says how it is written.
 */
import type { ErrorCode, Stage } from '../core/errors.js';
import { realFileSystem, type FileSystem } from '../runs/file-system.js';
import type { AppliedColour, SelectionStep, SlideResult, StageTiming } from '../scoring/result.js';
import {
  libraryVersions,
  RecordFile,
  stateOf,
  type LibraryVersions,
  type RecordEnd,
  type RecordFacts,
  type RunState,
} from './record-file.js';

export { libraryVersions, type LibraryVersions, type RecordFacts };

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

export class RunRecord {
  readonly #slides: RecordedSlide[];
  readonly #stages = new Map<Stage, StageTiming>();

  private constructor(
    private readonly file: RecordFile,
    slides: readonly RecordedSlide[],
  ) {
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
    const pending = slides.map((slide): RecordedSlide => ({ ...nothingYet, ...slide }));
    const record = new RunRecord(await RecordFile.of(path, facts, versions, fs), pending);
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
  async end(error: RecordEnd | null): Promise<void> {
    await this.#write(stateOf(error), error?.reason);
  }

  async #write(state: RunState, reason: unknown): Promise<void> {
    const more = { counts: this.#counts(), stages: [...this.#stages.values()] };
    await this.file.write(state, reason, more, { name: 'slides', items: this.#slides });
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

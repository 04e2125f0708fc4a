/**
 * embedDirectory: a file of features for each slide. A file is its own journal: it is there, whole and synced, or not at
 * all, and holds what its bytes depend on. Order matters, for a run may be killed at any point:
 *
 *   read the folder                    nothing written
 *   lock the folder of the output      one writer
 *   load the model                     what is wrong with it, or with the options for it, ends the run here
 *   look at the files that are there   `resume` keeps those that this run would write, and refuses others
 *   embed; one synced file per slide   what is wrong with a slide is that slide's
 */
import { mkdir } from 'node:fs/promises';
import { dirname, join, parse } from 'node:path';

import { fromNative, MicrotomeError } from '../../core/errors.js';
import { removeLeftovers } from '../../runs/durable.js';
import { ioFailure } from '../../runs/failure.js';
import { errnoOf, realFileSystem } from '../../runs/file-system.js';
import { lockOutput, type OutputLock } from '../../runs/lock.js';
import type { OutcomeQueue } from '../../runs/outcome-queue.js';
import { isThere } from '../../runs/output-files.js';
import { prepareRun, type PreparedRun, type RunSource } from '../../runs/prepare.js';
import { followSignal, startLoop, type Stop } from '../../runs/run-loop.js';
import { RunProgress } from '../../runs/run-progress.js';
import { rowsMismatch, type RunRow } from '../../runs/rows.js';
import { sourceOf } from '../../runs/score-directory.js';
import { tellModel, tellNotRead } from '../../runs/tell.js';
import type { EncodingScorer, Scorer } from '../../scoring/scorer.js';
import { checkMask } from '../../slide/mask-digest.js';
import { readIdentity } from '../features/read-identity.js';
import { parseEmbedRun, type ParsedEmbedRun } from './embed-options.js';
import { embedOne } from './embed-one.js';
import { gridOf, refuseExisting } from './embed-slide.js';
import type { Input } from '../../slide/byte-source.js';
import { encodingScorer, featureOutputOf, type FeatureOutput } from './encode.js';
import { endsRun } from './ends-run.js';
import { checkIdentity, identityText, runIdentity, type RunIdentity } from './identity.js';
import type { Grid } from './layout.js';
import { removeUnfinished } from '../file-places.js';
import { checkTileFiles, TileFiles } from './tile-files.js';
import type {
  EmbeddedSlide,
  EmbedDirectoryOptions,
  EmbedOutcome,
  EmbedResult,
  EmbedRun,
  EmbedSummary,
} from './types.js';

/**
 * Writes an HDF5 file of features and coordinates for each slide of a folder, or of a list of slides and folders:
 * `output/<name of the slide>.h5`. A slide that fails does not stop the others. `resume` keeps each file that this run would
 * write alike, and refuses to go on where one was made in another way (RESUME_REFUSED says what differs).
 *
 * Nothing starts before the run is iterated or `done` is read. Both reject with a {@link MicrotomeError}, or with
 * `signal.reason`.
 *
 * @throws INVALID_OPTION, FILE_NOT_FOUND, ROWS_MISMATCH (two slides for one file), OUTPUT_EXISTS, OUTPUT_LOCKED,
 * RESUME_REFUSED, DISK_FULL, and what createScorer throws
 * @example
 * ```ts
 * const run = embedDirectory('slides', { model: 'encoder.onnx', mpp: 0.5, output: 'features' });
 * for await (const outcome of run) console.log(outcome.ok ? outcome.result.output : outcome.error.message);
 * const { counts } = await run.done;
 * ```
 */
export function embedDirectory(
  slides: string | URL | readonly (string | URL)[],
  options: EmbedDirectoryOptions,
): EmbedRun {
  const source = sourceOf(slides);
  return startLoop((queue, stop) => new Embedding(source, queue, stop).run(options));
}

/** One slide and its file. */
interface Target {
  readonly row: RunRow;
  readonly output: string;
}

interface Work {
  readonly parsed: ParsedEmbedRun;
  readonly scorer: EncodingScorer;
  readonly lock: OutputLock;
  readonly modelOutput: FeatureOutput;
  readonly grid: Grid;
  readonly tileFiles: TileFiles | null;
  readonly identity: RunIdentity;
  readonly progress: RunProgress;
}

class Embedding {
  constructor(
    private readonly source: RunSource,
    private readonly queue: OutcomeQueue<EmbedOutcome>,
    private readonly stop: Stop,
  ) {}

  async run(given: EmbedDirectoryOptions): Promise<EmbedSummary> {
    const beganMs = performance.now();
    const parsed = parseEmbedRun(given);
    const { signal } = this.stop.controller;
    const unlink = followSignal(parsed.run.signal, this.stop);
    try {
      signal.throwIfAborted();
      const prepared = await prepareRun(this.source, parsed.run, realFileSystem);
      const targets = targetsOf(parsed.output, prepared.rows);
      await checkMask(parsed.run.scorer.mask ?? null, signal);
      tellNotRead(parsed.run, prepared);
      await makeFolder(parsed.output);
      const lock = await lockOutput(join(parsed.output, 'embed'), realFileSystem, undefined, signal);
      try {
        return await this.locked(parsed, prepared, targets, lock, beganMs);
      } finally {
        await lock.release();
      }
    } finally {
      unlink();
    }
  }

  private async locked(
    parsed: ParsedEmbedRun,
    prepared: PreparedRun,
    targets: readonly Target[],
    lock: OutputLock,
    beganMs: number,
  ): Promise<EmbedSummary> {
    const { run, features } = parsed;
    const { resume, overwrite } = run;
    if (!resume && !overwrite) for (const { output } of targets) await refuseExisting(output);
    await checkTileFiles(run.files, pathsOf(targets), outputsOf(targets), resume || overwrite);
    const scorer = await encodingScorer({ ...run.scorer, signal: this.stop.controller.signal });
    try {
      tellModel(run, scorer.model);
      const modelOutput = featureOutputOf(scorer, features);
      const identity = await runIdentity(scorer, run, features, modelOutput);
      const tileFiles = await openTileFiles(parsed, scorer, targets, this.stop.controller.signal);
      const there = resume ? await finishedOf(targets, identity, tileFiles) : new Set<Target>();
      const todo = targets.filter((target) => !there.has(target));
      const bytes = todo.reduce((sum, { row }) => sum + Number(row.slide?.identity.size ?? 0), 0);
      const progress = new RunProgress(targets.length, there.size, bytes, run.onProgress);
      const grid = gridOf(scorer, run.scorer);
      const work: Work = { parsed, scorer, lock, modelOutput, grid, tileFiles, identity, progress };
      const failures = await this.embedAll(work, todo);
      const summary = summaryOf(targets, there, failures, prepared, work);
      const [first] = [...failures.values()];
      if (run.onError === 'error' && first !== undefined) throw first;
      return { ...summary, elapsedMs: performance.now() - beganMs };
    } finally {
      await scorer.close();
    }
  }

  /** The errors of the slides that failed, in the order of the slides. */
  private async embedAll(work: Work, todo: readonly Target[]): Promise<ReadonlyMap<Target, MicrotomeError>> {
    const { controller } = this.stop;
    const failures = new Map<Target, MicrotomeError>();
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let position = next++; position < todo.length; position = next++) {
        await this.queue.roomFor(position);
        controller.signal.throwIfAborted();
        const target = todo[position] as Target;
        const result = await this.embed(work, target);
        if (result instanceof MicrotomeError) {
          failures.set(target, result);
          const path = target.row.slide?.path ?? target.row.name;
          this.queue.put(position, { ok: false, path, error: result });
        } else this.queue.put(position, { ok: true, result });
      }
    };
    const { slidesInFlight } = work.parsed.run;
    const workers = Array.from({ length: Math.min(slidesInFlight, todo.length) }, () =>
      worker().catch((error: unknown) => controller.abort(error)),
    );
    await Promise.all(workers);
    controller.signal.throwIfAborted();
    return new Map(
      todo.flatMap((target) => (failures.has(target) ? [[target, failures.get(target) as MicrotomeError]] : [])),
    );
  }

  /** The slide's own failure is a value; a failure of the whole run is thrown. */
  private async embed(work: Work, { row, output }: Target): Promise<EmbedResult | MicrotomeError> {
    const { scorer, progress, lock, parsed } = work;
    const { signal } = this.stop.controller;
    progress.started(row.index, Number(row.slide?.identity.size ?? 0));
    const result = await (async () => {
      if (row.failure !== undefined) return row.failure;
      const { path, identity, input = path } = row.slide as NonNullable<RunRow['slide']>;
      try {
        await makeFolder(dirname(output));
        await removeLeftovers(output, async () => false);
        const { limits, slideMpp, storage } = parsed.run.scorer;
        const options = {
          signal,
          onProgress: (moved: Parameters<RunProgress['moved']>[1]) => progress.moved(row.index, moved),
          ...(limits === undefined ? {} : { limits }),
          ...(slideMpp === undefined ? {} : { slideMpp }),
          ...(storage === undefined ? {} : { storage }),
        };
        const { features } = parsed;
        const { modelOutput, grid } = work;
        const text = identityText(work.identity, identity);
        const beforeRename = (): Promise<void> => lock.assertHeld();
        return await embedOne({
          scorer,
          // The input of a run may be an address that is known by its ETag too.
          input: input as Input,
          options,
          features,
          modelOutput,
          grid,
          output,
          tileFiles: work.tileFiles,
          identity: text,
          beforeRename,
        });
      } catch (error) {
        signal.throwIfAborted();
        const failure = fromNative(error, path);
        if (await endsRun(scorer, failure)) throw failure;
        signal.throwIfAborted();
        return failure;
      }
    })();
    const failed = result instanceof MicrotomeError;
    progress.finished(row.index, !failed, failed ? 0 : result.tiles);
    return result;
  }
}

/** Throws ROWS_MISMATCH where two slides would have one file. */
function targetsOf(folder: string, rows: readonly RunRow[]): readonly Target[] {
  const targets = rows.map((row): Target => {
    const { dir, name } = parse(row.name);
    return { row, output: join(folder, dir, `${name}.h5`) };
  });
  const names = new Map<string, string>();
  for (const { row, output } of targets) {
    const other = names.get(output);
    if (other !== undefined) {
      const advice = 'give them different names, or embed them into different folders';
      throw rowsMismatch([`${other} and ${row.name} would both be written to ${output}`], advice);
    }
    names.set(output, row.name);
  }
  return targets;
}

/** Throws INVALID_OPTION for what is no folder, DISK_FULL, FILE_UNREADABLE. */
async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: unknown) => {
    if (errnoOf(error) === 'EEXIST' || errnoOf(error) === 'ENOTDIR') {
      const found = `${path} is, or lies in, something that is not a folder`;
      throw new MicrotomeError('INVALID_OPTION', 'options', found, { path, advice: 'name a folder' });
    }
    throw ioFailure(error, 'make the folder', path);
  });
}

const pathsOf = (targets: readonly Target[]): readonly string[] =>
  targets.flatMap(({ row }) => (row.slide === null ? [] : [row.slide.path]));

const outputsOf = (targets: readonly Target[]): readonly string[] => targets.map(({ output }) => output);

/** The caller holds the lock. */
async function openTileFiles(
  { run }: ParsedEmbedRun,
  scorer: Scorer,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<TileFiles | null> {
  if (run.files.kinds.length === 0) return null;
  const files = await TileFiles.open(run.files, scorer, { ...run.scorer, signal });
  await removeUnfinished(run.files, pathsOf(targets));
  return files;
}

/** The slides whose files are there as this run would write them. Throws RESUME_REFUSED for a file that is another one. */
async function finishedOf(
  targets: readonly Target[],
  identity: RunIdentity,
  tileFiles: TileFiles | null,
): Promise<ReadonlySet<Target>> {
  const there = new Set<Target>();
  for (const target of targets) {
    const { slide } = target.row;
    if (slide === null || !(await isThere(target.output, realFileSystem))) continue;
    checkIdentity(target.output, await readIdentity(target.output), identityText(identity, slide.identity));
    if (tileFiles === null || (await tileFiles.areThere(slide.path))) there.add(target);
  }
  return there;
}

function summaryOf(
  targets: readonly Target[],
  there: ReadonlySet<Target>,
  failures: ReadonlyMap<Target, MicrotomeError>,
  { notRead = [] }: PreparedRun,
  { parsed, scorer, progress }: Work,
): Omit<EmbedSummary, 'elapsedMs'> {
  const slides = targets.map((target): EmbeddedSlide => {
    const { output, row } = target;
    const error = failures.get(target)?.code ?? null;
    const status = there.has(target) ? 'resumed' : error === null ? 'embedded' : 'failed';
    return { name: row.name, output, status, error };
  });
  const counts = { embedded: 0, resumed: 0, failed: 0 };
  for (const { status } of slides) ++counts[status];
  const { name, sha256, intendedUse } = scorer.model;
  const model = { name, sha256, intendedUse };
  return { output: parsed.output, slides, counts, notRead, tiles: progress.tiles, model };
}

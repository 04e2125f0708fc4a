/**
 * Scores the rows of a run over lesion images: many images are given to the scorer at once, and a few such batches are under way
 * so that it never waits for JavaScript. What is wrong with an image is that image's; a failure of a whole batch ends the
 * run. Scores are in the journal, on disk, before they are reported.
 */
import { MicrotomeError, fromNative } from '../../core/errors.js';
import { optionMark } from '../../core/option-names.js';
import { Turns } from '../../core/turns.js';
import type { Model } from '../../model/model.js';
import type { ImageBatch, ImageBatchOptions, ImageNote, ImageRows } from '../../scoring/image-scorer.js';
import { heldTo } from '../../scoring/result.js';
import { isClipped, rangeFailure } from '../../scoring/score-range.js';
import type { Clock } from '../clock.js';
import type { OnError } from '../generated-types.js';
import type { Journal } from '../journal.js';
import { shown } from '../names.js';
import type { OutcomeQueue } from '../outcome-queue.js';
import { rowsMismatch } from '../rows.js';
import type { RowSource } from '../types.js';
import type { ClinicalTable } from './clinical-values.js';
import type { FoundImages } from './found-images.js';
import { journalGroup, type ScoredGroup } from './image-journal.js';
import type { ImageRunProgress } from './image-progress.js';
import type { ImageResults } from './image-results.js';
import type { ImageRowList } from './image-rows.js';
import type { FailedImage, ImageOutcomes } from './types.js';

/** Rows that are worked on, journalled and reported together. */
const kAtOnce = 1024;
/** With a deadline: what is under way when the time is up is lost. */
const kAtOnceInTime = 256;
/** Characters of the names of these rows: a line of the journal is no longer than its reader takes. */
const kMostNameChars = 128 * 1024;
/** Batches under way. */
const kInFlight = 3;

/** The part of a scorer that a run uses. */
export interface BatchScorer {
  readonly model: Model;
  score(batch: ImageBatch, options?: ImageBatchOptions): Promise<ImageRows>;
}

export interface ScoreImagesInput {
  readonly rows: ImageRowList;
  readonly found: FoundImages;
  readonly results: ImageResults;
  readonly scorer: BatchScorer;
  /** What the model reads of the metadata; null: nothing. */
  readonly clinical: ClinicalTable | null;
  /** What stands in for an image that has no score; null: nothing. */
  readonly fallback: number | null;
  readonly onError: OnError;
  /** A status column says of a row that it failed. */
  readonly hasStatus: boolean;
  readonly journal: Journal | null;
  readonly queue: OutcomeQueue<ImageOutcomes>;
  readonly progress: ImageRunProgress;
  readonly clock: Clock;
  /** On the clock, when nothing is scored any more; null: the run has all the time it needs. */
  readonly lastCallMs: number | null;
  /** Ends the run; also aborted from here, by a failure of the whole run. */
  readonly controller: AbortController;
}

/** Rows without a score yet, cut into what is worked on at once. */
async function* chunksOf({ rows, results, lastCallMs }: ScoreImagesInput): AsyncGenerator<number[]> {
  const atOnce = lastCallMs === null ? kAtOnce : kAtOnceInTime;
  const turns = new Turns();
  let chunk: number[] = [];
  let chars = 0;
  for (const [row, name] of rows.names.entries()) {
    if (turns.isOver) await turns.next();
    if (results.source(row) !== null) continue;
    if (chunk.length > 0 && (chunk.length === atOnce || chars + name.length > kMostNameChars)) {
      yield chunk;
      [chunk, chars] = [[], 0];
    }
    chunk.push(row);
    chars += name.length;
  }
  if (chunk.length > 0) yield chunk;
}

export async function scoreImageRows(input: ScoreImagesInput): Promise<void> {
  const { controller, clock, lastCallMs, queue } = input;
  const timeUp = new AbortController();
  const signal = AbortSignal.any([controller.signal, timeUp.signal]);
  const callOff =
    lastCallMs === null
      ? null
      : clock.after(lastCallMs - clock.nowMs(), () => {
          timeUp.abort(outOfTime());
          // Nobody waits for a loop that is slow to take what is finished.
          queue.release();
        });
  const chunks = chunksOf(input);
  let position = 0;
  const work = async (): Promise<void> => {
    for (;;) {
      // Both in one turn: chunks and positions have the same order.
      const next = chunks.next();
      const at = position++;
      const { value: chunk, done } = await next;
      if (done === true) return;
      await queue.roomFor(at);
      controller.signal.throwIfAborted();
      queue.put(at, await scoreChunk(input, chunk, signal, timeUp.signal));
    }
  };
  try {
    const workers = Array.from({ length: kInFlight }, () => work().catch((error: unknown) => controller.abort(error)));
    await Promise.all(workers);
  } finally {
    callOff?.();
  }
  controller.signal.throwIfAborted();
}

function outOfTime(): MicrotomeError {
  const advice = `allow more time, or pass more ${optionMark('threads')}`;
  return new MicrotomeError('DEADLINE', 'infer', 'the time of the run was up', { advice });
}

/** One error for each image that failed, by its place in the chunk. */
type Failures = Map<number, { readonly error: MicrotomeError; readonly isMissing: boolean }>;

async function scoreChunk(
  input: ScoreImagesInput,
  chunk: readonly number[],
  signal: AbortSignal,
  timeUp: AbortSignal,
): Promise<ImageOutcomes> {
  const { rows, found, results, scorer, journal, progress } = input;
  const failures: Failures = new Map();
  /** Places in the chunk of what is scored. */
  const asked: number[] = [];
  const turns = new Turns(input.controller.signal);
  for (const [place, row] of chunk.entries()) {
    const error = unscorable(input, row);
    if (error === null) asked.push(place);
    else failures.set(place, error);
    if (turns.isOver) await turns.next();
  }
  const outputs = new Map(scorer.model.outputs.map(({ name }) => [name, nothing(chunk.length)]));
  const scored = asked.length === 0 ? null : await scoreBatch(input, chunk, asked, signal, timeUp);
  let group: CheckedGroup | null = null;
  if (scored instanceof MicrotomeError) {
    for (const place of asked) failures.set(place, { error: scored, isMissing: false });
  } else if (scored !== null) {
    group = checked(input, chunk, asked, scored);
    for (const [at, error] of group.failures) failures.set(asked[at] ?? 0, { error, isMissing: false });
    await journal?.appendGroup(journalGroup(group, rows, found));
    note(input, group);
    fill(outputs, scorer.model, asked, scored, group);
  }
  const failed = await noteFailures(input, chunk, failures);
  const idle = group === null ? failures.size : failures.size - group.errors.size;
  progress.finished(chunk.length - failures.size, failures.size, idle);
  const first = outputs.get(scorer.model.outputs[0]?.name ?? '') ?? nothing(chunk.length);
  const placed = ({ index, note: text }: { readonly index: number; readonly note: string }) => ({
    index: asked[index] ?? 0,
    note: text,
  });
  return {
    names: chunk.map((row) => results.names[row] ?? ''),
    scores: first,
    outputs,
    failures: failed,
    notes: (group?.notes ?? []).map(placed),
    clipped: (group?.clipped ?? []).map((at) => asked[at] ?? 0),
  };
}

const nothing = (length: number): Float64Array => new Float64Array(length).fill(Number.NaN);

/** Why the scorer is not asked; null: it is. */
function unscorable({ rows, found, clinical }: ScoreImagesInput, row: number) {
  const image = rows.images[row] ?? -1;
  const unsafe = found.unsafe.get(image);
  if (unsafe !== undefined) return { error: unsafe, isMissing: false };
  if (image >= 0) {
    const error = clinical?.failure(rows.names[row] ?? '') ?? null;
    return error === null ? null : { error, isMissing: false };
  }
  // That rows may be without an image was asked for: no advice to ask for it.
  const reason = `${shown(rows.names[row] ?? '')}: ${rows.without.get(row) ?? 'no image'}`;
  return { error: rowsMismatch([reason], 'make the named files agree'), isMissing: true };
}

/** DEADLINE where the time is up, before or while the images are scored. */
async function scoreBatch(
  { rows, found, scorer, clinical, controller }: ScoreImagesInput,
  chunk: readonly number[],
  asked: readonly number[],
  signal: AbortSignal,
  timeUp: AbortSignal,
): Promise<ImageRows | MicrotomeError> {
  const images = asked.map((place) => rows.images[chunk[place] ?? -1] ?? -1);
  try {
    if (timeUp.aborted) return timeUp.reason as MicrotomeError;
    const values =
      clinical === null ? null : asked.map((place) => clinical.values(rows.names[chunk[place] ?? 0] ?? ''));
    return await scorer.score(found.batch(images), { signal, ...(values === null ? {} : { clinical: values }) });
  } catch (error) {
    controller.signal.throwIfAborted();
    if (timeUp.aborted) return timeUp.reason as MicrotomeError;
    throw fromNative(error, found.from);
  }
}

type CheckedGroup = ScoredGroup & { readonly failures: ReadonlyMap<number, MicrotomeError> };

/** A value that cannot be written fails its image, as a slide. */
function checked(
  { rows, found, results, scorer, clinical }: ScoreImagesInput,
  chunk: readonly number[],
  asked: readonly number[],
  scored: ImageRows,
): CheckedGroup {
  const { model } = scorer;
  const failures = new Map(scored.failures.map(({ index, error }) => [index, error]));
  const columns = model.outputs.map(({ name }) => scored.outputs.get(name) ?? nothing(asked.length));
  const scores = Float64Array.from(columns[0] ?? nothing(asked.length));
  const wanted = columns.slice(0, 1 + results.further.length);
  for (let at = 0; at < asked.length; ++at) {
    if (failures.has(at)) continue;
    const name = rows.names[chunk[asked[at] ?? 0] ?? 0] ?? '';
    const bad = wanted.findIndex((values) => !Number.isFinite(values[at]));
    const failure =
      bad < 0
        ? rangeFailure(scores[at] ?? Number.NaN, model, name)
        : notFinite(model.outputs[bad]?.name ?? '', wanted[bad]?.[at], name, found.from);
    if (failure !== null) failures.set(at, failure);
  }
  for (const at of failures.keys()) scores[at] = Number.NaN;
  const notes: ImageNote[] = [];
  if (clinical !== null)
    for (const [index, place] of asked.entries())
      for (const note of clinical.notes(rows.names[chunk[place] ?? 0] ?? '')) notes.push({ index, note });
  const further = wanted.slice(1).map((values) => values.map((value, at) => (failures.has(at) ? Number.NaN : value)));
  return {
    rows: asked.map((place) => chunk[place] ?? 0),
    scores,
    further,
    errors: new Map([...failures].map(([at, { code }]) => [at, code])),
    failures,
    clipped: scored.clipped.filter((at) => !failures.has(at)),
    notes: [...scored.notes, ...notes].filter(({ index }) => !failures.has(index)),
  };
}

function notFinite(output: string, value: number | undefined, name: string, path: string): MicrotomeError {
  const found = `the output ${shown(output)} of ${shown(name)} is ${value ?? 'not there'}`;
  return new MicrotomeError('OUTPUT_NOT_FINITE', 'aggregate', found, { path });
}

function note({ results }: ScoreImagesInput, group: CheckedGroup): void {
  for (const [at, row] of group.rows.entries()) {
    if (group.failures.has(at)) continue;
    results.scored(row, group.scores[at] ?? Number.NaN, 'scored');
    group.further.forEach((values, i) => {
      const into = results.further[i];
      if (into !== undefined) into[row] = values[at] ?? Number.NaN;
    });
  }
  results.clipped += group.clipped.length;
  for (const { index, note: text } of group.notes) results.notes.add(text, results.names[group.rows[index] ?? 0] ?? '');
}

/** What the caller is given: held to the range of each output that has one. */
function fill(
  outputs: ReadonlyMap<string, Float64Array>,
  model: Model,
  asked: readonly number[],
  scored: ImageRows,
  group: CheckedGroup,
): void {
  for (const [i, { name, clip, clipDeclared }] of model.outputs.entries()) {
    const [into, from] = [outputs.get(name), scored.outputs.get(name)];
    if (into === undefined || from === undefined) continue;
    const range = i === 0 || clipDeclared ? clip : null;
    asked.forEach((place, at) => {
      if (!group.failures.has(at)) into[place] = heldTo(from[at] ?? Number.NaN, range);
    });
  }
}

async function noteFailures(
  input: ScoreImagesInput,
  chunk: readonly number[],
  failures: Failures,
): Promise<FailedImage[]> {
  const { results, onError, fallback, hasStatus, scorer } = input;
  const failed: FailedImage[] = [];
  const turns = new Turns(input.controller.signal);
  const [output] = scorer.model.outputs;
  const isHeld = fallback !== null && output !== undefined && isClipped(fallback, output);
  for (const [index, { error, isMissing }] of failures) {
    const row = chunk[index] ?? 0;
    const value = isMissing || onError === 'fallback' ? fallback : null;
    results.unscored(row, error, value, sourceOf(value, isMissing, onError, hasStatus));
    if (value !== null && isHeld) ++results.clipped;
    failed.push({ index, name: results.names[row] ?? '', error, fallback: value });
    if (turns.isOver) await turns.next();
  }
  return failed.sort((a, b) => a.index - b.index);
}

function sourceOf(value: number | null, isMissing: boolean, onError: OnError, hasStatus: boolean): RowSource {
  if (value !== null) return isMissing ? 'missing' : 'fallback';
  return onError === 'skip' && !isMissing && !hasStatus ? 'skipped' : 'failed';
}

/** scoreSlide: one slide, one score, and the files that are asked for. */

import { MicrotomeError } from '../core/errors.js';
import { parseScorerOptions } from '../options/score-options.js';
import { optionRows } from '../options/table.js';
import type { ScoreOptions } from '../options/types.js';
import type { SlideResult } from '../scoring/result.js';
import { createParsedScorer, type Scorer } from '../scoring/scorer.js';
import { placeOf } from '../slide/byte-source.js';
import type { Input, Place } from '../slide/byte-source.js';
import { parseFileOptions, type FileOptions } from './file-options.js';
import { checkFilePlaces, makeFolders, refuseExistingFiles } from './file-places.js';
import { RunRecord } from './run-record.js';
import {
  needsTiles,
  possibleKinds,
  prepareFiles,
  withFileWarnings,
  withoutTiles,
  writeFiles,
  type FileMaker,
} from './slide-files.js';

const fileOptionNames = optionRows.filter((row) => row.in.includes('files')).map((row) => row.name);

function isFileOption([name]: [string, unknown]): boolean {
  return fileOptionNames.includes(name);
}

/**
 * Scores one slide: finds its tissue, runs the model over the tiles, and aggregates. For more than one slide use
 * {@link createScorer}, which loads the model once. The score is given as the model makes it: one that is no probability, of a
 * model that declares no range, comes with a warning here, and is an error in {@link scoreDirectory}.
 *
 * With the options of {@link SlideFileOptions} it also writes what was found of each tile, and pictures of it. All files are
 * there when it resolves; of a file that could not be written nothing is left.
 *
 * @param input - A path, a `file:` URL, or a {@link ByteSource}.
 * @throws {@link MicrotomeError} what {@link openSlide} and {@link createScorer} throw, and MPP_UNKNOWN,
 * LEVEL_OUT_OF_RANGE, NO_TISSUE, UNSUPPORTED_PIXELS, CORRUPT_TILE, OUTPUT_NOT_FINITE, OUTPUT_SHAPE, CLINICAL_MISSING,
 * CLINICAL_INVALID, CLINICAL_UNKNOWN; with files OUTPUT_EXISTS, DISK_FULL. Rejects with `signal.reason` after an abort.
 * @example
 * ```ts
 * const { score, outputs, read } = await scoreSlide('slide.tif', { model: 'demo' });
 * await scoreSlide('slide.tif', { model: 'demo', outputFolder: 'results' });
 * ```
 */
export async function scoreSlide(input: Input, options: ScoreOptions): Promise<SlideResult> {
  const isObject = typeof options === 'object' && options !== null;
  const entries = isObject ? Object.entries(options) : [];
  const files = parseFileOptions(Object.fromEntries(entries.filter(isFileOption)));
  const rest = entries.filter((entry) => !isFileOption(entry));
  const parsed = parseScorerOptions((isObject ? Object.fromEntries(rest) : options) as ScoreOptions, fileOptionNames);
  const place = placeOf(input);
  await checkFiles(files, place);
  const scorer = await createParsedScorer(parsed);
  try {
    if (files.kinds.length === 0 && files.runRecord === null) return await scorer.score(input);
    const kinds = possibleKinds(files.kinds, scorer.model, parsed.slide);
    const maker = { options: { ...files, kinds }, model: scorer.model, slide: parsed.slide };
    return await scoreWithFiles(scorer, input, place, maker, Object.fromEntries(entries));
  } finally {
    await scorer.close();
  }
}

async function checkFiles(files: FileOptions, place: Place): Promise<void> {
  const taken = files.runRecord === null ? [] : [[files.runRecord, 'the record of the run'] as const];
  checkFilePlaces(files, [place.name], new Map(taken));
  if (!files.overwrite) await refuseExistingFiles(files, [place.name]);
}

async function scoreWithFiles(
  scorer: Scorer,
  input: Input,
  place: Place,
  maker: FileMaker,
  given: Readonly<Record<string, unknown>>,
): Promise<SlideResult> {
  const { options, model, slide } = maker;
  await makeFolders(options);
  const facts = {
    model,
    call: 'slide' as const,
    options: given,
    device: scorer.device,
    deviceUse: scorer.deviceUse,
    inputs: {},
  };
  const { runRecord } = options;
  const named = [{ name: place.name, path: place.name }];
  const record = runRecord === null ? null : await RunRecord.begin(runRecord, facts, named);
  try {
    const keepsTiles = slide.tiles === true;
    const scored = await scorer.score(input, needsTiles(options.kinds) ? { tiles: true } : {});
    const prepared = await prepareFiles(maker, place, scored);
    const result = withFileWarnings(scored, maker, prepared);
    const written = await writeFiles(maker, prepared);
    record?.slide(0, { state: 'done', score: result.score, files: written }, result);
    await record?.end(null);
    return keepsTiles ? result : withoutTiles(result);
  } catch (reason) {
    const wasStopped = slide.signal?.aborted === true;
    if (reason instanceof MicrotomeError) record?.slide(0, { state: 'failed', error: reason.code }, null);
    // The reason counts, not that the record cannot be completed either.
    await record?.end({ reason, wasStopped }).catch(() => undefined);
    throw reason;
  }
}

/** embedSlide: the features of one slide. */
import { access } from 'node:fs/promises';

import { MicrotomeError } from '../../core/errors.js';
import { parseScorerOptions, slideSettings } from '../../options/score-options.js';
import type { ScorerOptions } from '../../options/types.js';
import { parseDirectoryOptions } from '../../runs/directory-options.js';
import { realFileSystem } from '../../runs/file-system.js';
import { slideAt, type SlideIdentity } from '../../runs/slide-files.js';
import { SlideParts } from '../../runs/slide-parts.js';
import type { Scorer } from '../../scoring/scorer.js';
import { placeOf, type Input } from '../../slide/byte-source.js';
import type { StorageSettings } from '../../storage/options.js';
import { objectIdentity, RemoteSlide } from '../../storage/remote-slide.js';
import { parseEmbedOptions } from './embed-options.js';
import { embedOne } from './embed-one.js';
import { encodingScorer, featureOutputOf } from './encode.js';
import { identityText, runIdentity } from './identity.js';
import type { Grid } from './layout.js';
import { checkTileFiles, TileFiles } from './tile-files.js';
import type { EmbedOptions, EmbedResult } from './types.js';

/**
 * Runs a model over the tiles of a slide and writes its output for each of them, and where the tile is, to an HDF5 file that
 * TRIDENT and CLAM read. For more than one slide use {@link embedDirectory}, which loads the model once.
 *
 * @throws {@link MicrotomeError} what {@link scoreSlide} throws, and OUTPUT_EXISTS, OUTPUT_OUT_OF_RANGE (float16), DISK_FULL.
 * Rejects with `signal.reason` after an abort. Then there is no new file.
 * @example
 * ```ts
 * const { tiles, columns } = await embedSlide('slide.tif', { model: 'encoder.onnx', mpp: 0.5, output: 'slide.h5' });
 * ```
 */
export async function embedSlide(input: Input, options: EmbedOptions): Promise<EmbedResult> {
  const { features, scorer: given, files, output, overwrite } = parseEmbedOptions(options);
  const run = parseDirectoryOptions(given);
  const place = placeOf(input);
  if (!overwrite) await refuseExisting(output);
  await checkTileFiles(files, [place.name], [output], overwrite);
  const { slide: own } = parseScorerOptions(given);
  const slide = await slideIdentity(place, own.storage, own.signal);
  const scorer = await encodingScorer(given);
  try {
    const modelOutput = featureOutputOf(scorer, features);
    const identity = identityText(await runIdentity(scorer, run, features, modelOutput), slide);
    const beforeRename = async (): Promise<void> => (overwrite ? undefined : await refuseExisting(output));
    const grid = gridOf(scorer, given);
    const { signal } = given;
    const slideOptions = signal === undefined ? {} : { signal };
    const opening = { ...slideOptions, ...pick(given) };
    const tileFiles = files.kinds.length === 0 ? null : await TileFiles.open(files, scorer, given);
    const job = { scorer, input, options: opening, features, modelOutput, grid, output, identity, tileFiles };
    return await embedOne({ ...job, beforeRename });
  } finally {
    await scorer.close();
  }
}

/** What is needed to open the slide; the scorer has the other options. */
function pick({ limits, slideMpp, storage }: ScorerOptions): Pick<ScorerOptions, 'limits' | 'slideMpp' | 'storage'> {
  return {
    ...(limits === undefined ? {} : { limits }),
    ...(slideMpp === undefined ? {} : { slideMpp }),
    ...(storage === undefined ? {} : { storage }),
  };
}

/** Of the tiles of a scorer with these options. */
export function gridOf(scorer: Scorer, given: ScorerOptions): Grid {
  const { slide } = parseScorerOptions({ ...slideOnly(given), model: scorer.model });
  const { sizePx = 0, stridePx = 0 } = slideSettings(slide, scorer.model).grids[0] ?? {};
  return { sizePx, stridePx };
}

function slideOnly({ mpp, level, tile }: ScorerOptions): Pick<ScorerOptions, 'mpp' | 'level' | 'tile'> {
  return {
    ...(mpp === undefined ? {} : { mpp }),
    ...(level === undefined ? {} : { level }),
    ...(tile === undefined ? {} : { tile }),
  };
}

/** Throws OUTPUT_EXISTS. */
export async function refuseExisting(output: string): Promise<void> {
  const isThere = await access(output).then(
    () => true,
    () => false,
  );
  if (isThere) throw new MicrotomeError('OUTPUT_EXISTS', 'csv', `${output} is there already`, { path: output });
}

/** A source of bytes is known by its size alone. */
async function slideIdentity(
  { name, at }: ReturnType<typeof placeOf>,
  storage: StorageSettings | null,
  signal: AbortSignal | null,
): Promise<Omit<SlideIdentity, 'inode'>> {
  if (at instanceof RemoteSlide) return objectIdentity(await at.look(storage, signal));
  if (typeof at !== 'string') return { size: String(at.size), mtimeNs: 'none' };
  const found = await slideAt(at, name, realFileSystem, 'slide', new SlideParts(realFileSystem, signal));
  if ('failure' in found) throw found.failure;
  return found.identity;
}

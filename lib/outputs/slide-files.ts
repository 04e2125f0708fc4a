/** Writes the files of one slide: what is needed of the slide is read again, and a worker thread makes the files. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { runJob, unlessAborted, type Job } from '../core/cancel.js';
import { MicrotomeError, native } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { packageFile } from '../core/package-root.js';
import { withJson } from '../core/plain-json.js';
import type { Model } from '../model/model.js';
import type { NativeMask, NativeRegion, NativeSlide } from '../native/contract.js';
import { openOptionsOf, slideSettings, type ParsedSlideScore } from '../options/score-options.js';
import { asideOf, removeIfThere, syncFolderOf } from '../runs/durable.js';
import { ioFailure } from '../runs/failure.js';
import { realFileSystem, type FileSystem } from '../runs/file-system.js';
import type { SlideResult } from '../scoring/result.js';
import type { Place } from '../slide/byte-source.js';
import { maskSource } from '../slide/mask-source.js';
import { openNativeSlide } from '../slide/slide.js';
import { copiedArray } from './copied-array.js';
import type { FileKind, FileOptions, WantedKind } from './file-options.js';
import { firstInputText } from './first-input.js';
import { filesOf, stemOf } from './file-places.js';
import type { FilesAnswer } from './files-worker.js';
import type { FilePlace, PictureJob, SlideJob } from './slide-job.js';
import { buffersOf, copiedRows, hasAttention, hasHeat, tileRows, type TileRows } from './tile-rows.js';

/** Longer side of the thumbnail below a heat map. */
const kThumbnailPx = 1280;

/** What the files of a run are made with. */
export interface FileMaker {
  readonly options: FileOptions;
  readonly model: Model;
  /** How the slides are scored. */
  readonly slide: ParsedSlideScore;
  readonly fs?: FileSystem;
}

/**
 * The kinds that the model and the options can give. Throws INVALID_OPTION where one was asked for by name that cannot be
 * had.
 */
export function possibleKinds(
  kinds: readonly WantedKind[],
  model: Model,
  slide: ParsedSlideScore,
): readonly WantedKind[] {
  const first = firstInputText(model);
  const tiles = first === null ? 'its tiles' : `the tiles of ${first}`;
  const noMask = (): boolean => slideSettings(slide, model).keep === 'all';
  const lacks = ({ kind }: WantedKind): string | null => {
    if (model.input === null) return `the model ${model.name} reads no tiles`;
    if (kind === 'maskPng' && noMask()) return `every tile is kept (${optionMark('keep', 'all')}), so there is no mask`;
    if (kind === 'heatmap' && !hasHeat(model))
      return `the score of the model ${model.name} is made from no single column of ${tiles}`;
    if (kind === 'attention' && !hasAttention(model))
      return `the model ${model.name} gives no attention for each of ${tiles}`;
    return null;
  };
  return kinds.filter((each) => {
    const why = lacks(each);
    if (why !== null && each.isNamed)
      throw new MicrotomeError('INVALID_OPTION', 'options', `${optionMark(each.kind)} was given, but ${why}`, {
        advice: `leave ${optionMark(each.kind)} out`,
      });
    return why === null;
  });
}

/** Whether files are made of the tiles' values, so that the result must keep them. */
export function needsTiles(kinds: readonly WantedKind[]): boolean {
  return kinds.some(({ kind }) => kind !== 'maskPng');
}

/** The result as it is without `tiles: true`. */
export function withoutTiles(result: SlideResult): SlideResult {
  const { tiles: _, tables: __, ...rest } = result;
  return Object.freeze(withJson(rest)) as SlideResult;
}

interface Pixels {
  readonly data: Uint8Array;
}

/** What is in a slide beyond its result. */
interface SlideParts {
  readonly slide: SlideJob['slide'];
  readonly thumbnail: NativeRegion | null;
  readonly mask: NativeMask | null;
}

/** What was read for the files of a slide; writing it cannot fail for a reason that lies in the slide. */
export interface PreparedFiles {
  readonly place: Place;
  readonly parts: SlideParts;
  readonly rows: TileRows | null;
}

/** Reads what the files need of the slide. Throws what opening and reading a slide throws. */
export async function prepareFiles(
  { options: { kinds }, model, slide }: FileMaker,
  place: Place,
  result: SlideResult,
): Promise<PreparedFiles> {
  return prepareRows({ options: { kinds }, model, slide }, place, needsTiles(kinds) ? tileRows(result, model) : null);
}

/** The same for rows that are there already; null: no file needs them. */
export async function prepareRows(
  { options: { kinds }, model, slide }: { options: Pick<FileOptions, 'kinds'> } & Omit<FileMaker, 'options'>,
  place: Place,
  rows: TileRows | null,
): Promise<PreparedFiles> {
  // The turn in which a large result was made has lasted long enough.
  await nextTurn();
  const parts = await readParts(kinds, model, slide, place);
  return { place, parts, rows: rows === null ? null : await copiedRows(rows, slide.signal) };
}

async function readParts(
  kinds: readonly WantedKind[],
  model: Model,
  options: ParsedSlideScore,
  place: Place,
): Promise<SlideParts> {
  const wants = (kind: string): boolean => kinds.some((each) => each.kind === kind);
  const wantsPicture = wants('heatmap') || wants('attention');
  if (!wantsPicture && !wants('maskPng')) return { slide: null, thumbnail: null, mask: null };
  const { signal } = options;
  const { mask, tissue, keep, onBadTile } = slideSettings(options, model);
  const opened = await openNativeSlide(place, openOptionsOf(options), signal);
  const read = <T>(call: (slide: NativeSlide) => Promise<T>): Promise<T> =>
    unlessAborted(
      signal,
      native(() => call(opened), place.name),
      () => undefined,
    );
  try {
    const thumbnail = wantsPicture ? await read((slide) => slide.thumbnail(kThumbnailPx, { onBadTile: 'fill' })) : null;
    const source = wants('maskPng') ? await maskSource(mask, keep, tissue, signal) : null;
    const found = source === null ? null : await read((slide) => slide.tissue({ mask: source, onBadTile }));
    const { levels, mpp } = opened.info;
    const size = { width: levels[0]?.width ?? 0, height: levels[0]?.height ?? 0 };
    const copied = async <T extends Pixels>(image: T | null): Promise<T | null> =>
      image === null ? null : { ...image, data: await copiedArray(image.data, signal) };
    return {
      slide: { ...size, mpp: mpp?.trusted === true ? { x: mpp.x, y: mpp.y } : null },
      thumbnail: await copied(thumbnail),
      mask: await copied(found),
    };
  } finally {
    await opened.close().catch(() => undefined);
  }
}

/**
 * Writes the files and gives them their names, when all of them are there; gives their paths. Throws DISK_FULL,
 * FILE_UNREADABLE, FILE_NOT_FOUND; then none of the files that were being written is left.
 */
export async function writeFiles(maker: FileMaker, prepared: PreparedFiles): Promise<readonly string[]> {
  const { slide, fs = realFileSystem } = maker;
  const kinds = kindsOfSlide(maker, prepared);
  const paths = filesOf(kinds, prepared.place.name).map(({ path }) => path);
  const temporary = new Map(paths.map((path) => [path, asideOf(path)]));
  try {
    await inWorker(jobOf(maker, kinds, prepared, temporary), slide.signal);
    for (const [path, aside] of temporary) await named(aside, path, fs);
    for (const { folder, suffixes } of kinds) await syncFolderOf(`${folder}/${suffixes[0]}`, fs);
    return paths;
  } catch (error) {
    for (const aside of temporary.values()) await removeIfThere(aside, fs).catch(() => false);
    throw error;
  }
}

async function named(aside: string, path: string, fs: FileSystem): Promise<void> {
  try {
    await fs.rename(aside, path);
  } catch (error) {
    throw ioFailure(error, 'write', path);
  }
}

const isDrawn = (kind: FileKind, rows: TileRows | null): boolean =>
  rows === null ||
  !((kind === 'heatmap' && rows.scoreColumn === -1) || (kind === 'attention' && rows.attentionColumn === -1));

/**
 * Those that this slide can have. Which head runs depends on the metadata of the slide, and not every one need have what a
 * picture shows.
 */
function kindsOfSlide({ options }: FileMaker, { rows }: PreparedFiles): readonly WantedKind[] {
  return options.kinds.filter(({ kind }) => isDrawn(kind, rows));
}

/**
 * The result, with a warning of each picture that was asked for by name and that this slide cannot have, and one where the
 * files leave out the tiles of other inputs.
 */
export function withFileWarnings(
  result: SlideResult,
  { options, model }: FileMaker,
  { rows }: PreparedFiles,
): SlideResult {
  const missing = options.kinds.filter(({ kind, isNamed }) => isNamed && !isDrawn(kind, rows));
  const pictures = missing.map(({ kind }) =>
    kind === 'heatmap'
      ? `${optionMark(kind)} was given, but no picture was drawn: the score of this slide is made from no single column of its tiles`
      : `${optionMark(kind)} was given, but no picture was drawn: the head that the model chose for this slide gives no attention`,
  );
  const first = rows === null ? null : firstInputText(model);
  const texts = [...pictures, ...(first === null ? [] : [`the files of the tiles have the tiles of ${first} alone`])];
  if (texts.length === 0) return result;
  return Object.freeze(withJson({ ...result, warnings: Object.freeze([...result.warnings, ...texts]) })) as SlideResult;
}

function jobOf(
  { options }: FileMaker,
  kinds: readonly WantedKind[],
  prepared: PreparedFiles,
  temporary: ReadonlyMap<string, string>,
): SlideJob {
  const { place, parts, rows } = prepared;
  const placesOf = (kind: string): readonly FilePlace[] =>
    filesOf(kinds, place.name)
      .filter((file) => file.kind === kind)
      .map(({ path }) => ({ path, temporary: temporary.get(path) ?? '' }));
  const pictures = (['heatmap', 'attention'] as const).flatMap((kind): PictureJob[] => {
    const [png, tiff, scale] = placesOf(kind);
    if (png === undefined || tiff === undefined || scale === undefined || rows === null) return [];
    const column = kind === 'heatmap' ? rows.scoreColumn : rows.attentionColumn;
    return [{ column, downsample: options.heatmapDownsample, png, tiff, scale }];
  });
  return {
    name: stemOf(place.name),
    ...parts,
    rows,
    tilesCsv: placesOf('tilesCsv')[0] ?? null,
    geojson: placesOf('geojson')[0] ?? null,
    maskPng: placesOf('maskPng')[0] ?? null,
    pictures,
  };
}

let writing: Promise<unknown> = Promise.resolve();

/** The files of one slide after the other: each may need as much memory as the values of its tiles. */
async function inWorker(job: SlideJob, signal: AbortSignal | null): Promise<void> {
  const before = writing;
  let done = (): void => undefined;
  writing = Promise.all([before, new Promise<void>((resolve) => (done = resolve))]);
  try {
    await unlessAborted(signal, before, () => undefined);
    // Starting a thread takes most of a turn of the event loop: what comes before and what it is sent go in others.
    await nextTurn();
    const worker = startWorker();
    const start = (): Job<FilesAnswer> => ({ result: askWorker(worker, job), cancel: () => void worker.terminate() });
    try {
      await nextTurn();
      check(await runJob(signal, start));
    } finally {
      await worker.terminate();
    }
  } finally {
    done();
  }
}

/** Nothing of the host's is handed to the thread, and nothing that it may print reaches the host's streams. */
function startWorker(): Worker {
  return new Worker(packageFile('dist/outputs/files-worker.js'), {
    name: 'microtome files',
    execArgv: [],
    env: {},
    stdout: true,
    stderr: true,
  });
}

/** The memory of the job is the thread's from then on. */
function askWorker(worker: Worker, job: SlideJob): Promise<FilesAnswer> {
  const pixels = [job.mask, job.thumbnail].flatMap((image) =>
    image === null ? [] : [image.data.buffer as ArrayBuffer],
  );
  const answer = new Promise<FilesAnswer>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('messageerror', reject);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread ended without an answer')));
  });
  worker.postMessage(job, [...pixels, ...(job.rows === null ? [] : buffersOf(job.rows))]);
  return answer;
}

function check(answer: FilesAnswer): void {
  if ('done' in answer) return;
  if ('unknown' in answer) throw new Error(answer.unknown);
  throw MicrotomeError.from(answer.failed) ?? new Error(JSON.stringify(answer.failed));
}

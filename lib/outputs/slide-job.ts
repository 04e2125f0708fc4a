/**
 * The files of one slide, made from plain data: runs on a worker thread. Each is written under a temporary name and synced;
 * whoever asked gives them their names when all are there.
 */
import { pngPieces } from '../core/png.js';
import { realFileSystem, type FileSystem } from '../runs/file-system.js';
import { heatColours } from './heat-colours.js';
import { rangeOfValues } from './heat-grid.js';
import { heatPicture, type RgbPicture } from './heat-picture.js';
import { heatDownsample, levelDownsamples, writeHeatTiff, type Heat, type PictureOfSlide } from './heat-tiff.js';
import { fillNewFile, writePieces, type ByteSink } from './new-file.js';
import { tileCsvPieces } from './tile-csv.js';
import { tileGeoJsonPieces } from './tile-geojson.js';
import type { TileRows } from './tile-rows.js';
import { wsInferRows } from './wsinfer-csv.js';

/** Where a file is written, and what it is going to be called. */
export interface FilePlace {
  readonly temporary: string;
  readonly path: string;
}

/** The pictures of one column. */
export interface PictureJob {
  /** Of the columns of the rows. */
  readonly column: number;
  /** Level-0 pixels for each pixel of the largest level of the TIFF; null: by the size of the tiles. */
  readonly downsample: number | null;
  readonly png: FilePlace;
  readonly tiff: FilePlace;
  readonly scale: FilePlace;
}

export interface SlideJob {
  /** Name of the slide's file: the ids of the tiles are made from it. */
  readonly name: string;
  readonly slide: PictureOfSlide | null;
  readonly rows: TileRows | null;
  readonly thumbnail: RgbPicture | null;
  readonly mask: { readonly data: Uint8Array; readonly width: number; readonly height: number } | null;
  readonly tilesCsv: FilePlace | null;
  readonly geojson: FilePlace | null;
  readonly maskPng: FilePlace | null;
  readonly pictures: readonly PictureJob[];
}

/** Throws DISK_FULL, FILE_UNREADABLE, FILE_NOT_FOUND. A file that was begun when it fails is removed again. */
export async function writeSlideJob(job: SlideJob, fs: FileSystem = realFileSystem): Promise<void> {
  const { rows, mask } = job;
  const file = (place: FilePlace, fill: (sink: ByteSink) => Promise<void>): Promise<void> =>
    fillNewFile(place.temporary, place.path, fill, fs);
  if (mask !== null && job.maskPng !== null)
    await file(job.maskPng, (sink) => writePieces(sink, pngPieces({ ...mask, channels: 1 })));
  if (rows === null) return;
  if (job.tilesCsv !== null)
    await file(job.tilesCsv, (sink) => writePieces(sink, rows.asWsInfer ? wsInferRows(rows) : tileCsvPieces(rows)));
  if (job.geojson !== null) await file(job.geojson, (sink) => writePieces(sink, tileGeoJsonPieces(rows, job.name)));
  for (const picture of job.pictures) await writePictures(job, rows, picture, file);
}

async function writePictures(
  { slide, thumbnail }: SlideJob,
  rows: TileRows,
  picture: PictureJob,
  file: (place: FilePlace, fill: (sink: ByteSink) => Promise<void>) => Promise<void>,
): Promise<void> {
  const column = rows.columns[picture.column];
  if (column === undefined || slide === null || thumbnail === null) throw new TypeError('a picture lacks its data');
  const [low, high] = column.range ?? rangeOfValues({ ...rows, column }) ?? [0, 0];
  const heat: Heat = { ...rows, column, low, high };
  const downsample = picture.downsample ?? heatDownsample(rows);
  const drawn = heatPicture(heat, slide, thumbnail);
  await file(picture.png, (sink) => writePieces(sink, pngPieces({ ...drawn, channels: 3 })));
  const description = `${column.name}: ${low} to ${high}`;
  await file(picture.tiff, (sink) => writeHeatTiff(sink, heat, slide, downsample, description));
  const scale = {
    column: column.name,
    low,
    high,
    colours: hexColours(),
    picture: { level0PerPx: slide.width / thumbnail.width },
    tiff: { level0PerPx: levelDownsamples(slide, downsample) },
  };
  await file(picture.scale, (sink) => writePieces(sink, [`${JSON.stringify(scale, null, 2)}\n`]));
}

/** From that of `low` to that of `high`, in equal steps. */
function hexColours(): readonly string[] {
  return Array.from({ length: heatColours.length / 3 }, (_, i) =>
    Buffer.from(heatColours.subarray(i * 3, i * 3 + 3)).toString('hex'),
  ).map((hex) => `#${hex}`);
}

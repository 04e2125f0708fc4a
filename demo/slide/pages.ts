/**
 * The tags of one page of a pyramid, as libvips writes them through libtiff: no YCbCrSubSampling (its default, 2 by 2, is
 * what the tiles hold), SampleFormat on the first page only.
 */
import type { LevelSize } from './pyramid.js';
import { TagId, type Tag, type TiffWriter } from './tiff-writer.js';

/** The integer types that byte counts come in. */
export type CountType = 'short' | 'long' | 'long8';

export interface PageTiles {
  readonly size: LevelSize;
  readonly tileSizePx: number;
  readonly jpegTables: Uint8Array;
  /** Row by row. */
  readonly offsets: ArrayLike<number>;
  readonly byteCounts: ArrayLike<number>;
  /** True for every page but the first. */
  readonly reduced: boolean;
  /** @defaultValue 'long' */
  readonly countType?: CountType;
}

const COMPRESSION_JPEG = 7;
const PHOTOMETRIC_YCBCR = 6;
const UNIT_CM = 3;
/** What libvips writes when it knows nothing better: 10 pixels per cm. */
const PIXELS_PER_CM = 10;

export function pageTags(page: PageTiles, writer: TiffWriter): Tag[] {
  const short = (id: number, ...values: number[]): Tag => ({ id, type: 'short', values });
  const size = (id: number, value: number): Tag => ({ id, type: value > 0xffff ? 'long' : 'short', values: [value] });
  const offsetType = writer.bigTiff ? 'long8' : 'long';
  return [
    ...(page.reduced ? [{ id: TagId.newSubfileType, type: 'long', values: [1] } as const] : []),
    size(TagId.imageWidth, page.size.width),
    size(TagId.imageLength, page.size.height),
    short(TagId.bitsPerSample, 8, 8, 8),
    short(TagId.compression, COMPRESSION_JPEG),
    short(TagId.photometric, PHOTOMETRIC_YCBCR),
    short(TagId.orientation, 1),
    short(TagId.samplesPerPixel, 3),
    { id: TagId.xResolution, type: 'rational', values: [PIXELS_PER_CM, 1] },
    { id: TagId.yResolution, type: 'rational', values: [PIXELS_PER_CM, 1] },
    short(TagId.planarConfiguration, 1),
    short(TagId.resolutionUnit, UNIT_CM),
    size(TagId.tileWidth, page.tileSizePx),
    size(TagId.tileLength, page.tileSizePx),
    { id: TagId.tileOffsets, type: offsetType, values: page.offsets },
    { id: TagId.tileByteCounts, type: page.countType ?? 'long', values: page.byteCounts },
    ...(page.reduced ? [] : [short(TagId.sampleFormat, 1, 1, 1)]),
    { id: TagId.jpegTables, type: 'undefined', values: page.jpegTables },
    { id: TagId.referenceBlackWhite, type: 'rational', values: [0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1] },
  ];
}

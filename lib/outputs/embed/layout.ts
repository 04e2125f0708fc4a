/** Attributes of a file of features: those that TRIDENT and CLAM give their files of features and of coordinates. */
import { parse } from 'node:path';

import { Turns } from '../../core/turns.js';
import type { Slide } from '../../slide/slide.js';
import type { AttributeValue, Attributes } from '../features/hdf5-types.js';
import type { FeaturesClosing } from '../features/features-file.js';
import type { EncodedSlide } from '../../scoring/encoded-slide.js';

/** What the attributes tell of the slide's file. */
export type SlideFacts = Pick<Slide, 'width' | 'height' | 'levels'>;

/** TRIDENT's magnifications: 10 microns per pixel are 1x. */
const micronsAtOne = 10;

const number = (value: number): AttributeValue => (Number.isSafeInteger(value) ? { int: value } : { float: value });

/** The text that TRIDENT writes for what is not known is None. */
function magnification(mpp: number | null): AttributeValue {
  return mpp === null ? 'None' : number(Math.round((micronsAtOne / mpp) * 100) / 100);
}

/** Tiles between two looks at the clock. */
const sliceTiles = 4096;

/** Upper left corners in whole pixels of level 0, as both programs store them. */
async function coordsOf({ tiles: table }: EncodedSlide, signal: AbortSignal | null): Promise<BigInt64Array> {
  const coords = new BigInt64Array(2 * table.count);
  const turns = new Turns(signal);
  for (let i = 0; i < table.count; ++i) {
    coords[2 * i] = BigInt(Math.round(table.level0X[i] as number));
    coords[2 * i + 1] = BigInt(Math.round(table.level0Y[i] as number));
    if (i % sliceTiles === 0 && turns.isOver) await turns.next();
  }
  return coords;
}

/** `sizePx`, `stridePx`: of the tiles, in model pixels. */
export interface Grid {
  readonly sizePx: number;
  readonly stridePx: number;
}

function coordsAttributes(
  name: string,
  { facts, tiles: table }: EncodedSlide,
  slide: SlideFacts,
  { sizePx, stridePx }: Grid,
): Attributes {
  const { mpp } = facts.read;
  const level = slide.levels[table.level];
  const dimensions = [level?.width ?? slide.width, level?.height ?? slide.height];
  return {
    name,
    // The file says nothing of the machine that it was written on.
    savetodir: '.',
    patch_size: { int: sizePx },
    // TRIDENT's reader rounds; so does this.
    patch_size_level0: { int: Math.round(table.level0Width) },
    overlap: { int: sizePx - stridePx },
    level0_magnification: magnification(mpp === null ? null : (mpp * sizePx) / table.level0Width),
    target_magnification: magnification(mpp),
    level0_width: { int: slide.width },
    level0_height: { int: slide.height },
    // CLAM's.
    save_path: '.',
    patch_level: { int: table.level },
    downsample: { floats: [table.level0PerPxX, table.level0PerPxY] },
    level_dim: { ints: dimensions },
    downsampled_level_dim: { ints: dimensions },
  };
}

/** What stands beside the features. `identity` is canonical JSON; see identity.ts. */
export async function closingOf(
  encoded: EncodedSlide,
  slide: SlideFacts,
  grid: Grid,
  identity: string,
  signal: AbortSignal | null,
): Promise<FeaturesClosing> {
  const { name } = parse(encoded.facts.path);
  const { model } = encoded.facts;
  return {
    coords: await coordsOf(encoded, signal),
    features: { name, savetodir: '.', encoder: model.name },
    coordsAttributes: coordsAttributes(name, encoded, slide, grid),
    root: { identity },
  };
}

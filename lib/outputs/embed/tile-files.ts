/** Files beside the features of a slide: where its tiles are, as CSV and GeoJSON, in the order of the features; and its mask. */
import { parseScorerOptions } from '../../options/score-options.js';
import type { ScorerOptions } from '../../options/types.js';
import type { EncodedTiles } from '../../scoring/encoded-slide.js';
import type { Scorer } from '../../scoring/scorer.js';
import { placeOf, type Input } from '../../slide/byte-source.js';
import type { FileOptions } from '../file-options.js';
import { checkFilePlaces, filesOf, makeFolders, missingFiles, refuseExistingFiles } from '../file-places.js';
import { possibleKinds, prepareRows, writeFiles, type FileMaker } from '../slide-files.js';
import type { TileRows } from '../tile-rows.js';

/** Before any work: throws INVALID_OPTION where files would be in each other's way, OUTPUT_EXISTS unless they may be there. */
export async function checkTileFiles(
  files: FileOptions,
  slides: readonly string[],
  outputs: readonly string[],
  mayExist: boolean,
): Promise<void> {
  checkFilePlaces(files, slides, new Map(outputs.map((path) => [path, 'a file of features'])));
  if (!mayExist) await refuseExistingFiles(files, slides);
}

export class TileFiles {
  private constructor(private readonly maker: FileMaker) {}

  /** Makes the folders. Throws INVALID_OPTION, DISK_FULL, FILE_UNREADABLE. */
  static async open(files: FileOptions, scorer: Scorer, options: ScorerOptions): Promise<TileFiles> {
    const { slide } = parseScorerOptions(options);
    const possible = { ...files, kinds: possibleKinds(files.kinds, scorer.model, slide) };
    await makeFolders(possible);
    return new TileFiles({ options: possible, model: scorer.model, slide });
  }

  /** Whether all of a slide are there. */
  async areThere(slide: string): Promise<boolean> {
    return (await missingFiles(filesOf(this.maker.options.kinds, slide))).length === 0;
  }

  /** Throws DISK_FULL, FILE_UNREADABLE, and what reading a slide throws. Then nothing of them is left. */
  async write(input: Input, tiles: EncodedTiles): Promise<void> {
    if (this.maker.options.kinds.length === 0) return;
    await writeFiles(this.maker, await prepareRows(this.maker, placeOf(input), rowsOf(tiles)));
  }
}

/** Places alone: the numbers of a tile are in the file of features. */
function rowsOf({ count, level0X: x, level0Y: y, level0Width: width, level0Height: height }: EncodedTiles): TileRows {
  return { asWsInfer: false, count, x, y, width, height, columns: [], scoreColumn: 0, attentionColumn: -1 };
}

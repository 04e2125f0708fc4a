/**
 * Whether the files of a series make a whole slide, as far as their headers tell. A file is missed where the parts of one image
 * do not add up, or where an image of full tiling has fewer frames than tiles. Of a whole level that is not there nothing tells.
 */
import { MicrotomeError } from '../../../core/errors.js';
import { incomplete } from '../file-part.js';
import type { DicomInstance } from './instance.js';

/** Tiles of one level: OpenSlide makes room for a number of each at once. */
const kMaxTiles = 2 ** 26;
/** Pixels of one frame, for which OpenSlide makes room at once too. */
const kMaxFramePx = 2 ** 26;
const kMaxParts = 65_535;
const kShownParts = 5;

/** `slide` is the file that was named. Throws SLIDE_INCOMPLETE, NOT_A_SLIDE, LIMIT_EXCEEDED. */
export function checkSeries(slide: string, instances: readonly DicomInstance[]): void {
  const images = new Map<string, DicomInstance[]>();
  // A file that was copied under another name is the same instance.
  for (const instance of new Map(instances.map((each) => [each.sopInstance, each])).values()) {
    const image = images.get(instance.image) ?? [];
    image.push(instance);
    images.set(instance.image, image);
  }
  let volumes = 0;
  for (const image of images.values()) {
    for (const each of image) checkSizes(each);
    checkParts(slide, image);
    if (!isVolume(image[0] as DicomInstance)) continue;
    ++volumes;
    checkFrames(slide, image);
  }
  if (volumes === 0) throw incomplete(slide, 'its series has no image of the tissue (ImageType VOLUME)');
}

function isVolume({ imageType }: DicomInstance): boolean {
  return imageType[2] === 'VOLUME';
}

/** Sizes that OpenSlide divides by, and multiplies. */
function checkSizes({ part, rows, columns, matrixRows, matrixColumns, imageType }: DicomInstance): void {
  const { path } = part;
  const refuse = (found: string): MicrotomeError =>
    new MicrotomeError('NOT_A_SLIDE', 'slide', `the DICOM file ${path} is no slide: ${found}`, { path });
  if (imageType.length < 4) throw refuse(`ImageType has ${imageType.length} values, 4 were expected`);
  if (rows < 1 || columns < 1) throw refuse(`its frames have ${columns} by ${rows} pixels`);
  if (matrixRows === null || matrixColumns === null || matrixRows < 1 || matrixColumns < 1) {
    throw refuse(`its image has ${matrixColumns ?? 'unknown'} by ${matrixRows ?? 'unknown'} pixels`);
  }
  const tiles = Math.ceil(matrixColumns / columns) * Math.ceil(matrixRows / rows);
  if (rows * columns > kMaxFramePx) throw tooLarge(path, `frames of ${columns} by ${rows} pixels`);
  if (tiles > kMaxTiles) throw tooLarge(path, `${tiles} tiles, at most ${kMaxTiles} are read`);
}

function tooLarge(path: string, found: string): MicrotomeError {
  return new MicrotomeError('LIMIT_EXCEEDED', 'slide', `the DICOM file ${path} has ${found}`, { path });
}

/** The parts of an image have the numbers 1, 2, 3 and so on. */
function checkParts(slide: string, image: readonly DicomInstance[]): void {
  const numbers = new Set<number>();
  let total = 0;
  for (const { concatenation, part } of image) {
    if (concatenation === null) continue;
    const { number, total: told } = concatenation;
    if (number < 1 || number > kMaxParts) {
      const found = `the DICOM file ${part.path} is no slide: it is part ${number} of an image`;
      throw new MicrotomeError('NOT_A_SLIDE', 'slide', found, { path: part.path });
    }
    numbers.add(number);
    total = Math.max(total, number, told ?? 0);
  }
  if (numbers.size === total) return;
  const missing: number[] = [];
  for (let number = 1; number <= total; ++number) if (!numbers.has(number)) missing.push(number);
  const shown = missing.slice(0, kShownParts).join(', ');
  const more = missing.length > kShownParts ? ` and ${missing.length - kShownParts} more` : '';
  const what = sizeText(image[0] as DicomInstance);
  throw incomplete(slide, `part ${shown}${more} of ${total} of the image of ${what} is not there`);
}

/** Each tile of a level of full tiling has a frame, in each focal plane and on each optical path. */
function checkFrames(slide: string, image: readonly DicomInstance[]): void {
  const [first] = image as [DicomInstance];
  if (image.some(({ organisation }) => organisation !== 'TILED_FULL')) return;
  const across = Math.ceil((first.matrixColumns ?? 0) / first.columns);
  const down = Math.ceil((first.matrixRows ?? 0) / first.rows);
  const wanted = across * down * Math.max(1, first.focalPlanes) * Math.max(1, first.opticalPaths);
  const frames = image.reduce((sum, each) => sum + each.frames, 0);
  if (frames >= wanted) return;
  const found = `the image of ${sizeText(first)} has ${frames} frames in ${image.length} files, and ${wanted} tiles`;
  throw incomplete(slide, found);
}

function sizeText({ matrixColumns, matrixRows }: DicomInstance): string {
  return `${matrixColumns} by ${matrixRows} pixels`;
}

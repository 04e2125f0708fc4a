/**
 * The picture of README.md: a slide, the tissue that was found in it, and the tiles that were scored, coloured by what the
 * model said of each. `node scripts/picture.mjs` draws it from a generated slide.
 */
import type { Slide, TileTable } from 'microtome';
import { Canvas, FAINT, FRAME, INK, faded, rampColour, type Colour, type RgbImage } from './canvas.js';
import { textHeight, textWidth } from './pixel-font.js';
import type { SlideOptions } from './slide/index.js';

/** The slide of the picture in docs/pictures. */
export const pictureSlide: SlideOptions = {
  width: 6400,
  height: 4608,
  seed: 5,
  relapse: true,
  tissueShare: 0.24,
  pens: ['blue'],
};

/** Longer side of each of the three panels. */
const panelPx = 320;

interface PictureInput {
  readonly thumbnail: RgbImage;
  /** 255 where there is tissue; covers the whole slide. */
  readonly mask: { readonly data: Uint8Array; readonly width: number; readonly height: number };
  /** Level-0 size of the slide. */
  readonly slideWidth: number;
  readonly slideHeight: number;
  /** Upper left corners of the tiles and their side, in level-0 pixels; their values are 0 to 1. */
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly value: ArrayLike<number>;
  readonly tileSize: number;
  /** The score of the slide. */
  readonly score: number;
}

const GAP_PX = 16;
const HEADER_PX = 28;
const FOOTER_PX = 36;
const OPACITY = 0.75;
const TISSUE: Colour = [34, 139, 110];
/** Colours of the thumbnail are rounded to multiples of this, so that the file stays small. */
const COLOUR_STEP = 8;

/** What `demo` found in a slide. Throws when the model has no output of the name that `demo` has. */
export async function pictureOf(
  slide: Pick<Slide, 'thumbnail' | 'tissue' | 'width' | 'height'>,
  score: number,
  { level0X, level0Y, level0Width, outputs }: TileTable,
): Promise<RgbImage> {
  const value = outputs['relapse']?.values;
  if (value === undefined) throw new Error('the model has no output called relapse');
  return drawPicture({
    thumbnail: await slide.thumbnail(panelPx),
    mask: await slide.tissue(),
    slideWidth: slide.width,
    slideHeight: slide.height,
    x: level0X,
    y: level0Y,
    value,
    tileSize: level0Width,
    score,
  });
}

function drawPicture(input: PictureInput): RgbImage {
  const { width, height } = input.thumbnail;
  const canvas = new Canvas(width * 3 + GAP_PX * 4, height + HEADER_PX + FOOTER_PX);
  const lefts = [0, 1, 2].map((panel) => GAP_PX + panel * (width + GAP_PX));
  const [slide = 0, tissue = 0, tiles = 0] = lefts;
  const thumbnail = rounded(input.thumbnail);
  const grey = rounded(faded(input.thumbnail));
  canvas.place(thumbnail, slide, HEADER_PX);
  canvas.place(grey, tissue, HEADER_PX);
  canvas.place(grey, tiles, HEADER_PX);
  drawTissue(canvas, input, tissue);
  drawTiles(canvas, input, tiles);
  const titles = [
    `slide, ${input.slideWidth} x ${input.slideHeight} px`,
    'tissue that was found',
    `${input.value.length} tiles, score ${input.score.toFixed(3)}`,
  ];
  for (const [panel, left] of lefts.entries()) {
    canvas.frame(left, HEADER_PX, width, height, FRAME);
    canvas.text(titles[panel] ?? '', left, Math.round((HEADER_PX - textHeight(1)) / 2), 1, INK);
  }
  drawScale(canvas, tiles, HEADER_PX + height + 8, width);
  return canvas.image();
}

function rounded({ data, width, height }: RgbImage): RgbImage {
  const step = (sample: number): number => Math.min(255, Math.round(sample / COLOUR_STEP) * COLOUR_STEP);
  return { data: data.map(step), width, height };
}

function drawTissue(canvas: Canvas, { thumbnail, mask }: PictureInput, left: number): void {
  for (let y = 0; y < thumbnail.height; y++) {
    const row = Math.floor(((y + 0.5) * mask.height) / thumbnail.height);
    for (let x = 0; x < thumbnail.width; x++) {
      const column = Math.floor(((x + 0.5) * mask.width) / thumbnail.width);
      if (mask.data[row * mask.width + column] === 255) canvas.tint(left + x, HEADER_PX + y, 1, 1, TISSUE, OPACITY);
    }
  }
}

function drawTiles(canvas: Canvas, input: PictureInput, left: number): void {
  const { thumbnail, tileSize } = input;
  const scaleX = thumbnail.width / input.slideWidth;
  const scaleY = thumbnail.height / input.slideHeight;
  for (let i = 0; i < input.value.length; i++) {
    const [x, y, value] = [input.x[i] ?? 0, input.y[i] ?? 0, input.value[i] ?? 0];
    const x0 = Math.round(x * scaleX);
    const y0 = Math.round(y * scaleY);
    // One pixel is left free between neighbours, so that each tile can be seen.
    const x1 = Math.min(thumbnail.width, Math.round((x + tileSize) * scaleX) - 1);
    const y1 = Math.min(thumbnail.height, Math.round((y + tileSize) * scaleY) - 1);
    canvas.tint(left + x0, HEADER_PX + y0, x1 - x0, y1 - y0, rampColour(value), OPACITY);
  }
}

/** The colours of values from 0 to 1. */
function drawScale(canvas: Canvas, left: number, top: number, width: number): void {
  const barPx = Math.round(width / 2);
  for (let x = 0; x < barPx; x++) canvas.fill(left + x, top, 1, 8, rampColour(x / (barPx - 1)));
  canvas.text('0', left, top + 13, 1, FAINT);
  canvas.text('1', left + barPx - textWidth('1', 1), top + 13, 1, FAINT);
  canvas.text('value of a tile', left + barPx + 10, top + 1, 1, FAINT);
}

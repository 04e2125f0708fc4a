/**
 * Draws tile scores over a thumbnail: the slide as it is on the left, the same in grey under coloured tiles on the right, a
 * colour scale below. Pure: pixels in, pixels out.
 */
import { Canvas, FAINT, FRAME, INK, faded, rampColour, type RgbImage } from './canvas.js';
import { textHeight, textWidth } from './pixel-font.js';

export interface HeatMapInput {
  readonly thumbnail: RgbImage;
  /** Level-0 size of the slide. */
  readonly slideWidth: number;
  readonly slideHeight: number;
  /** Upper left corners and values (0 to 1) of the tiles; their side, all in level-0 pixels. */
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly score: ArrayLike<number>;
  readonly tileSize: number;
  /** Above the left and the right picture. */
  readonly titles: readonly [string, string];
  /** Below, beside the colour scale. */
  readonly caption: string;
  /** What the colour scale shows. */
  readonly legend: string;
}

const MARGIN_PX = 24;
const HEADER_PX = 44;
const FOOTER_PX = 74;
const OPACITY = 0.72;
/** Tiles at least this large on the picture are set apart by a thin gap. */
const GAP_FROM_PX = 7;

export function drawHeatMap(input: HeatMapInput): RgbImage {
  const { thumbnail } = input;
  const canvas = new Canvas(thumbnail.width * 2 + MARGIN_PX * 3, thumbnail.height + HEADER_PX + FOOTER_PX);
  const left = MARGIN_PX;
  const right = MARGIN_PX * 2 + thumbnail.width;
  canvas.place(thumbnail, left, HEADER_PX);
  canvas.place(faded(thumbnail), right, HEADER_PX);
  drawTiles(canvas, input, right);
  for (const x of [left, right]) canvas.frame(x, HEADER_PX, thumbnail.width, thumbnail.height, FRAME);
  const titleY = Math.round((HEADER_PX - textHeight(2)) / 2);
  canvas.text(input.titles[0], left, titleY, 2, INK);
  canvas.text(input.titles[1], right, titleY, 2, INK);
  drawLegend(canvas, input, right);
  const captionY = HEADER_PX + thumbnail.height + 26;
  canvas.text(input.caption, left, captionY, 1, FAINT);
  return canvas.image();
}

function drawTiles(canvas: Canvas, input: HeatMapInput, left: number): void {
  const { thumbnail } = input;
  const scaleX = thumbnail.width / input.slideWidth;
  const scaleY = thumbnail.height / input.slideHeight;
  const gap = input.tileSize * Math.min(scaleX, scaleY) >= GAP_FROM_PX ? 1 : 0;
  for (let i = 0; i < input.score.length; i++) {
    const x = input.x[i] as number;
    const y = input.y[i] as number;
    const x0 = Math.round(x * scaleX);
    const y0 = Math.round(y * scaleY);
    const x1 = Math.min(thumbnail.width, Math.max(x0 + 1, Math.round((x + input.tileSize) * scaleX) - gap));
    const y1 = Math.min(thumbnail.height, Math.max(y0 + 1, Math.round((y + input.tileSize) * scaleY) - gap));
    canvas.tint(left + x0, HEADER_PX + y0, x1 - x0, y1 - y0, rampColour(input.score[i] as number), OPACITY);
  }
}

/** The scale, with a histogram of the tiles above it. */
function drawLegend(canvas: Canvas, input: HeatMapInput, left: number): void {
  const width = Math.min(420, input.thumbnail.width);
  const top = HEADER_PX + input.thumbnail.height + 14;
  const bins = new Float64Array(Math.floor(width / 6));
  for (let i = 0; i < input.score.length; i++) {
    const bin = Math.min(bins.length - 1, Math.max(0, Math.floor((input.score[i] as number) * bins.length)));
    bins[bin] = (bins[bin] as number) + 1;
  }
  const most = Math.max(1, ...bins);
  for (const [i, count] of bins.entries()) {
    const height = Math.round((18 * count) / most);
    canvas.fill(left + i * 6, top + 18 - height, 5, height, rampColour((i + 0.5) / bins.length));
  }
  const barWidth = bins.length * 6;
  for (let x = 0; x < barWidth; x++) canvas.fill(left + x, top + 20, 1, 10, rampColour(x / (barWidth - 1)));
  for (const tick of [0, 0.5, 1]) {
    const label = tick === 0 || tick === 1 ? String(tick) : tick.toFixed(1);
    const x = left + Math.round(tick * (barWidth - textWidth(label, 1)));
    canvas.text(label, x, top + 35, 1, FAINT);
  }
  canvas.text(input.legend, left + barWidth + 14, top + 21, 1, FAINT);
}

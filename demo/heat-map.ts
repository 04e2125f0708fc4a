/**
 * Draws tile scores over a thumbnail: the slide as it is on the left, the same in grey under coloured tiles on the right, a
 * colour scale below. Pure: pixels in, pixels out; writePng puts them in a file.
 */
import { writeFile } from 'node:fs/promises';
import { encode } from 'fast-png';
import { drawText, textHeight, textWidth } from './pixel-font.js';

export interface RgbImage {
  /** Interleaved, 8 bit. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

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

type Colour = readonly [number, number, number];

/** Blue through cream to dark red: readable on grey, and by people who cannot tell red from green. */
const RAMP: readonly Colour[] = [
  [49, 54, 149],
  [84, 136, 192],
  [170, 212, 229],
  [255, 247, 199],
  [253, 184, 106],
  [229, 88, 58],
  [150, 8, 38],
];
const INK: Colour = [38, 42, 54];
const FAINT: Colour = [122, 128, 142];
const PAPER: Colour = [252, 252, 253];
const FRAME: Colour = [206, 210, 218];
const MARGIN_PX = 24;
const HEADER_PX = 44;
const FOOTER_PX = 74;
const OPACITY = 0.72;
/** Tiles at least this large on the picture are set apart by a thin gap. */
const GAP_FROM_PX = 7;

/** Colour of a value from 0 to 1. */
export function rampColour(value: number): Colour {
  const at = Math.min(1, Math.max(0, value)) * (RAMP.length - 1);
  const i = Math.min(RAMP.length - 2, Math.floor(at));
  const a = RAMP[i] as Colour;
  const b = RAMP[i + 1] as Colour;
  const t = at - i;
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];
}

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

export async function writePng(path: string, image: RgbImage): Promise<void> {
  await writeFile(path, encode({ width: image.width, height: image.height, data: image.data, depth: 8, channels: 3 }));
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

/** Grey and light, so that the tiles' colours stand out and the tissue stays visible. */
function faded(image: RgbImage): RgbImage {
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i += 3) {
    const luma =
      0.3 * (image.data[i] as number) + 0.59 * (image.data[i + 1] as number) + 0.11 * (image.data[i + 2] as number);
    data.fill(Math.round(70 + 0.72 * luma), i, i + 3);
  }
  return { data, width: image.width, height: image.height };
}

class Canvas {
  private readonly width: number;
  private readonly height: number;
  private readonly data: Uint8Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.data = new Uint8Array(width * height * 3);
    this.fill(0, 0, width, height, PAPER);
  }

  image(): RgbImage {
    return { data: this.data, width: this.width, height: this.height };
  }

  place(image: RgbImage, x: number, y: number): void {
    for (let row = 0; row < image.height; row++) {
      const line = image.data.subarray(row * image.width * 3, (row + 1) * image.width * 3);
      this.data.set(line, ((y + row) * this.width + x) * 3);
    }
  }

  fill(x: number, y: number, width: number, height: number, colour: Colour): void {
    this.tint(x, y, width, height, colour, 1);
  }

  /** Lays a colour over a rectangle that lies inside the canvas. */
  tint(x: number, y: number, width: number, height: number, colour: Colour, opacity: number): void {
    for (let row = y; row < y + height; row++) {
      for (let column = x; column < x + width; column++) {
        const at = (row * this.width + column) * 3;
        for (let c = 0; c < 3; c++) {
          const mixed = (this.data[at + c] as number) * (1 - opacity) + (colour[c] as number) * opacity;
          this.data[at + c] = Math.round(mixed);
        }
      }
    }
  }

  frame(x: number, y: number, width: number, height: number, colour: Colour): void {
    this.fill(x - 1, y - 1, width + 2, 1, colour);
    this.fill(x - 1, y + height, width + 2, 1, colour);
    this.fill(x - 1, y, 1, height, colour);
    this.fill(x + width, y, 1, height, colour);
  }

  text(text: string, x: number, y: number, scale: number, colour: Colour): void {
    drawText(text, x, y, scale, (px, py) => {
      if (px >= 0 && py >= 0 && px < this.width && py < this.height)
        this.data.set(colour.map(Math.round), (py * this.width + px) * 3);
    });
  }
}

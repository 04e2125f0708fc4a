/** The heat map over a thumbnail of the slide, with the scale of its colours below. */
import { drawNumber, numberHeightPx, numberWidthPx, type Rgb } from './pixel-numbers.js';
import { heatColours, heatStep } from './heat-colours.js';
import { HeatGrid } from './heat-grid.js';
import type { Heat, PictureOfSlide } from './heat-tiff.js';

/** RGB, 8 bits, rows from the top. */
export interface RgbPicture {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

const kOpacity = 0.6;
/** How far the thumbnail is taken to grey, so that its colours are not read as values. */
const kGreyShare = 0.6;
const kFooterPx = 44;
const kMarginPx = 10;
const kBarPx = { height: 12, longest: 320 };
const kBackground = 255;
const kInk: Rgb = [40, 40, 40];

/** The thumbnail covers the whole slide. */
export function heatPicture(heat: Heat, slide: PictureOfSlide, thumbnail: RgbPicture): RgbPicture {
  const width = Math.max(thumbnail.width, numberWidthPx('0'.repeat(12)) * 2 + 4 * kMarginPx);
  const height = thumbnail.height + kFooterPx;
  const picture = { data: new Uint8Array(width * height * 3).fill(kBackground), width, height };
  placeFaded(picture, thumbnail);
  placeHeat(picture, heat, slide, thumbnail);
  placeScale(picture, heat, thumbnail.height);
  return picture;
}

function placeFaded(picture: RgbPicture, { data, width, height }: RgbPicture): void {
  for (let y = 0; y < height; ++y) {
    for (let x = 0; x < width; ++x) {
      const from = (y * width + x) * 3;
      const [r = 0, g = 0, b = 0] = data.subarray(from, from + 3);
      const grey = 0.2126 * r + 0.7152 * g + 0.0722 * b;
      const to = (y * picture.width + x) * 3;
      for (let c = 0; c < 3; ++c) {
        const sample = data[from + c] ?? 0;
        picture.data[to + c] = Math.round(sample + (grey - sample) * kGreyShare);
      }
    }
  }
}

/** Squares of the drawing, in pixels of the picture. */
const kSquarePx = 256;

function placeHeat(picture: RgbPicture, heat: Heat, slide: PictureOfSlide, { width, height }: RgbPicture): void {
  const [level0PerPxX, level0PerPxY] = [slide.width / width, slide.height / height];
  const scale = { widthPx: width, heightPx: height, level0PerPxX, level0PerPxY, squarePx: kSquarePx };
  const grid = new HeatGrid(heat, scale);
  const square = { sums: new Float32Array(kSquarePx ** 2), weights: new Float32Array(kSquarePx ** 2) };
  for (let row = 0; row < grid.down; ++row) {
    for (let column = 0; column < grid.across; ++column) {
      if (grid.isEmpty(column, row)) continue;
      grid.draw(column, row, square);
      const [left, top] = [column * kSquarePx, row * kSquarePx];
      for (let y = 0; y < Math.min(kSquarePx, height - top); ++y) {
        for (let x = 0; x < Math.min(kSquarePx, width - left); ++x) {
          const weight = square.weights[y * kSquarePx + x] ?? 0;
          if (weight === 0) continue;
          const value = (square.sums[y * kSquarePx + x] ?? 0) / weight;
          tint(picture, left + x, top + y, heatStep(value, heat.low, heat.high), kOpacity * Math.min(weight, 1));
        }
      }
    }
  }
}

function tint({ data, width }: RgbPicture, x: number, y: number, step: number, opacity: number): void {
  const to = (y * width + x) * 3;
  for (let c = 0; c < 3; ++c) {
    const below = data[to + c] ?? 0;
    data[to + c] = Math.round(below + ((heatColours[step * 3 + c] ?? 0) - below) * opacity);
  }
}

/** A bar of the colours, with the values of both ends below it. */
function placeScale(picture: RgbPicture, { low, high }: Heat, top: number): void {
  const barPx = Math.min(kBarPx.longest, picture.width - 2 * kMarginPx);
  for (let x = 0; x < barPx; ++x) {
    const step = Math.round((x / (barPx - 1)) * 255);
    for (let y = 0; y < kBarPx.height; ++y) tint(picture, kMarginPx + x, top + 8 + y, step, 1);
  }
  const numbersTop = top + 8 + kBarPx.height + (kFooterPx - 8 - kBarPx.height - numberHeightPx) / 2;
  const highest = shortNumber(high);
  drawNumber(picture, shortNumber(low), kMarginPx, Math.floor(numbersTop), kInk);
  const right = kMarginPx + barPx - numberWidthPx(highest);
  drawNumber(picture, highest, right, Math.floor(numbersTop), kInk);
}

/** At most three digits; JSON beside the picture has all of them. */
function shortNumber(value: number): string {
  return String(Number(value.toPrecision(3)));
}

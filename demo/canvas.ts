/** What the demonstration's pictures are drawn on: pixels in memory, the colours that they share, and PNG files. */
import { writeFile } from 'node:fs/promises';
import { encode } from 'fast-png';
import { drawText } from './pixel-font.js';

/** A picture in memory. */
export interface RgbImage {
  /** Interleaved, 8 bit. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export type Colour = readonly [number, number, number];

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
export const INK: Colour = [38, 42, 54];
export const FAINT: Colour = [122, 128, 142];
export const PAPER: Colour = [252, 252, 253];
export const FRAME: Colour = [206, 210, 218];

/** Colour of a value from 0 to 1. */
export function rampColour(value: number): Colour {
  const at = Math.min(1, Math.max(0, value)) * (RAMP.length - 1);
  const i = Math.min(RAMP.length - 2, Math.floor(at));
  const a = RAMP[i] as Colour;
  const b = RAMP[i + 1] as Colour;
  const t = at - i;
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];
}

/** Grey and light, so that the tiles' colours stand out and the tissue stays visible. */
export function faded(image: RgbImage): RgbImage {
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i += 3) {
    const luma =
      0.3 * (image.data[i] as number) + 0.59 * (image.data[i + 1] as number) + 0.11 * (image.data[i + 2] as number);
    data.fill(Math.round(70 + 0.72 * luma), i, i + 3);
  }
  return { data, width: image.width, height: image.height };
}

/** Writes a picture to a PNG file. */
export async function writePng(path: string, image: RgbImage): Promise<void> {
  await writeFile(path, encode({ width: image.width, height: image.height, data: image.data, depth: 8, channels: 3 }));
}

/** A picture that is drawn on. Starts as blank paper. */
export class Canvas {
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

/**
 * Paints one square of a scene at level 0. The result depends on the scene and the position alone, so tiles may be
 * painted in any order. A painter keeps scratch memory for one tile; one per thread.
 */
import { FieldGrid, LATTICE_PX } from './field-grid.js';
import { Field, FIELD_COUNT, PEN_COLOURS } from './fields.js';
import { NucleiLayer, paintNuclei } from './nuclei.js';
import { coverOf, type Scene } from './scene.js';
import { stainTable } from './stain.js';
import { TEXTURE_SIDE, textures, type Textures } from './textures.js';

const MASK = TEXTURE_SIDE - 1;
/** Softness of pen and border edges, pixels. */
export const PEN_SOFT_PX = 10;
export const BORDER_SOFT_PX = 90;

export class Painter {
  readonly sizePx: number;
  private readonly scene: Scene;
  private readonly grid: FieldGrid;
  private readonly nuclei: NucleiLayer;
  private readonly colours: Uint32Array;
  private readonly t: Textures;
  /** Fields at the left end of a block's row, and their slopes. */
  private readonly f = new Float64Array(FIELD_COUNT);
  private readonly step = new Float64Array(FIELD_COUNT);

  constructor(scene: Scene, sizePx: number) {
    this.scene = scene;
    this.sizePx = sizePx;
    this.grid = new FieldGrid(sizePx);
    this.nuclei = new NucleiLayer(sizePx);
    this.colours = stainTable(scene.stain);
    this.t = textures();
  }

  /** False: the tile is clean glass and paint() would draw nothing else. */
  isPainted(x: number, y: number): boolean {
    const margin = 2 * BORDER_SOFT_PX;
    const box = {
      left: x - margin,
      top: y - margin,
      right: x + this.sizePx + margin,
      bottom: y + this.sizePx + margin,
    };
    if (!this.scene.touches(box)) return false;
    this.grid.fill(this.scene, x, y);
    return this.hasTissue() || this.hasPen() || this.hasBorder();
  }

  /** RGB of the tile at (x, y), multiples of LATTICE_PX, into `out` (sizePx * sizePx * 3). */
  paint(x: number, y: number, out: Uint8Array): void {
    this.grid.fill(this.scene, x, y);
    if (this.hasTissue()) {
      paintNuclei(this.scene, this.grid, this.t, x, y, this.nuclei);
      this.paintTissue(x, y, out);
    } else this.paintGlass(out, x, y);
    if (this.hasPen()) this.paintPen(x, y, out);
    if (this.hasBorder()) this.paintBorder(x, y, out);
  }

  /** Clean glass with the grain found at (x, y). */
  paintGlass(out: Uint8Array, x: number, y: number): void {
    const packed = this.colours[0] as number;
    for (let row = 0, at = 0; row < this.sizePx; row++) {
      const noiseRow = ((y + row) & MASK) * TEXTURE_SIDE;
      for (let column = 0; column < this.sizePx; column++, at += 3) {
        writePixel(out, at, packed, (this.t.grain[noiseRow + ((x + column) & MASK)] as number) - 128);
      }
    }
  }

  private hasTissue(): boolean {
    return this.grid.max(Field.depth) > -LATTICE_PX;
  }

  private hasPen(): boolean {
    return this.grid.max(Field.pen) > -2 * PEN_SOFT_PX;
  }

  private hasBorder(): boolean {
    return this.grid.max(Field.border) > -BORDER_SOFT_PX;
  }

  /** Block by block of the lattice; inside a block the fields are bilinear. */
  private paintTissue(x: number, y: number, out: Uint8Array): void {
    const blocks = this.sizePx / LATTICE_PX;
    for (let row = 0; row < blocks; row++) {
      for (let column = 0; column < blocks; column++) this.paintBlock(x, y, column, row, out);
    }
  }

  private paintBlock(tileX: number, tileY: number, column: number, row: number, out: Uint8Array): void {
    const { grid, t, nuclei, colours, sizePx } = this;
    const corner = ((row + 1) * grid.columns + column + 1) * FIELD_COUNT;
    const below = corner + grid.columns * FIELD_COUNT;
    const values = grid.values;
    const { f, step } = this;
    for (let dy = 0; dy < LATTICE_PX; dy++) {
      const fy = dy / LATTICE_PX;
      for (let k = 0; k < FIELD_COUNT; k++) {
        const left = (values[corner + k] as number) * (1 - fy) + (values[below + k] as number) * fy;
        const right =
          (values[corner + FIELD_COUNT + k] as number) * (1 - fy) + (values[below + FIELD_COUNT + k] as number) * fy;
        f[k] = left;
        step[k] = (right - left) / LATTICE_PX;
      }
      let depth = f[Field.depth] as number;
      let epidermis = f[Field.epidermis] as number;
      let keratin = f[Field.keratin] as number;
      let tumour = f[Field.tumour] as number;
      let fat = f[Field.fat] as number;
      let lumen = f[Field.lumen] as number;
      let warpX = f[Field.warpX] as number;
      let warpY = f[Field.warpY] as number;
      const thickness = f[Field.thickness] as number;
      const py = row * LATTICE_PX + dy;
      const sy = tileY + py;
      const textureRow = (sy & MASK) * TEXTURE_SIDE;
      for (let dx = 0; dx < LATTICE_PX; dx++) {
        const px = column * LATTICE_PX + dx;
        const sx = tileX + px;
        const plain = textureRow + (sx & MASK);
        const at = py * sizePx + px;
        const noise = (t.grain[plain] as number) - 128;
        const cloud = t.cloud[plain] as number;
        const cover = (depth + (cloud - 128) * 0.14) * 0.2;
        if (cover <= 0) writePixel(out, at * 3, colours[0] as number, noise);
        else {
          const fibre = t.fibre[(((sy + warpY) & MASK) << 10) | ((sx + warpX) & MASK)] as number;
          const membrane = t.membrane[plain] as number;
          const edge = 1 - membrane * 0.0016;
          // Each layer's eosin and haematoxylin, laid over the one before by its weight.
          let e = 10 + 0.5 * fibre;
          let h = 4 + 0.045 * fibre;
          if (fat > 0.2) {
            const wall = t.fat[plain] as number;
            const weight = sharpen(fat, cloud);
            e += (wall * 0.36 - e) * weight;
            h += (wall * 0.05 - h) * weight;
          }
          if (tumour > 0.2) {
            const weight = sharpen(tumour, cloud);
            e += ((30 + 0.1 * cloud) * edge - e) * weight;
            h += ((22 + 0.11 * cloud) * edge - h) * weight;
          }
          if (epidermis > 0.01) {
            e += ((46 + 0.1 * cloud) * edge - e) * epidermis;
            h += ((24 + 0.07 * cloud) * edge - h) * epidermis;
          }
          if (keratin > 0.01) {
            const flake = t.fibre[(((sy * 2 + warpY * 2) & MASK) << 10) | ((sx + warpX) & MASK)] as number;
            e += ((flake < 70 ? 4 : 48 + 0.36 * flake) - e) * keratin;
            h += (6 - h) * keratin;
          }
          const solid = (cover < 1 ? cover : 1) * (1 - lumen);
          const hidden = 1 - 0.62 * (nuclei.cover[at] as number);
          e *= solid * thickness * hidden;
          h = solid * (h * thickness * hidden + (nuclei.stain[at] as number));
          const hi = h > 255 ? 255 : h | 0;
          const ei = e > 255 ? 255 : e | 0;
          writePixel(out, at * 3, colours[(hi << 8) | ei] as number, noise);
        }
        depth += step[Field.depth] as number;
        epidermis += step[Field.epidermis] as number;
        keratin += step[Field.keratin] as number;
        tumour += step[Field.tumour] as number;
        fat += step[Field.fat] as number;
        lumen += step[Field.lumen] as number;
        warpX += step[Field.warpX] as number;
        warpY += step[Field.warpY] as number;
      }
    }
  }

  /** Ink lies over whatever is there, thinner in streaks. */
  private paintPen(x: number, y: number, out: Uint8Array): void {
    const colour = this.scene.penColourAt(x + this.sizePx / 2, y + this.sizePx / 2);
    if (colour === null) return;
    const ink = PEN_COLOURS[colour];
    this.blend(x, y, Field.pen, PEN_SOFT_PX, (cover, plain, at) => {
      const opacity = cover * (0.8 + 0.16 * ((this.t.cloud[plain] as number) / 255));
      for (let c = 0; c < 3; c++) out[at + c] = (out[at + c] as number) * (1 - opacity) + (ink[c] as number) * opacity;
    });
  }

  /** The slide holder's shadow: black, out of focus. */
  private paintBorder(x: number, y: number, out: Uint8Array): void {
    this.blend(x, y, Field.border, BORDER_SOFT_PX, (cover, plain, at) => {
      const left = 1 - 0.97 * cover;
      const noise = ((this.t.grain[plain] as number) - 128) * 0.4;
      for (let c = 0; c < 3; c++) out[at + c] = Math.max(0, (out[at + c] as number) * left + noise * cover);
    });
  }

  private blend(
    x: number,
    y: number,
    field: number,
    softPx: number,
    put: (cover: number, plain: number, at: number) => void,
  ): void {
    for (let row = 0; row < this.sizePx; row++) {
      const textureRow = ((y + row) & MASK) * TEXTURE_SIDE;
      for (let column = 0; column < this.sizePx; column++) {
        const cover = coverOf(this.grid.at(x + column, y + row, field), softPx);
        if (cover > 0) put(cover, textureRow + ((x + column) & MASK), (row * this.sizePx + column) * 3);
      }
    }
  }
}

/** A soft weight made a crisp but uneven border. */
function sharpen(weight: number, cloud: number): number {
  const w = (weight - 0.5) * 3.2 + (cloud - 128) * 0.008 + 0.5;
  return w < 0 ? 0 : w > 1 ? 1 : w;
}

function writePixel(out: Uint8Array, at: number, packed: number, noise: number): void {
  const r = (packed & 255) + noise;
  const g = ((packed >> 8) & 255) + noise;
  const b = ((packed >> 16) & 255) + noise;
  out[at] = r < 0 ? 0 : r > 255 ? 255 : r;
  out[at + 1] = g < 0 ? 0 : g > 255 ? 255 : g;
  out[at + 2] = b < 0 ? 0 : b > 255 ? 255 : b;
}

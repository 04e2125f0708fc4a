/**
 * Nuclei: where they are, how large, and what their chromatin looks like. The class of a slide shows here alone, through
 * scene.grade: at high grade, nuclei vary more in size and shape and have coarse chromatin; those of tumour and epithelium
 * also crowd together, and tumour cells divide more often. Number, mean area and amount of stain do not depend on it.
 */
import type { FieldGrid } from './field-grid.js';
import { Field } from './fields.js';
import { noise2 } from './noise.js';
import { hash2, mix } from './random.js';
import type { Scene } from './scene.js';
import { TEXTURE_SIDE, type Textures } from './textures.js';

const TEXTURE_MASK = TEXTURE_SIDE - 1;
/** Lattice of epithelial and tumour cells, and of stromal and inflammatory cells. */
const CELL_PITCH_PX = 35;
const STROMA_PITCH_PX = 19;
/** No part of a nucleus is further than this from its lattice cell's tile. */
const REACH_PX = 32;

/** Share of their stain that crowded nuclei lose to overlap at grade 1, given back so that colour tells no class. */
const OVERLAP_LOSS = 0.11;

/** What the nuclei of one tile add: stain, and how much cytoplasm they hide. */
export class NucleiLayer {
  readonly sizePx: number;
  /** Haematoxylin amount, 0 to 255. */
  readonly stain: Float32Array;
  /** 0 to 1. */
  readonly cover: Float32Array;

  constructor(sizePx: number) {
    this.sizePx = sizePx;
    this.stain = new Float32Array(sizePx * sizePx);
    this.cover = new Float32Array(sizePx * sizePx);
  }
}

/** One ellipse, in level-0 pixels. */
interface Nucleus {
  x: number;
  y: number;
  /** Half axes. */
  long: number;
  short: number;
  angle: number;
  /** Stain amount where the chromatin table reads its mean. */
  amount: number;
  /** Contrast of the chromatin. */
  contrast: number;
  chromatin: Uint8Array;
  textureX: number;
  textureY: number;
  /** Irregularity of the outline. */
  wobble: number;
}

/** Paints the nuclei that reach into the tile at (x, y). */
export function paintNuclei(
  scene: Scene,
  grid: FieldGrid,
  t: Textures,
  x: number,
  y: number,
  layer: NucleiLayer,
): void {
  layer.stain.fill(0);
  layer.cover.fill(0);
  const epithelium = grid.max(Field.tumour) > 0.05 || grid.max(Field.epidermis) > 0.05;
  if (epithelium)
    forEachCell(x, y, layer.sizePx, CELL_PITCH_PX, (i, j) => epithelialCell(scene, grid, t, i, j, x, y, layer));
  forEachCell(x, y, layer.sizePx, STROMA_PITCH_PX, (i, j) => stromalCell(scene, grid, t, i, j, x, y, layer));
}

function forEachCell(x: number, y: number, sizePx: number, pitch: number, visit: (i: number, j: number) => void): void {
  const left = Math.floor((x - REACH_PX) / pitch);
  const right = Math.floor((x + sizePx + REACH_PX) / pitch);
  const top = Math.floor((y - REACH_PX) / pitch);
  const bottom = Math.floor((y + sizePx + REACH_PX) / pitch);
  for (let j = top; j <= bottom; j++) for (let i = left; i <= right; i++) visit(i, j);
}

function epithelialCell(
  scene: Scene,
  grid: FieldGrid,
  t: Textures,
  i: number,
  j: number,
  tileX: number,
  tileY: number,
  layer: NucleiLayer,
): void {
  const seed = scene.textureSeed;
  const grade = scene.grade;
  const draw = drawsOf(hash2(i, j, seed + 11));
  const loose = 0.46 + 0.5 * grade;
  const x = (i + 0.5 + (j & 1) * 0.5 + (draw() - 0.5) * loose) * CELL_PITCH_PX;
  const y = (j + 0.5 + (draw() - 0.5) * loose) * CELL_PITCH_PX;
  if (!near(x, y, tileX, tileY, layer.sizePx)) return;
  const tumour = grid.at(x, y, Field.tumour);
  const epidermis = grid.at(x, y, Field.epidermis);
  if (Math.max(tumour, epidermis) < 0.5 || grid.at(x, y, Field.depth) < 14) return;
  if (grid.at(x, y, Field.keratin) > 0.45 || grid.at(x, y, Field.lumen) > 0.25) return;
  const crowd = 2 * noise2(x / 105, y / 105, seed + 12) - 1;
  if (draw() > 0.74 * scene.cellularity * (1 + 0.95 * grade * crowd)) return;
  const isTumour = tumour >= epidermis;
  const radius = Math.min(25, (isTumour ? 13.2 : 10.6) * relativeSize(draw, grade));
  const stretch = 1.08 + (0.14 + 0.26 * grade) * draw();
  const nucleus: Nucleus = {
    x,
    y,
    long: radius * stretch,
    short: radius / stretch,
    angle: draw() * Math.PI,
    amount: (isTumour ? 96 : 104) * (1 + OVERLAP_LOSS * grade),
    contrast: 0.75,
    chromatin: draw() < grade ? t.coarse : t.fine,
    textureX: (draw() * TEXTURE_SIDE) | 0,
    textureY: (draw() * TEXTURE_SIDE) | 0,
    wobble: 0.18 + 0.5 * grade * draw(),
  };
  if (isTumour && draw() < 0.003 + 0.035 * grade) paintMitosis(nucleus, tileX, tileY, layer, t);
  else paintNucleus(nucleus, tileX, tileY, layer, t);
}

function stromalCell(
  scene: Scene,
  grid: FieldGrid,
  t: Textures,
  i: number,
  j: number,
  tileX: number,
  tileY: number,
  layer: NucleiLayer,
): void {
  const draw = drawsOf(hash2(i, j, scene.textureSeed + 21));
  const chance = draw();
  if (chance > 0.8) return;
  const x = (i + draw()) * STROMA_PITCH_PX;
  const y = (j + draw()) * STROMA_PITCH_PX;
  if (!near(x, y, tileX, tileY, layer.sizePx)) return;
  if (grid.at(x, y, Field.depth) < 12 || grid.at(x, y, Field.keratin) > 0.2 || grid.at(x, y, Field.lumen) > 0.2) return;
  const epithelium = Math.max(grid.at(x, y, Field.tumour), grid.at(x, y, Field.epidermis));
  const inflamed = grid.at(x, y, Field.inflammation) * (epithelium > 0.5 ? 0.06 : 1);
  const lymphocyte = 0.55 * inflamed * scene.cellularity;
  const spindle = epithelium > 0.35 ? 0 : (0.05 - 0.042 * grid.at(x, y, Field.fat)) * scene.cellularity;
  if (chance > lymphocyte + spindle) return;
  const round = chance < lymphocyte;
  const size = relativeSize(draw, scene.grade);
  const radius = 8.1 * size;
  const length = (13 + 10 * draw()) * size;
  paintNucleus(
    {
      x,
      y,
      long: round ? radius * 1.06 : length,
      short: round ? radius * 0.94 : (3.4 + 1.6 * draw()) * size,
      angle: round ? draw() * Math.PI : grid.fibreAngle(x, y) + 0.5 * (draw() - 0.5),
      amount: round ? 148 : 122,
      contrast: 0.6,
      chromatin: draw() < scene.grade ? t.coarse : t.fine,
      textureX: (draw() * TEXTURE_SIDE) | 0,
      textureY: (draw() * TEXTURE_SIDE) | 0,
      wobble: 0.2,
    },
    tileX,
    tileY,
    layer,
    t,
  );
}

/** Two dark plates moving apart in a cleared cell; their area and stain add up to those of the nucleus they replace. */
function paintMitosis(cell: Nucleus, tileX: number, tileY: number, layer: NucleiLayer, t: Textures): void {
  const apart = cell.short * 0.55;
  for (const side of [-1, 1]) {
    paintNucleus(
      {
        ...cell,
        x: cell.x - side * apart * Math.sin(cell.angle),
        y: cell.y + side * apart * Math.cos(cell.angle),
        long: cell.long * 0.85,
        short: cell.short * 0.3,
        amount: 190,
        contrast: 0.3,
        wobble: 0.5,
      },
      tileX,
      tileY,
      layer,
      t,
    );
  }
}

/** An ellipse with a soft, wavy rim, a darker membrane and chromatin. Where nuclei overlap, the darker counts. */
function paintNucleus(n: Nucleus, tileX: number, tileY: number, layer: NucleiLayer, t: Textures): void {
  const size = layer.sizePx;
  const reach = n.long * 1.25 + 2;
  const cx = n.x - tileX;
  const cy = n.y - tileY;
  const x0 = Math.max(0, Math.floor(cx - reach));
  const x1 = Math.min(size - 1, Math.ceil(cx + reach));
  const y0 = Math.max(0, Math.floor(cy - reach));
  const y1 = Math.min(size - 1, Math.ceil(cy + reach));
  const cosA = Math.cos(n.angle) / n.long;
  const sinA = Math.sin(n.angle) / n.long;
  const cosB = Math.cos(n.angle) / n.short;
  const sinB = Math.sin(n.angle) / n.short;
  const rim = n.short * 0.42;
  for (let y = y0; y <= y1; y++) {
    const dy = y - cy;
    const textureRow = ((y + tileY + n.textureY) & TEXTURE_MASK) * TEXTURE_SIDE;
    for (let x = x0; x <= x1; x++) {
      const dx = x - cx;
      const u = dx * cosA + dy * sinA;
      const v = dy * cosB - dx * sinB;
      const column = (x + tileX + n.textureX) & TEXTURE_MASK;
      const r2 = (u * u + v * v) * (1 + n.wobble * ((t.cloud[textureRow + column] as number) / 128 - 1));
      // Signed distance to the rim in pixels, near enough: rim * (1 - r^2).
      const inside = (1 - r2) * rim * 1.2 + 0.5;
      if (inside <= 0) continue;
      const alpha = inside >= 1.6 ? 1 : inside / 1.6;
      const grainOf = (n.chromatin[textureRow + column] as number) / 128 - 1;
      const membrane = inside < 3.2 ? 0.16 : 0;
      const stain = n.amount * alpha * (1 + n.contrast * grainOf * 0.62 + membrane);
      const at = y * size + x;
      if (stain > (layer.stain[at] as number)) layer.stain[at] = stain;
      if (alpha > (layer.cover[at] as number)) layer.cover[at] = alpha;
    }
  }
}

function near(x: number, y: number, tileX: number, tileY: number, sizePx: number): boolean {
  return x > tileX - REACH_PX && y > tileY - REACH_PX && x < tileX + sizePx + REACH_PX && y < tileY + sizePx + REACH_PX;
}

/** An endless stream of uniform draws for one lattice cell. */
function drawsOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return (mix(state) >>> 0) / 4294967296;
  };
}

/** Radius relative to the usual: log-normal, with a spread that grows with the grade and a mean square of 1. */
function relativeSize(draw: () => number, grade: number): number {
  const sigma = 0.07 + 0.29 * grade;
  // E[exp(2 sigma z - 2 sigma^2)] = 1.
  return Math.exp(Math.max(-2.2, Math.min(2.2, gaussian(draw))) * sigma - sigma * sigma);
}

function gaussian(draw: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
}

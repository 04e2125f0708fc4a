/**
 * Writes training tiles of generated slides: raw RGB of 224 by 224 pixels at level 0, after one JPEG round trip, one after
 * the other in tiles.bin, and tiles.json beside it. Tiles are chosen as the model's bundle chooses them: on the grid, with
 * at least a quarter of tissue.
 *
 *   node build/demo/train/tissue/dump-tiles.js <folder> --slides 300 --tiles 18 --seed 1000 --cells 0.7
 *
 * The first slide is drawn from the seed --seed, each other one from the next seed. With --cells, that share of a slide's
 * tiles is taken from those rich in epithelial and tumour cells.
 */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  decodeRgb,
  Label,
  LABEL_CELL_PX,
  Painter,
  sceneOf,
  sceneTruth,
  TileEncoder,
  type SlideTruth,
  type Scene,
} from '../../demo/slide/index.js';
import { Field, FIELD_COUNT } from '../../demo/slide/fields.js';
import { mix, Random } from '../../demo/slide/random.js';

const TILE_PX = 224;
const QUALITY = 80;
const MIN_TISSUE = 0.25;

interface DumpedSlide {
  readonly seed: number;
  readonly relapse: boolean;
  readonly grade: number;
  readonly tiles: number;
}

/** Grid positions with enough tissue. */
function tissueTiles(truth: SlideTruth): Position[] {
  const cells = TILE_PX / LABEL_CELL_PX;
  const found: Position[] = [];
  for (let row = 0; row + cells <= truth.rows; row += cells) {
    for (let column = 0; column + cells <= truth.columns; column += cells) {
      let tissue = 0;
      for (let y = row; y < row + cells; y++) {
        for (let x = column; x < column + cells; x++)
          if (truth.labels[y * truth.columns + x] === Label.tissue) tissue++;
      }
      if (tissue >= MIN_TISSUE * cells * cells) found.push({ x: column * LABEL_CELL_PX, y: row * LABEL_CELL_PX });
    }
  }
  return found;
}

type Position = { x: number; y: number };

/** True where at least four of nine points of the tile lie in epithelium or tumour. */
function isCellular(scene: Scene, tile: Position): boolean {
  const fields = new Float32Array(FIELD_COUNT);
  let hits = 0;
  for (let i = 0; i < 9; i++) {
    const step = TILE_PX / 3;
    scene.fieldsAt(tile.x + ((i % 3) + 0.5) * step, tile.y + (Math.floor(i / 3) + 0.5) * step, fields, 0);
    if (Math.max(fields[Field.tumour] as number, fields[Field.epidermis] as number) > 0.5) hits++;
  }
  return hits >= 4;
}

/** An even, seeded choice of at most `count`. */
function choose<T>(items: T[], count: number, seed: number): T[] {
  const random = new Random(seed);
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items.slice(0, count);
}

function dumpSlide(seed: number, relapse: boolean, encoder: TileEncoder, fd: number): DumpedSlide {
  const random = new Random(mix(seed ^ 0x5eed));
  const scene = sceneOf({
    width: 32 * random.integer(160, 256),
    height: 32 * random.integer(160, 256),
    seed,
    relapse,
    tissueShare: random.between(0.08, 0.32),
  });
  const painter = new Painter(scene, TILE_PX);
  const pixels = new Uint8Array(TILE_PX * TILE_PX * 3);
  const all = tissueTiles(sceneTruth(scene));
  const cellular = choose(
    all.filter((tile) => isCellular(scene, tile)),
    Math.round(tilesPerSlide * cells),
    seed,
  );
  const rest = all.filter((tile) => !cellular.includes(tile));
  const tiles = [...cellular, ...choose(rest, tilesPerSlide - cellular.length, seed + 1)];
  for (const { x, y } of tiles) {
    painter.paint(x, y, pixels);
    writeSync(fd, decodeRgb(encoder.encodeComplete(pixels)));
  }
  return { seed, relapse, grade: scene.grade, tiles: tiles.length };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    slides: { type: 'string' },
    tiles: { type: 'string' },
    seed: { type: 'string' },
    cells: { type: 'string', default: '0' },
  },
});
const folder = positionals[0];
const count = Number(values.slides);
const tilesPerSlide = Number(values.tiles);
const firstSeed = Number(values.seed);
const cells = Number(values.cells);
if (folder === undefined || ![count, tilesPerSlide, firstSeed].every(Number.isInteger)) {
  throw new Error('usage: dump-tiles.js <folder> --slides N --tiles N --seed N [--cells SHARE]');
}
mkdirSync(folder, { recursive: true });
const fd = openSync(join(folder, 'tiles.bin'), 'w');
const encoder = new TileEncoder(TILE_PX, QUALITY);
const slides: DumpedSlide[] = [];
for (let i = 0; i < count; i++) slides.push(dumpSlide(firstSeed + i, i % 2 === 1, encoder, fd));
closeSync(fd);
writeFileSync(join(folder, 'tiles.json'), `${JSON.stringify({ sizePx: TILE_PX, slides }, null, 1)}\n`);

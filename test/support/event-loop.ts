/** What the event-loop tests score, and how: each case in a process of its own (probe-loop.mjs). */
import { execFile } from 'node:child_process';
import { mkdtempSync, openSync, closeSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { meanColourModel, wideModel } from './models/small-graphs.js';
import { makeSharedTileSlide } from './slides.js';

export type Way = 'plain' | 'geojson-file' | 'geojson-object' | 'mask' | 'tiles' | 'files' | 'held' | 'embed';

export interface LoopReport {
  readonly tiles: number;
  readonly peakKiB: number;
  /** Of the event loop of the JavaScript thread: in CPU time, in units of known work, and the smaller of both (loop-watch.mjs). */
  readonly longestTurn: { readonly ms: number; readonly units: number; readonly held: number };
}

/**
 * The contract: the event loop is never held for 10 ms. On a busy machine a turn takes longer, and so does known work, of which a
 * unit was a millisecond when this was written: a turn is too long where it has both 10 ms and 10 units.
 */
export const longestTurnAllowed = 10;

/** Side of the tiles of the wide model: 64 of them are one stored tile, so that 100,000 take seconds. */
const SMALL_TILE_PX = 32;

export class LoopScene {
  private readonly folder = mkdtempSync(join(tmpdir(), 'microtome-loop-'));
  readonly large = join(this.folder, 'large.tif');
  readonly many = join(this.folder, 'many.tif');
  readonly mean = join(this.folder, 'mean.onnx');
  readonly wide = join(this.folder, 'wide.onnx');

  /** A slide of 100,000 x 100,000 pixels; one of 100,489 small tiles; models of one column and of 48. */
  async draw(): Promise<void> {
    writeFileSync(this.mean, meanColourModel());
    writeFileSync(this.wide, wideModel(48, SMALL_TILE_PX));
    await makeSharedTileSlide(this.large, { width: 100_000, height: 100_000, seed: 8, tissueShare: 0.1 });
    const side = 317 * SMALL_TILE_PX;
    await makeSharedTileSlide(this.many, { width: side, height: side, seed: 9, tissueShare: 1 });
  }

  /** GeoJSON of about 40 MB: many small squares, one of them in each 500 x 500 pixels of the large slide. */
  geoJson(): string {
    const path = join(this.folder, 'mask.geojson');
    const file = openSync(path, 'w');
    writeSync(file, '{"type":"FeatureCollection","features":[');
    for (let row = 0; row < 200; row++) {
      const features = Array.from({ length: 200 }, (_, column) => square(column * 500, row * 500));
      writeSync(file, `${row === 0 ? '' : ','}${features.join(',')}`);
    }
    writeSync(file, ']}');
    closeSync(file);
    return path;
  }

  async score(way: Way, slide: string, model: string, geoJson = ''): Promise<LoopReport> {
    const probe = join(import.meta.dirname, 'probe-loop.mjs');
    // A small young generation: the collector goes through what the caller made before (a parsed GeoJSON) in short turns.
    const flags = ['--expose-gc'];
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, probe, way, slide, model, geoJson]);
    return JSON.parse(stdout) as LoopReport;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A feature whose ring is a square of 200 pixels with ten more corners on each side: about 1,000 characters. */
function square(x: number, y: number): string {
  const side = Array.from({ length: 11 }, (_, i) => i * 18.25);
  const corners = [
    ...side.map((d) => [x + d, y]),
    ...side.map((d) => [x + 200.75, y + d]),
    ...side.map((d) => [x + 200.75 - d, y + 200.75]),
    ...side.map((d) => [x, y + 200.75 - d]),
    [x, y],
  ];
  const geometry = { type: 'Polygon', coordinates: [corners] };
  return JSON.stringify({ type: 'Feature', properties: { name: `square ${x} ${y}`, kind: 'tissue' }, geometry });
}

/** A scene's fields on a 32-pixel lattice around one tile, read back between lattice points. */
import { Field, FIELD_COUNT } from './fields.js';
import type { Scene } from './scene.js';

export const LATTICE_PX = 32;

/**
 * One lattice cell of margin on every side, since nuclei centred outside a tile reach into it. The lattice is the slide's,
 * not the tile's, so neighbouring tiles agree on every value.
 */
export class FieldGrid {
  readonly columns: number;
  readonly rows: number;
  readonly values: Float32Array;
  private left = 0;
  private top = 0;

  /** For tiles of this size; a multiple of LATTICE_PX. */
  constructor(sizePx: number) {
    if (sizePx % LATTICE_PX !== 0) throw new RangeError(`tile size must be a multiple of ${LATTICE_PX}`);
    this.columns = sizePx / LATTICE_PX + 3;
    this.rows = this.columns;
    this.values = new Float32Array(this.columns * this.rows * FIELD_COUNT);
  }

  /** Evaluates the scene around the tile at (x, y), multiples of LATTICE_PX. */
  fill(scene: Scene, x: number, y: number): void {
    this.left = x - LATTICE_PX;
    this.top = y - LATTICE_PX;
    let at = 0;
    for (let row = 0; row < this.rows; row++) {
      for (let column = 0; column < this.columns; column++) {
        scene.fieldsAt(this.left + column * LATTICE_PX, this.top + row * LATTICE_PX, this.values, at);
        at += FIELD_COUNT;
      }
    }
  }

  /** Largest value of a field on the lattice. */
  max(field: number): number {
    let best = -Infinity;
    for (let at = field; at < this.values.length; at += FIELD_COUNT) best = Math.max(best, this.values[at] as number);
    return best;
  }

  /** Between lattice points; the point must lie inside the lattice. */
  at(x: number, y: number, field: number): number {
    const gx = (x - this.left) / LATTICE_PX;
    const gy = (y - this.top) / LATTICE_PX;
    const ix = Math.min(this.columns - 2, Math.max(0, Math.floor(gx)));
    const iy = Math.min(this.rows - 2, Math.max(0, Math.floor(gy)));
    const fx = gx - ix;
    const fy = gy - iy;
    const i = (iy * this.columns + ix) * FIELD_COUNT + field;
    const j = i + this.columns * FIELD_COUNT;
    const top = (this.values[i] as number) * (1 - fx) + (this.values[i + FIELD_COUNT] as number) * fx;
    const bottom = (this.values[j] as number) * (1 - fx) + (this.values[j + FIELD_COUNT] as number) * fx;
    return top * (1 - fy) + bottom * fy;
  }

  /** Direction along the fibres, radians. */
  fibreAngle(x: number, y: number): number {
    const step = 12;
    const dx = (this.at(x + step, y, Field.warpY) - this.at(x - step, y, Field.warpY)) / (2 * step);
    const dy = (this.at(x, y + step, Field.warpY) - this.at(x, y - step, Field.warpY)) / (2 * step);
    return Math.atan2(-dx, 1 + dy);
  }
}

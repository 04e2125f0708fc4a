/**
 * The value of each pixel of a heat map: the mean of the tiles that lie on it, weighted by how much of it they cover. A picture
 * is drawn in squares; a list says which tiles touch which square, so that each square costs only its own tiles.
 */
import type { TileColumn, TileRows } from './tile-rows.js';

/** What is drawn: one column of the rows. */
export interface HeatValues extends Pick<TileRows, 'count' | 'x' | 'y' | 'width' | 'height'> {
  readonly column: Pick<TileColumn, 'values' | 'stride' | 'offset'>;
}

/** A picture of the slide: its size, and how much of level 0 one pixel shows. */
export interface HeatScale {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly level0PerPxX: number;
  readonly level0PerPxY: number;
  /** Side of the squares that it is drawn in. */
  readonly squarePx: number;
}

/** One square: sums of weighted values, and of weights, pixel by pixel. A weight of 1 is a pixel that is covered whole. */
export interface HeatSquare {
  readonly sums: Float32Array;
  readonly weights: Float32Array;
}

export function heatValue({ column: { values, stride, offset } }: HeatValues, tile: number): number {
  return values[offset + tile * stride] ?? NaN;
}

/** Lowest and highest value that is a number; null: there is none. */
export function rangeOfValues(heat: HeatValues): readonly [lowest: number, highest: number] | null {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < heat.count; ++i) {
    const value = heatValue(heat, i);
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}

function add(to: Uint32Array | Float32Array, at: number, what: number): void {
  to[at] = (to[at] ?? 0) + what;
}

export class HeatGrid {
  readonly across: number;
  readonly down: number;
  readonly #starts: Uint32Array;
  readonly #tiles: Uint32Array;

  constructor(
    private readonly heat: HeatValues,
    private readonly scale: HeatScale,
  ) {
    this.across = Math.ceil(scale.widthPx / scale.squarePx);
    this.down = Math.ceil(scale.heightPx / scale.squarePx);
    // Counted, then filed: the squares share one array.
    this.#starts = new Uint32Array(this.across * this.down + 1);
    this.#eachTouched((square) => add(this.#starts, square + 1, 1));
    for (let i = 1; i < this.#starts.length; ++i) add(this.#starts, i, this.#starts[i - 1] ?? 0);
    this.#tiles = new Uint32Array(this.#starts.at(-1) ?? 0);
    const next = this.#starts.slice(0, -1);
    this.#eachTouched((square, tile) => {
      this.#tiles[next[square] ?? 0] = tile;
      add(next, square, 1);
    });
  }

  #eachTouched(tell: (square: number, tile: number) => void): void {
    const { x, y, width, height, count } = this.heat;
    const { level0PerPxX, level0PerPxY, squarePx } = this.scale;
    const [stepX, stepY] = [squarePx * level0PerPxX, squarePx * level0PerPxY];
    for (let i = 0; i < count; ++i) {
      if (!Number.isFinite(heatValue(this.heat, i))) continue;
      const [left = 0, top = 0] = [x[i], y[i]];
      const lastColumn = Math.min(this.across, Math.ceil((left + width) / stepX));
      const lastRow = Math.min(this.down, Math.ceil((top + height) / stepY));
      for (let row = Math.max(0, Math.floor(top / stepY)); row < lastRow; ++row)
        for (let column = Math.max(0, Math.floor(left / stepX)); column < lastColumn; ++column)
          tell(row * this.across + column, i);
    }
  }

  isEmpty(column: number, row: number): boolean {
    const square = row * this.across + column;
    return this.#starts[square] === this.#starts[square + 1];
  }

  /** Draws one square into `to`, which has `squarePx` pixels squared. */
  draw(column: number, row: number, to: HeatSquare): void {
    to.sums.fill(0);
    to.weights.fill(0);
    const square = row * this.across + column;
    const { squarePx } = this.scale;
    const tiles = this.#tiles.subarray(this.#starts[square], this.#starts[square + 1]);
    for (const tile of tiles) this.#drawTile(tile, column * squarePx, row * squarePx, to);
  }

  #drawTile(tile: number, leftPx: number, topPx: number, { sums, weights }: HeatSquare): void {
    const { x, y, width, height } = this.heat;
    const { level0PerPxX, level0PerPxY, squarePx } = this.scale;
    const value = heatValue(this.heat, tile);
    const x0 = Math.max((x[tile] ?? 0) / level0PerPxX - leftPx, 0);
    const x1 = Math.min(((x[tile] ?? 0) + width) / level0PerPxX - leftPx, squarePx);
    const y0 = Math.max((y[tile] ?? 0) / level0PerPxY - topPx, 0);
    const y1 = Math.min(((y[tile] ?? 0) + height) / level0PerPxY - topPx, squarePx);
    for (let py = Math.floor(y0); py < y1; ++py) {
      const high = Math.min(y1, py + 1) - Math.max(y0, py);
      for (let px = Math.floor(x0); px < x1; ++px) {
        const weight = high * (Math.min(x1, px + 1) - Math.max(x0, px));
        const at = py * squarePx + px;
        add(sums, at, weight * value);
        add(weights, at, weight);
      }
    }
  }
}

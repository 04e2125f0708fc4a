/**
 * The tiles of one slide as GeoJSON that QuPath reads: an id that is a UUID, `objectType` tile, measurements as an object of
 * numbers (NaN and infinities as text), the class as text, one closed ring in pixels of level 0 that begins at the upper
 * right corner, as WSInfer's does.
 */
import { tileId } from './tile-id.js';
import type { TileColumn, TileRows } from './tile-rows.js';

/** Tiles whose features are one piece of text: some fifty thousand characters. */
const kPieceTiles = 128;

function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

/** The columns among which a tile has its class: those of the score's output, where the model names them. */
function classColumns({ columns, scoreColumn }: TileRows): readonly TileColumn[] {
  const output = columns[scoreColumn]?.output;
  const classes = columns.filter((column) => column.output === output);
  return classes.length > 1 && classes.every(({ className }) => className !== null) ? classes : [];
}

/** The class of the greatest value; undefined where no value is a number. */
function classOf(columns: readonly TileColumn[], tile: number): string | undefined {
  let [best, highest] = [undefined as string | undefined, -Infinity];
  for (const { className, values, offset, stride } of columns) {
    const value = values[offset + tile * stride] ?? NaN;
    if (value > highest) [best, highest] = [className ?? undefined, value];
  }
  return best;
}

/** The file, in pieces. `slide` is the name of the slide's file. */
export function* tileGeoJsonPieces(rows: TileRows, slide: string): Generator<string, void, undefined> {
  const { count, x, y, width, height, columns } = rows;
  const keys = columns.map(({ name }) => `${JSON.stringify(name)}:`);
  const classes = classColumns(rows);
  yield '{"type":"FeatureCollection","features":[';
  let text = '';
  for (let i = 0; i < count; ++i) {
    const [left = 0, top = 0] = [x[i], y[i]];
    const [right, bottom] = [left + width, top + height];
    const ring = `[${right},${top}],[${right},${bottom}],[${left},${bottom}],[${left},${top}],[${right},${top}]`;
    const measurements = columns.map(
      ({ values, stride, offset }, c) => `${keys[c]}${numberText(values[offset + i * stride] ?? NaN)}`,
    );
    const found = classOf(classes, i);
    const classification = found === undefined ? '' : `"classification":${JSON.stringify(found)},`;
    text += `${i === 0 ? '\n' : ',\n'}{"type":"Feature","id":"${tileId(slide, left, top, width, height)}",`;
    text += `"geometry":{"type":"Polygon","coordinates":[[${ring}]]},"properties":{"objectType":"tile","isLocked":true,`;
    text += `${classification}"measurements":{${measurements.join(',')}}}}`;
    if ((i + 1) % kPieceTiles === 0 || i + 1 === count) {
      yield text;
      text = '';
    }
  }
  yield '\n]}\n';
}

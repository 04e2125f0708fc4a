/** The table of one slide's tiles, with the columns of WSInfer: minx, miny, width, height, then the outputs. */
import type { TileRows } from './tile-rows.js';

/** Tiles whose lines are one piece of text: some ten thousand characters. */
const kPieceTiles = 256;

/** A cell of RFC 4180. */
function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The lines, in pieces. Numbers are the shortest text that reads back to the same double; places are not rounded. */
export function* tileCsvPieces(rows: TileRows): Generator<string, void, undefined> {
  const { count, x, y, width, height, columns } = rows;
  yield `${['minx', 'miny', 'width', 'height', ...columns.map(({ name }) => cell(name))].join(',')}\n`;
  let text = '';
  for (let i = 0; i < count; ++i) {
    text += `${x[i]},${y[i]},${width},${height}`;
    for (const { values, stride, offset } of columns) text += `,${values[offset + i * stride]}`;
    text += '\n';
    if ((i + 1) % kPieceTiles === 0 || i + 1 === count) {
      yield text;
      text = '';
    }
  }
}

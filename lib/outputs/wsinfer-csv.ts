/**
 * The table of one slide's tiles as WSInfer 0.6.1 writes it: `minx,miny,width,height,prob_<class>`, in WSInfer's order (x first, y
 * changes fastest), numbers as pandas writes a column of float32. Sorting a million tiles takes longer than a turn of the event
 * loop may: call this on a worker thread.
 */

/** One number for each tile: `values[offset + i * stride]`. */
export interface WsInferColumn {
  /** Its name in the table, `prob_` included. */
  readonly name: string;
  readonly values: Float64Array;
  readonly stride: number;
  readonly offset: number;
}

/** Places are in pixels of level 0. */
export interface WsInferTable {
  readonly count: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly width: number;
  readonly height: number;
  readonly columns: readonly WsInferColumn[];
}

/** Tiles whose lines are one piece of text: some ten thousand characters. */
const pieceTiles = 256;
/** Nine digits tell any two numbers of 32 bits apart. */
const mostDigits = 9;

/** The fewest digits that read back to the same float32, as `d.ddde-5`. */
function shortestDigits(value: number): string {
  for (let digits = 1; digits < mostDigits; ++digits) {
    const text = value.toExponential(digits - 1);
    if (Math.fround(Number(text)) === value) return text;
  }
  return value.toExponential(mostDigits - 1);
}

/**
 * A number as numpy writes a float32: the fewest digits that read back to the same float32, with a decimal point, and an exponent
 * of two digits below 1e-4 and from 1e6. Not a number is an empty cell.
 */
export function float32Text(value: number): string {
  const single = Math.fround(value);
  if (Number.isNaN(single)) return '';
  if (single === Infinity) return 'inf';
  if (single === -Infinity) return '-inf';
  if (single === 0) return Object.is(single, -0) ? '-0.0' : '0.0';
  const [mantissa = '', exponent = ''] = shortestDigits(single).split('e');
  const power = Number(exponent);
  if (Math.abs(single) < 1e-4 || Math.abs(single) >= 1e6)
    return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${digits}`;
  const whole = digits.slice(0, power + 1).padEnd(power + 1, '0');
  return `${sign}${whole}.${digits.slice(power + 1) || '0'}`;
}

/** The tiles in WSInfer's order. */
function orderOf({ count, x, y }: WsInferTable): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  return order.sort((a, b) => (x[a] ?? 0) - (x[b] ?? 0) || (y[a] ?? 0) - (y[b] ?? 0));
}

/** A cell of RFC 4180. */
function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The lines, the head first, in pieces of at most a few hundred lines. Places that are no whole numbers keep their fraction. */
export function* wsInferRows(table: WsInferTable): Generator<string, void, undefined> {
  const { count, x, y, width, height, columns } = table;
  yield `${['minx', 'miny', 'width', 'height', ...columns.map(({ name }) => cell(name))].join(',')}\n`;
  const order = orderOf(table);
  for (let first = 0; first < count; first += pieceTiles) {
    let text = '';
    for (const i of order.subarray(first, first + pieceTiles)) {
      text += `${x[i]},${y[i]},${width},${height}`;
      for (const { values, stride, offset } of columns) text += `,${float32Text(values[offset + i * stride] ?? NaN)}`;
      text += '\n';
    }
    yield text;
  }
}

/** The table of tiles as WSInfer writes it: its order, its columns, numbers as pandas writes float32. */
import { describe, expect, it } from 'vitest';
import { float32Text, type WsInferTable, wsInferRows } from '../../lib/outputs/wsinfer-csv.js';

function tableOf(places: readonly (readonly [number, number])[], names: readonly string[]): WsInferTable {
  const values = Float64Array.from({ length: places.length * names.length }, (_, i) => Math.fround((i + 1) / 1000));
  return {
    count: places.length,
    x: Float64Array.from(places, ([x]) => x),
    y: Float64Array.from(places, ([, y]) => y),
    width: 350,
    height: 350,
    columns: names.map((name, offset) => ({ name, values, stride: names.length, offset })),
  };
}

describe('numbers are those that pandas 3.0 and numpy 2.4 write for a column of float32', () => {
  it.each([
    [6.441554433, '6.4415545'],
    [6.4415544e-5, '6.4415544e-05'],
    [0.1, '0.1'],
    [1, '1.0'],
    [0, '0.0'],
    [-0, '-0.0'],
    [0.99999994, '0.99999994'],
    [1e-4, '1e-04'],
    [1.00000005e-4, '0.000100000005'],
    [9.9999e-5, '9.9999e-05'],
    [1 / 3, '0.33333334'],
    [-1 / 3, '-0.33333334'],
    [1e-38, '1e-38'],
    [1e-45, '1e-45'],
    [123456.7, '123456.7'],
    [100000, '100000.0'],
    [1e6, '1e+06'],
    [16777216, '1.6777216e+07'],
    [1.5e16, '1.5e+16'],
    [NaN, ''],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
  ])('%d is %s', (value, text) => {
    expect(float32Text(value)).toBe(text);
  });

  it('reads back to the same float32, whatever its bits', () => {
    const bits = new Uint32Array(1);
    const single = new Float32Array(bits.buffer);
    for (let i = 0, state = 1; i < 100_000; ++i) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      bits[0] = state;
      const value = single[0] as number;
      if (Number.isFinite(value)) expect(Math.fround(Number(float32Text(value)))).toBe(value);
    }
  });
});

describe('rows', () => {
  it('go down before they go right, whatever order the tiles have', () => {
    const places = [
      [0, 0],
      [700, 0],
      [350, 350],
      [0, 1050],
      [0, 350],
    ] as const;
    expect([...wsInferRows(tableOf(places, ['prob_a', 'prob_b']))].join('')).toBe(
      [
        'minx,miny,width,height,prob_a,prob_b',
        '0,0,350,350,0.001,0.002',
        '0,350,350,350,0.009,0.01',
        '0,1050,350,350,0.007,0.008',
        '350,350,350,350,0.005,0.006',
        '700,0,350,350,0.003,0.004',
        '',
      ].join('\n'),
    );
  });

  it('come in pieces of bounded length, and none is lost', () => {
    const places = Array.from({ length: 1000 }, (_, i) => [Math.floor(i / 40) * 350, (i % 40) * 350] as const);
    const pieces = [...wsInferRows(tableOf(places, ['prob_a']))];
    expect(Math.max(...pieces.map((piece) => piece.split('\n').length - 1))).toBeLessThanOrEqual(256);
    expect(pieces.join('').split('\n')).toHaveLength(1002);
  });

  it('quote the name of a class that has a comma or a quote', () => {
    const [head] = wsInferRows(tableOf([], ['prob_tumour, "high"']));
    expect(head).toBe('minx,miny,width,height,"prob_tumour, ""high"""\n');
  });
});

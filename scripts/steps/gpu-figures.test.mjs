import { describe, expect, it } from 'vitest';
import { agreement, efficiency, markdownTable, threadCounts } from './gpu-figures.mjs';

const scores = (...values) => new Map(values.map((value, i) => [`${i}.tif`, value]));

describe('the figures of a GPU', () => {
  it('say how far scores are apart', () => {
    expect(agreement(scores(0.5, 0.25), scores(0.5, 0.375), 0.1)).toEqual({
      largest: 0.125,
      tolerance: 0.1,
      isWithin: false,
    });
    expect(agreement(scores(0.5), scores(0.5), 0).isWithin).toBe(true);
  });
  it('are none where slides are missing', () => {
    expect(() => agreement(scores(0.5, 0.25), scores(0.5), 1)).toThrow('1.tif was not scored both times');
    expect(() => agreement(scores(0.5), scores(0.5, 0.1), 1)).toThrow('was not scored both times');
    expect(() => agreement(scores(), scores(), 1)).toThrow('no slide was scored');
  });
  it('have numbers of workers up to the most', () => {
    expect([threadCounts(1), threadCounts(6), threadCounts(16)]).toEqual([[1], [1, 2, 4, 6], [1, 2, 4, 8, 16]]);
  });
  it('compare workers with one alone', () => {
    const rows = [
      { threads: 1, tilesPerSecond: 100, shares: { infer: 0.7, decode: 0.3 } },
      { threads: 4, tilesPerSecond: 340, shares: { decode: 0.6, infer: 0.4 } },
    ];
    expect(efficiency(rows).map(({ perCore, most }) => [perCore, most])).toEqual([
      [1, 'infer 70 %'],
      [0.85, 'decode 60 %'],
    ]);
  });
  it('are tables', () => expect(markdownTable([{ a: 1, b: 'x' }])).toBe('| a | b |\n| --- | --- |\n| 1 | x |'));
});

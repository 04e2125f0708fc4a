import { describe, expect, it } from 'vitest';
import {
  atEnd,
  inputs,
  operationSeconds,
  peakFlops,
  slidesPerHour,
  stageSeconds,
  tilesPerSecond,
} from '../../bench/k80/model.mjs';
import { networks, totals } from '../../bench/k80/networks.mjs';
import { isUpToDate } from '../../bench/k80/page.mjs';

const plain = {
  cores: 1000,
  clockMHz: 500,
  bandwidthGBs: 100,
  eccFactor: 0.8,
  pcieGBs: 10,
  vcpus: 4,
  decodeMpxPerVcpu: 100,
  pointwiseShare: 0.25,
  denseShare: 0.5,
  bandwidthShare: 0.5,
  launchUs: 5,
  batch: 10,
  tilePx: 200,
  decodedPerUsed: 2,
  maskCpuSeconds: 0.4,
  bitsPerPx: 2,
  diskMBs: 100,
  overlap: true,
};

describe('one operation', () => {
  it('takes the slower of arithmetic and memory, and a launch', () => {
    expect(peakFlops(plain)).toBe(1e12);
    // 2 * 1e9 * 10 operations at half of 1 TFLOP/s; memory would take 4 * 11e3 / 40e9 s.
    const dense = { kind: 'dense', macs: 1e9, values: 1000, weights: 1000 };
    expect(operationSeconds(dense, plain)).toBeCloseTo(0.04 + 5e-6, 12);
    expect(operationSeconds({ ...dense, kind: 'pointwise' }, plain)).toBeCloseTo(0.08 + 5e-6, 12);
    // 4 * (10 * 1e6 + 1000) bytes at half of 80 GB/s.
    const pass = { kind: 'pass', macs: 0, values: 1e6, weights: 1000 };
    expect(operationSeconds(pass, plain)).toBeCloseTo(40_004_000 / 40e9 + 5e-6, 12);
    expect(tilesPerSecond([dense, pass], plain)).toBeCloseTo(10 / (0.04 + 40_004_000 / 40e9 + 1e-5), 9);
  });
});

describe('one slide', () => {
  it('takes the slowest stage when they overlap, and their sum when they do not', () => {
    const seconds = stageSeconds(1000, 50, plain);
    expect(seconds.decode).toBeCloseTo((1000 * 40_000 * 2) / 400e6 + 0.1, 12);
    expect(seconds.transfer).toBeCloseTo(0.012, 12);
    expect(seconds.inference).toBe(20);
    expect(seconds.disk).toBeCloseTo(0.2, 12);
    expect(slidesPerHour(1000, 50, plain)).toEqual({ perHour: 180, slowest: 'inference' });
    expect(slidesPerHour(1000, 50, { ...plain, overlap: false }).perHour).toBeCloseTo(3600 / 20.512, 9);
    expect(slidesPerHour(1000, 1e6, plain).slowest).toBe('decode');
    expect(slidesPerHour(1000, 1e6, { ...plain, diskMBs: 10 }).slowest).toBe('disk');
  });
});

describe('the networks', () => {
  // Multiply-accumulates and parameters as the papers and their reference code state them.
  it.each([
    ['ResNet-18', 1.814, 11.7],
    ['ResNet-50', 4.089, 25.6],
    ['ResNet-152', 11.51, 60.2],
  ])('%s has the size that is published', (name, gigaMacs, millionParameters) => {
    const { macs, parameters } = totals(networks[name]);
    expect(Math.abs(macs / 1e9 - gigaMacs)).toBeLessThan(0.01 * gigaMacs);
    expect(Math.abs(parameters / 1e6 - millionParameters)).toBeLessThan(0.02 * millionParameters);
  });
});

describe('the page', () => {
  it('says where every input is from, and marks the assumptions that matter most', () => {
    for (const input of Object.values(inputs)) expect(input.source.length).toBeGreaterThan(10);
    for (const name of ['decodeMpxPerVcpu', 'eccFactor']) expect(inputs[name].assumed).toBe(true);
    expect(atEnd('low').decodeMpxPerVcpu).toBe(80);
    expect(atEnd('high').decodeMpxPerVcpu).toBe(230);
  });

  it('holds the tables that the model gives', () => {
    expect(isUpToDate).toBe(true);
  });
});

/** float16Bits against a search for the nearest of all 63,488 finite numbers of 16 bits. */
import { expect, it } from 'vitest';
import { float16Bits, float16Limit } from '../../lib/outputs/features/float16.js';

/** The number that has these bits, by the definition of binary16. */
function numberOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
}

function halfOf(value: number): number {
  return float16Bits(new Uint32Array(Float32Array.of(value).buffer)[0] as number);
}

it('keeps every number of 16 bits as it is', () => {
  for (let bits = 0; bits < 0x10000; ++bits) {
    const value = numberOf(bits);
    if (!Number.isNaN(value)) expect(halfOf(value)).toBe(bits);
  }
  expect(numberOf(halfOf(NaN))).toBeNaN();
});

it('rounds to the nearest, and a tie to the even one', () => {
  for (let bits = 0; bits < 0x7bff; ++bits) {
    const [low, high] = [numberOf(bits), numberOf(bits + 1)];
    const middle = (low + high) / 2;
    const even = bits % 2 === 0 ? bits : bits + 1;
    const near = Math.fround(middle * (1 + 2 ** -22));
    expect([halfOf(middle), halfOf(-middle), halfOf(near)]).toEqual([even, even | 0x8000, bits + 1]);
    expect(halfOf(Math.fround(middle * (1 - 2 ** -22)))).toBe(bits);
  }
});

it('makes infinity of the limit, and the largest number of what is below it', () => {
  expect(numberOf(halfOf(float16Limit))).toBe(Infinity);
  expect(numberOf(halfOf(65519.99))).toBe(65504);
  expect(halfOf(2 ** -25)).toBe(0);
  expect(halfOf(1e-30)).toBe(0);
});

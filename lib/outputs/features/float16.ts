/** Numbers of 32 bits as numbers of 16 bits (IEEE 754 binary16), rounded to the nearest, ties to even. */

/** The largest number that is not rounded to infinity is below this. */
export const float16Limit = 65520;

/** The bits of `value`, given by the bits of its float32. */
export function float16Bits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const mantissa = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (mantissa === 0 ? 0 : 0x200);
  const half = exponent - 112;
  if (half >= 31) return sign | 0x7c00;
  if (half > 0) {
    // A carry of the rounding goes on into the exponent, up to infinity.
    return sign | ((half << 10) + rounded(mantissa, 13));
  }
  // Below the normal numbers: the implied bit is shifted with the others. From 25 places on nothing is left.
  const shift = 14 - half;
  return shift > 24 ? sign : sign | rounded(mantissa | 0x800000, shift);
}

function rounded(value: number, shift: number): number {
  const kept = value >>> shift;
  const rest = value & ((1 << shift) - 1);
  const tie = 1 << (shift - 1);
  return rest > tie || (rest === tie && (kept & 1) === 1) ? kept + 1 : kept;
}

/**
 * A digest of tiles that does not depend on the order they come in: a line "x y crc32" for each, sorted by y and then x, and
 * the CRC-32 of those lines. A contender that misses a tile, moves one or changes one sample gets another digest.
 */
import { crc32 } from 'node:zlib';

export class TileDigest {
  private readonly found: { x: number; y: number; crc: number; means: readonly number[] }[] = [];

  add(x: number, y: number, bytes: Uint8Array): void {
    const sums = [0, 0, 0];
    for (let i = 0; i < bytes.length; i++) sums[i % 3] = (sums[i % 3] as number) + (bytes[i] as number);
    this.found.push({ x, y, crc: crc32(bytes), means: sums.map((sum) => (3 * sum) / bytes.length) });
  }

  get tiles(): number {
    return this.found.length;
  }

  private sorted(): typeof this.found {
    return [...this.found].sort((a, b) => a.y - b.y || a.x - b.x);
  }

  /** Mean red, green and blue of each tile: what readers have in common that decode the same picture to slightly other pixels. */
  means(): readonly number[] {
    return this.sorted().flatMap(({ means }) => means);
  }

  digest(): string {
    const lines = this.sorted().map(({ x, y, crc }) => `${x} ${y} ${crc}\n`);
    return crc32(lines.join('')).toString(16).padStart(8, '0');
  }
}

/** Constants of the normalisation that every contender applies, channel by channel: (sample * scale - mean) / std. */
export const normalisation = {
  scale: 1 / 255,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
} as const;

/** Interleaved bytes as a normalised planar tensor. */
export function normalise(bytes: Uint8Array, pixels: number): Float32Array {
  const { scale, mean, std } = normalisation;
  const tensor = new Float32Array(3 * pixels);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) {
      tensor[c * pixels + i] = ((bytes[3 * i + c] as number) * scale - (mean[c] as number)) / (std[c] as number);
    }
  }
  return tensor;
}

/** A normalised planar tensor back to the bytes it came from: how the digests of tensors are made. */
export function denormalise(tensor: Float32Array, pixels: number): Uint8Array {
  const bytes = new Uint8Array(3 * pixels);
  for (let c = 0; c < 3; c++) {
    const factor = (normalisation.std[c] as number) / normalisation.scale;
    const offset = (normalisation.mean[c] as number) / normalisation.scale;
    for (let i = c * pixels; i < (c + 1) * pixels; i++) bytes[i] = Math.round((tensor[i] as number) * factor + offset);
  }
  return bytes;
}

/**
 * Tileable texture tables (1,024 by 1,024, one byte a texel), made once per process from fixed seeds, so that painting a
 * pixel costs a few look-ups. They hold structure only; amounts and colours are the scene's.
 */
import { PeriodicNoise, smoothstep } from './noise.js';
import { hash2, unit2 } from './random.js';

export const TEXTURE_SIDE = 1024;
const MASK = TEXTURE_SIDE - 1;

export interface Textures {
  /** Wavy bundles along u: 0 cleft, 255 dense fibre. */
  readonly fibre: Uint8Array;
  /** Cells about 34 texels wide: 0 inside, 255 on the membrane. */
  readonly membrane: Uint8Array;
  /** Large empty cells: 0 inside, 255 on the thin wall. */
  readonly fat: Uint8Array;
  /** Soft mottling of cytoplasm. */
  readonly cloud: Uint8Array;
  /** Chromatin, fine even grain. */
  readonly fine: Uint8Array;
  /** Chromatin, coarse clumps, with the mean and spread of `fine`. */
  readonly coarse: Uint8Array;
  /** Sensor noise, mean 128, about +-2.5 levels. */
  readonly grain: Uint8Array;
}

let made: Textures | undefined;

/** The tables; the first call takes a second or two. */
export function textures(): Textures {
  made ??= {
    fibre: table(fibres()),
    membrane: cells(30, 9, 7001, (first, second) => 255 * (1 - smoothstep(0, 6, second - first))),
    fat: cells(6, 70, 7002, (first, second) => 255 * (1 - smoothstep(2, 6, second - first))),
    cloud: table(scaled(octaves([12, 28, 64], 7003))),
    fine: equalised(octaves([190, 256], 7004)),
    coarse: equalised(octaves([96, 150], 7005)),
    grain: grain(),
  };
  return made;
}

function table(value: Texture): Uint8Array {
  const out = new Uint8Array(TEXTURE_SIDE * TEXTURE_SIDE);
  for (let y = 0; y < TEXTURE_SIDE; y++) {
    for (let x = 0; x < TEXTURE_SIDE; x++) {
      const v = value(x / TEXTURE_SIDE, y / TEXTURE_SIDE);
      out[y * TEXTURE_SIDE + x] = Math.min(255, Math.max(0, Math.round(v)));
    }
  }
  return out;
}

type Texture = (u: number, v: number) => number;

function scaled(value: Texture): Texture {
  return (u, v) => 255 * value(u, v);
}

/** A weighted mean of noises with that many lattice cells a turn, the first the strongest. */
function octaves(cellsPerTurn: readonly number[], seed: number): Texture {
  const layers = cellsPerTurn.map((n, i) => ({ noise: new PeriodicNoise(n, n, seed + i * 17), weight: 0.6 ** i }));
  const total = layers.reduce((sum, layer) => sum + layer.weight, 0);
  return (u, v) => {
    let sum = 0;
    for (const layer of layers) sum += layer.weight * layer.noise.at(u, v);
    return sum / total;
  };
}

function fibres(): Texture {
  const bends = new PeriodicNoise(4, 4, 7101);
  const waves = new PeriodicNoise(11, 9, 7102);
  const bundles = new PeriodicNoise(5, 22, 7103);
  const strands = new PeriodicNoise(9, 60, 7104);
  const fibrils = new PeriodicNoise(24, 170, 7105);
  const clefts = new PeriodicNoise(16, 40, 7106);
  return (u, v) => {
    const w = v + (bends.at(u, v) - 0.5) * 0.09 + (waves.at(u, v) - 0.5) * 0.035;
    const bundle = ridge(bundles.at(u, w));
    const cleft = smoothstep(0.08, 0.3, bundle + 0.25 * clefts.at(u, v));
    return 255 * cleft * (0.42 + 0.26 * bundle + 0.2 * ridge(strands.at(u, w)) + 0.3 * (fibrils.at(u, w) - 0.5));
  };
}

function ridge(n: number): number {
  return Math.abs(2 * n - 1);
}

/** Ranks the values, so that two chromatin tables differ in grain size and in nothing else. */
function equalised(value: Texture): Uint8Array {
  const raw = table(scaled(value));
  const counts = new Float64Array(257);
  for (const r of raw) counts[r + 1] = (counts[r + 1] as number) + 1;
  for (let i = 1; i < 257; i++) counts[i] = (counts[i] as number) + (counts[i - 1] as number);
  const total = raw.length;
  return raw.map((r) =>
    Math.min(255, Math.floor((256 * ((counts[r] as number) + (counts[r + 1] as number))) / 2 / total)),
  );
}

/** Distances to the nearest two of jittered lattice points, in texels, mapped by `value`; edges bend by `bendPx`. */
function cells(
  perTurn: number,
  bendPx: number,
  seed: number,
  value: (first: number, second: number) => number,
): Uint8Array {
  const pitch = TEXTURE_SIDE / perTurn;
  const points = new Float64Array(perTurn * perTurn * 2);
  for (let j = 0; j < perTurn; j++) {
    for (let i = 0; i < perTurn; i++) {
      points[2 * (j * perTurn + i)] = 0.12 + 0.76 * unit2(i, j, seed);
      points[2 * (j * perTurn + i) + 1] = 0.12 + 0.76 * unit2(i, j, seed + 1);
    }
  }
  const bendX = new PeriodicNoise(perTurn * 2, perTurn * 2, seed + 2);
  const bendY = new PeriodicNoise(perTurn * 2, perTurn * 2, seed + 3);
  return table((u, v) => {
    const x = u * TEXTURE_SIDE + bendPx * (bendX.at(u, v) - 0.5);
    const y = v * TEXTURE_SIDE + bendPx * (bendY.at(u, v) - 0.5);
    const cx = Math.floor(x / pitch);
    const cy = Math.floor(y / pitch);
    let first = Infinity;
    let second = Infinity;
    for (let j = cy - 1; j <= cy + 1; j++) {
      for (let i = cx - 1; i <= cx + 1; i++) {
        const at = 2 * (((j + perTurn) % perTurn) * perTurn + ((i + perTurn) % perTurn));
        const dx = (i + (points[at] as number)) * pitch - x;
        const dy = (j + (points[at + 1] as number)) * pitch - y;
        const d = dx * dx + dy * dy;
        if (d < first) {
          second = first;
          first = d;
        } else if (d < second) second = d;
      }
    }
    return value(Math.sqrt(first), Math.sqrt(second));
  });
}

function grain(): Uint8Array {
  const out = new Uint8Array(TEXTURE_SIDE * TEXTURE_SIDE);
  for (let i = 0; i < out.length; i++) {
    const h = hash2(i & MASK, i >> 10, 7006);
    // The sum of four bytes is close to normal.
    const sum = (h & 255) + ((h >> 8) & 255) + ((h >> 16) & 255) + ((h >> 24) & 255);
    out[i] = 128 + Math.round((sum - 510) * 0.017);
  }
  return out;
}

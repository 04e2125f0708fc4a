/** GPUs by their kind: GPUs of two kinds give scores of different bits, and the slower one holds up the other. */

import type { NativeGpu } from '../device-request.js';

/** `NVIDIA H200 9.0`. */
export const kindOf = ({ name, computeCapability }: NativeGpu): string => `${name} ${computeCapability.join('.')}`;

/** Equal names once, with how many there are. */
export function gpuNames(gpus: readonly Pick<NativeGpu, 'name'>[]): string {
  const counts = new Map<string, number>();
  for (const { name } of gpus) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count === 1 ? name : `${count} × ${name}`)).join(', ');
}

/** The GPUs of the best kind, in their order, and why each other one is left out. */
export interface ChosenGpus {
  readonly gpus: readonly NativeGpu[];
  readonly reasons: readonly string[];
}

/** The best kind has the highest compute capability; of equal ones the most memory, then the most GPUs. */
export function ofBestKind(all: readonly NativeGpu[], provider: string): ChosenGpus {
  const kinds = new Map<string, NativeGpu[]>();
  for (const gpu of all) kinds.set(kindOf(gpu), [...(kinds.get(kindOf(gpu)) ?? []), gpu]);
  const [gpus = [], ...others] = [...kinds.values()].sort(byWorth);
  const reasons = others
    .flat()
    .sort((a, b) => a.ordinal - b.ordinal)
    .map(
      (gpu) => `${provider}:${gpu.ordinal} (${kindOf(gpu)}) is left out: it is of another kind than ${gpuNames(gpus)}`,
    );
  return { gpus, reasons };
}

function byWorth(a: readonly NativeGpu[], b: readonly NativeGpu[]): number {
  const worth = (gpus: readonly NativeGpu[]): readonly number[] => [
    ...(gpus[0]?.computeCapability ?? []),
    gpus[0]?.memoryBytes ?? 0,
    gpus.length,
  ];
  const [ofA, ofB] = [worth(a), worth(b)];
  const differs = ofA.findIndex((value, i) => value !== ofB[i]);
  return differs < 0 ? 0 : (ofB[differs] ?? 0) - (ofA[differs] ?? 0);
}

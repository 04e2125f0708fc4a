/** Where a model can run. */

import { availableParallelism, cpus, totalmem } from 'node:os';

/** A device that `device` can name. */
export interface Device {
  /** What to pass as `device`. */
  readonly id: string;
  readonly kind: 'cpu';
  /** The processor's own name, for people. */
  readonly name: string;
  /** Cores that this process may use. */
  readonly cores: number;
  /** Memory of the machine, in bytes. */
  readonly memoryBytes: number;
}

/** The devices that this version can use: the CPU. */
export async function devices(): Promise<readonly Device[]> {
  const name = cpus()[0]?.model.trim() ?? '';
  return Object.freeze([
    Object.freeze({
      id: 'cpu',
      kind: 'cpu' as const,
      name: name === '' ? 'CPU' : name,
      cores: availableParallelism(),
      memoryBytes: totalmem(),
    }),
  ]);
}

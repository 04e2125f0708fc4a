/** Where a model can run. */

import { cpus, totalmem } from 'node:os';

import { loadAddon } from './addon.js';

/** A device of this version: the CPU alone. */
export type DeviceId = 'cpu';

/** What the option `device` takes; `cuda:1` is the second GPU, `cuda` all of them. */
export type DeviceChoice =
  | 'auto'
  | 'cpu'
  | 'cuda'
  | `cuda:${number}`
  | 'tensorrt'
  | `tensorrt:${number}`
  | `plugin:${string}`;

/** A device that `device` can name. */
export interface Device {
  /** What to pass as `device`. */
  readonly id: DeviceId;
  readonly kind: 'cpu';
  /** The processor's own name, for people. */
  readonly name: string;
  /** Cores that this process may use: the affinity mask, and no more than a container's limit. As many score by default. */
  readonly cores: number;
  /** Memory of the machine, in bytes. */
  readonly memoryBytes: number;
}

/**
 * The devices that this version can use: the CPU.
 *
 * @throws {@link MicrotomeError} UNSUPPORTED_PLATFORM, RUNTIME_MISSING when the addon does not load.
 */
export async function devices(): Promise<readonly Device[]> {
  const addon = await loadAddon();
  const name = cpus()[0]?.model.trim() ?? '';
  return Object.freeze([
    Object.freeze({
      id: 'cpu' as const,
      kind: 'cpu' as const,
      name: name === '' ? 'CPU' : name,
      cores: addon.cores(),
      memoryBytes: totalmem(),
    }),
  ]);
}

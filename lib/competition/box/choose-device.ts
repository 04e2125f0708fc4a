/** Where the model runs: the devices of the machine in the order in which they are tried. The CPU comes last and is always there. */
import type { DeviceChoice } from '../../index.js';
import { boxDevices, type BoxDevice } from './log-lines.js';

/** The part of a device that the choice looks at. A later version of the library may know kinds that this list does not. */
export interface FoundDevice {
  readonly id: string;
  readonly kind: string;
}

export interface BoxChoice {
  /** What the option `device` takes. */
  readonly id: DeviceChoice;
  readonly kind: BoxDevice;
}

/** The lower, the sooner. An engine that was compiled for the device goes before its plain kernels. */
const kRanks: Readonly<Record<BoxDevice, number>> = { tensorrt: 0, cuda: 1, other: 2, cpu: 3 };

const cpu: BoxChoice = { id: 'cpu', kind: 'cpu' };

function kindOf({ kind }: FoundDevice): BoxDevice {
  return boxDevices.find((known) => known === kind) ?? 'other';
}

/** Of one kind, the order in which the library lists them. */
export function deviceOrder(found: readonly FoundDevice[]): readonly BoxChoice[] {
  const others = found
    .map((device): BoxChoice => ({ id: device.id as DeviceChoice, kind: kindOf(device) }))
    .filter(({ kind }) => kind !== 'cpu');
  return [...others.sort((a, b) => kRanks[a.kind] - kRanks[b.kind]), cpu];
}

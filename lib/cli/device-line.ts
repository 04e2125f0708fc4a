/** Where the model runs, in one line. */
import type { DeviceUse } from '../index.js';
import { printable } from './text.js';

/** The device of a measurement, with everything that a figure depends on. */
export function deviceText({ id, kind, name, identity, notes }: DeviceUse): string {
  return printable(kind === 'cpu' ? `cpu: ${name}` : `${id}: ${[name, identity, ...notes].join('; ')}`);
}

/** `device cuda: 2 × NVIDIA H200, tf32`; of a choice that `auto` made, also why it is no other device. */
export function deviceLine({ id, name, precision, asked, reasons }: DeviceUse): string {
  const how = precision === 'float32' ? '' : `, ${precision}`;
  const why = asked === 'auto' && reasons.length > 0 ? `; no other one: ${reasons.join('; ')}` : '';
  return printable(`device ${id}: ${name}${how}${why}`);
}

/** On a machine without a GPU nobody wonders where the model runs. */
export function isTelling({ kind, gpusSeen }: DeviceUse): boolean {
  return kind !== 'cpu' || gpusSeen > 0;
}

/** Where the model runs, in one line. */
import type { DeviceUse } from '../index.js';
import { printable } from './text.js';

/** `cuda: 2 × NVIDIA H200, tf32`; of a choice that `auto` made, also why it is no other device. */
export function deviceLine({ id, name, precision, asked, reasons }: DeviceUse): string {
  const how = precision === 'float32' ? '' : `, ${precision}`;
  const why = asked === 'auto' && reasons.length > 0 ? `; no other one: ${reasons.join('; ')}` : '';
  return printable(`device ${id}: ${name}${how}${why}`);
}

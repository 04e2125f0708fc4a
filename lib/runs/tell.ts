/** Tells the caller of a run what it found. What a callback throws is ignored: the run goes on. */
import type { Model } from '../model/model.js';
import type { DeviceUse } from '../native/devices.js';
import type { RunOptions } from './directory-options.js';
import type { PreparedRun } from './prepare.js';

export function tellNotRead(
  { onNotRead }: Pick<RunOptions, 'onNotRead'>,
  { notRead = [] }: Pick<PreparedRun, 'notRead'>,
): void {
  if (notRead.length === 0) return;
  try {
    onNotRead?.(notRead);
  } catch {
    // See the option.
  }
}

export function tellModel({ onModel }: Pick<RunOptions, 'onModel'>, model: Model): void {
  try {
    onModel?.(model);
  } catch {
    // See the option.
  }
}

/** `use` is not there where somebody else made the scorer. */
export function tellDevice({ onDevice }: Pick<RunOptions, 'onDevice'>, use: DeviceUse | undefined): void {
  if (use === undefined) return;
  try {
    onDevice?.(use);
  } catch {
    // See the option.
  }
}

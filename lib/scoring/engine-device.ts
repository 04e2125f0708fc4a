/** Makes an engine on the first device that takes it. */
import { foundBy, MicrotomeError, type ErrorCode } from '../core/errors.js';
import type { NativeDeviceRequest } from '../native/device-request.js';
import type { DeviceUse } from '../native/devices.js';
import { candidatesOf, type DeviceProbe, type DeviceWish } from '../native/gpu/candidates.js';

/** What a device that was named may fail with before the first slide, so that another set of libraries is tried. */
const ofDevice: ReadonlySet<ErrorCode> = new Set([
  'DEVICE_UNAVAILABLE',
  'RUNTIME_MISSING',
  'OUT_OF_MEMORY',
  'DEVICE_LOST',
]);

export interface DeviceCall<T> {
  readonly signal?: AbortSignal | null;
  /** What the devices said of themselves, from what was made. */
  readonly notesOf?: (made: T) => readonly string[];
}

export interface OnDevice<T> {
  readonly made: T;
  readonly use: DeviceUse;
}

/**
 * Tries the devices that `wish` stands for, best first. Of `auto` the last one is the CPU, whose error is the caller's: what
 * a GPU fails with may be its own in any code, for its runtime does not always say why. Throws DEVICE_UNAVAILABLE where a
 * device was named and is not there; an error of a named device as it is; what ended the attempt as it is.
 */
export async function onDevice<T>(
  wish: DeviceWish,
  probe: DeviceProbe,
  make: (request: NativeDeviceRequest) => Promise<T>,
  { signal = null, notesOf = () => [] }: DeviceCall<T> = {},
): Promise<OnDevice<T>> {
  const { candidates, reasons, gpusSeen } = await candidatesOf(wish, probe);
  const told = [...reasons];
  let failure: unknown;
  for (const [i, { request, use }] of candidates.entries()) {
    try {
      const made = await make(request);
      const notes = Object.freeze([...notesOf(made)]);
      return {
        made,
        use: Object.freeze({ ...use, gpusSeen, asked: wish.device, reasons: Object.freeze(told), notes }),
      };
    } catch (error) {
      const isLast = i === candidates.length - 1;
      if (isLast || signal?.aborted === true || !isPassedOver(error, wish)) throw error;
      failure = error;
      told.push(`${use.id}: ${foundBy(error)}`);
    }
  }
  throw new MicrotomeError(
    'DEVICE_UNAVAILABLE',
    'infer',
    `the device ${wish.device} cannot be used: ${told.join('; ')}`,
    {
      ...(failure === undefined ? {} : { cause: failure }),
    },
  );
}

function isPassedOver(error: unknown, { device }: DeviceWish): boolean {
  if (!(error instanceof MicrotomeError)) return device === 'auto';
  return device === 'auto' ? error.code !== 'CANCELLED' : ofDevice.has(error.code);
}

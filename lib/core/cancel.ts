/** AbortSignal to native job: abort cancels, and the promise rejects with the signal's reason. */

/** Something native that runs and can be told to stop; `result` rejects soon after. */
export interface Job<T> {
  readonly result: Promise<T>;
  cancel(): void;
}

export function throwIfAborted(signal: AbortSignal | null): void {
  if (signal?.aborted === true) throw signal.reason;
}

/**
 * Starts a job, unless the signal is aborted already, and waits for it to end, also after an abort: when this settles,
 * nothing native runs any more. Rejects with `signal.reason` when the signal was aborted before the end.
 */
export async function runJob<T>(signal: AbortSignal | null, start: () => Job<T>): Promise<T> {
  throwIfAborted(signal);
  const job = start();
  const onAbort = (): void => job.cancel();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await job.result;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    // eslint-disable-next-line no-unsafe-finally -- the abort's reason takes the place of a result and of CANCELLED.
    throwIfAborted(signal);
  }
}

/**
 * Waits for something that cannot be stopped, but not longer than until the abort; what arrives later is handed to
 * `discard`.
 */
export async function unlessAborted<T>(
  signal: AbortSignal | null,
  promise: Promise<T>,
  discard: (late: T) => void,
): Promise<T> {
  if (signal === null) return promise;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason);
      promise.then(discard, () => undefined);
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const done = (): void => signal.removeEventListener('abort', onAbort);
    promise.then(
      (value) => {
        done();
        resolve(value);
      },
      (error: unknown) => {
        done();
        reject(error);
      },
    );
  });
}

/** The same for something that can be told to stop: the abort cancels it, and rejects without waiting for its end. */
export async function jobUnlessAborted<T>(
  signal: AbortSignal | null,
  start: () => Job<T>,
  discard: (late: T) => void,
): Promise<T> {
  throwIfAborted(signal);
  const job = start();
  const cancel = (): void => job.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await unlessAborted(signal, job.result, discard);
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

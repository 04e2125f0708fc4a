/** One try under a limit of time without progress. */
import type { BodyRules } from './body.js';
import { TryFailed } from './failures.js';

/**
 * Ends a try whose answer does not come, or whose body comes too slowly: at once, whatever still waits in it (credentials that
 * nobody gives, a library that does not hear the signal).
 */
export async function watched<T>(
  signal: AbortSignal | null,
  { stallMs, leastBytes }: BodyRules,
  once: (stop: AbortSignal, moved: (bytes: number) => void) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const forward = (): void => controller.abort(signal?.reason);
  signal?.addEventListener('abort', forward, { once: true });
  if (signal?.aborted === true) forward();
  let came = 0;
  let any = false;
  const timer = setInterval(() => {
    if (came < leastBytes) {
      const found = any ? `fewer than ${leastBytes} bytes came in ${stallMs} ms` : `nothing came in ${stallMs} ms`;
      controller.abort(new TryFailed(found, { again: true }));
    }
    came = 0;
  }, stallMs);
  const stopped = new Promise<never>((_, reject) => {
    const end = (): void => reject(controller.signal.reason);
    if (controller.signal.aborted) end();
    else controller.signal.addEventListener('abort', end, { once: true });
  });
  try {
    const work = once(controller.signal, (bytes) => {
      any = true;
      came += bytes;
    });
    return await Promise.race([work, stopped]);
  } catch (error) {
    if (controller.signal.aborted) throw controller.signal.reason;
    throw error;
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', forward);
  }
}

/** A run that yields one outcome for each slide: when it starts, how it is iterated, and how it is stopped. */
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { OutcomeQueue } from './outcome-queue.js';

/** Ends a run; knows a stop that was asked for from a failure of the run itself, which aborts the same controller. */
export class Stop {
  readonly controller: AbortController = new AbortController();
  requested: boolean = false;

  request(reason: unknown): void {
    this.requested = true;
    this.controller.abort(reason);
  }
}

/** Aborts the run with the signal. Returns what ends that. */
export function followSignal(signal: AbortSignal | null, stop: Stop): () => void {
  if (signal === null) return () => {};
  const abort = (): void => stop.request(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return () => signal.removeEventListener('abort', abort);
}

export interface RunLoop<Outcome, Summary> extends AsyncIterable<Outcome> {
  readonly done: Promise<Summary>;
}

/** `run` is called once: when the loop is first iterated, or asked for `done`. */
export function startLoop<Outcome, Summary>(
  run: (queue: OutcomeQueue<Outcome>, stop: Stop) => Promise<Summary>,
): RunLoop<Outcome, Summary> {
  const queue = new OutcomeQueue<Outcome>();
  const stop = new Stop();
  stop.controller.signal.addEventListener('abort', () => queue.release(), { once: true });
  let running: Promise<Summary> | null = null;
  let iterated = false;
  const start = (): Promise<Summary> => {
    if (running !== null) return running;
    running = run(queue, stop);
    // The loop over the outcomes may be the only one who cares; then nobody handles this promise.
    running.then(
      () => queue.end(),
      (error: unknown) => queue.fail(error),
    );
    return running;
  };
  return {
    get done() {
      return start();
    },
    [Symbol.asyncIterator]() {
      if (iterated) throw new MicrotomeError('INVALID_OPTION', 'options', 'A run was iterated twice; start another');
      iterated = true;
      queue.listen();
      return iteratorOf(queue, stop, start());
    },
  };
}

function iteratorOf<Outcome>(
  queue: OutcomeQueue<Outcome>,
  stop: Stop,
  running: Promise<unknown>,
): AsyncIterator<Outcome, undefined> {
  return {
    async next() {
      const outcome = await queue.take();
      return outcome === null ? { done: true, value: undefined } : { done: false, value: outcome };
    },
    async return() {
      const advice = `pass ${optionMark('resume', 'true')}, or iterate to the end`;
      stop.request(new MicrotomeError('CANCELLED', 'options', 'The loop over the run was left', { advice }));
      await running.catch(() => {});
      return { done: true, value: undefined };
    },
  };
}

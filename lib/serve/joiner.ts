/**
 * Joins the rows of several requests into batches. A batch begins as soon as it is full, or its oldest request has waited
 * for long enough, and there is a place for it. The requests of a batch share it evenly, so that a small one does not wait
 * for the end of a large one.
 */

/** Rows of one request that are in one batch: `count` rows from its row `first`, at `offset` of the batch. */
export interface Part<T, R> {
  readonly payload: T;
  readonly first: number;
  readonly count: number;
  readonly offset: number;
  /** What the batch gave. */
  readonly result: R;
}

/** The same before the batch has run. */
export type PartToRun<T> = Omit<Part<T, never>, 'result' | 'offset'>;

export interface JoinerOptions<T, R> {
  /** Runs the rows of all parts, one after another. */
  readonly run: (parts: readonly PartToRun<T>[], rows: number, signal: AbortSignal) => Promise<R>;
  /** Rows of a batch. */
  readonly batchRows: number;
  /** Batches under way at once. */
  readonly batches: number;
  /** Milliseconds that the oldest request of a batch that is not full waits for company. */
  readonly delayMs: number;
  /** Told of each batch that begins. */
  readonly onBatch?: (rows: number, requests: number) => void;
}

interface Pending<T, R> {
  readonly payload: T;
  /** Rows with different keys never share a batch. */
  readonly key: string;
  readonly rows: number;
  readonly sinceMs: number;
  next: number;
  done: number;
  isOver: boolean;
  readonly parts: Part<T, R>[];
  readonly resolve: (parts: readonly Part<T, R>[]) => void;
  readonly reject: (error: unknown) => void;
}

interface Chosen<T, R> {
  readonly request: Pending<T, R>;
  readonly first: number;
  readonly count: number;
}

export class Joiner<T, R> {
  readonly #options: JoinerOptions<T, R>;
  #waiting: Pending<T, R>[] = [];
  #running = 0;
  #timer: NodeJS.Timeout | null = null;
  readonly #stop = new AbortController();

  constructor(options: JoinerOptions<T, R>) {
    this.#options = options;
  }

  /** Rows that are in no batch yet. */
  get waitingRows(): number {
    return this.#waiting.reduce((sum, { rows, next }) => sum + rows - next, 0);
  }

  /**
   * Resolves with where the rows are found, by the order of the rows. Rejects with what a batch rejects with, with the
   * reason of the signal, and once the joiner is closed.
   */
  submit(payload: T, rows: number, key: string, signal: AbortSignal): Promise<readonly Part<T, R>[]> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      if (this.#stop.signal.aborted) return reject(this.#stop.signal.reason);
      if (rows === 0) return resolve([]);
      const giveUp = (): void => this.#giveUp(request, signal.reason);
      const settled = (): void => signal.removeEventListener('abort', giveUp);
      const request: Pending<T, R> = {
        payload,
        key,
        rows,
        sinceMs: performance.now(),
        next: 0,
        done: 0,
        isOver: false,
        parts: [],
        resolve: (parts) => {
          settled();
          resolve(parts);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(request);
      this.#look();
    });
  }

  /** Every request ends with `reason`, also those whose batch is under way. */
  close(reason: unknown): void {
    this.#stop.abort(reason);
    for (const request of this.#waiting.splice(0)) this.#end(request, reason);
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #end(request: Pending<T, R>, error: unknown): void {
    if (request.isOver) return;
    request.isOver = true;
    request.reject(error);
  }

  #giveUp(request: Pending<T, R>, reason: unknown): void {
    this.#waiting = this.#waiting.filter((one) => one !== request);
    this.#end(request, reason);
  }

  /** Begins what may begin, and sees to it that somebody looks again. */
  #look(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const { batches, batchRows, delayMs } = this.#options;
    while (this.#running < batches) {
      const [oldest] = this.#waiting;
      if (oldest === undefined) return;
      const company = this.#waiting.filter(({ key }) => key === oldest.key);
      const rows = company.reduce((sum, { rows: all, next }) => sum + all - next, 0);
      const waitMs = oldest.sinceMs + delayMs - performance.now();
      if (rows < batchRows && waitMs > 0) {
        this.#timer = setTimeout(() => this.#look(), Math.ceil(waitMs));
        return;
      }
      void this.#start(this.#choose(company));
    }
  }

  /** An even share for each request, the rest to whoever came first. */
  #choose(company: readonly Pending<T, R>[]): readonly Chosen<T, R>[] {
    let room = this.#options.batchRows;
    const shares = new Map<Pending<T, R>, number>();
    while (room > 0) {
      const open = company.filter((one) => one.rows - one.next > (shares.get(one) ?? 0));
      if (open.length === 0) break;
      const share = Math.max(1, Math.floor(room / open.length));
      for (const one of open) {
        const more = Math.min(share, room, one.rows - one.next - (shares.get(one) ?? 0));
        shares.set(one, (shares.get(one) ?? 0) + more);
        room -= more;
        if (room === 0) break;
      }
    }
    const chosen = [...shares].map(([request, count]) => {
      const first = request.next;
      request.next += count;
      return { request, first, count };
    });
    // Who still has rows goes behind those that had none in this batch.
    const served = this.#waiting.filter((one) => shares.has(one) && one.next < one.rows);
    this.#waiting = [...this.#waiting.filter((one) => !shares.has(one)), ...served];
    return chosen;
  }

  async #start(chosen: readonly Chosen<T, R>[]): Promise<void> {
    this.#running++;
    try {
      await this.#run(chosen);
    } finally {
      this.#running--;
      this.#look();
    }
  }

  async #run(chosen: readonly Chosen<T, R>[]): Promise<void> {
    const wanted = chosen.filter(({ request }) => !request.isOver);
    if (wanted.length === 0) return;
    const rows = wanted.reduce((sum, { count }) => sum + count, 0);
    this.#options.onBatch?.(rows, wanted.length);
    const parts = wanted.map(({ request: { payload }, first, count }) => ({ payload, first, count }));
    let result: R;
    try {
      result = await this.#options.run(parts, rows, this.#stop.signal);
    } catch (error) {
      const [only, another] = wanted;
      if (only !== undefined && another === undefined) return this.#giveUp(only.request, error);
      // What one of them does to a batch is not the fault of the others.
      for (const one of wanted) await this.#run([one]);
      return;
    }
    let offset = 0;
    for (const { request, first, count } of wanted) {
      request.parts.push({ payload: request.payload, first, count, offset, result });
      request.done += count;
      offset += count;
      if (request.done < request.rows || request.isOver) continue;
      request.isOver = true;
      request.resolve(request.parts.sort((a, b) => a.first - b.first));
    }
  }
}

/**
 * Hands the outcomes of a run to the one loop that iterates it, in row order, whatever order they were finished in.
 * While somebody listens, workers may run only a few rows ahead of what was taken, so that memory stays bounded; while
 * nobody does, outcomes are dropped and workers never wait.
 */

const kRowsAhead = 8;

export class OutcomeQueue<Outcome> {
  private readonly finished = new Map<number, Outcome | null>();
  private next = 0;
  private listening = false;
  private letGo = false;
  private ended: { readonly error: unknown; readonly failed: boolean } | null = null;
  private wakeTaker: (() => void) | null = null;
  private waiting: (() => void)[] = [];

  listen(): void {
    this.listening = true;
  }

  /** Resolves when the row at this position may be started. */
  async roomFor(position: number): Promise<void> {
    while (this.listening && !this.letGo && position >= this.next + kRowsAhead) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** The run is being cancelled: nobody shall wait for the loop any more. */
  release(): void {
    this.letGo = true;
    this.wake();
  }

  /** `outcome` null: the row is done and has nothing to say. */
  put(position: number, outcome: Outcome | null): void {
    this.finished.set(position, this.listening ? outcome : null);
    this.skipSilent();
    this.wake();
  }

  end(): void {
    this.ended ??= { error: undefined, failed: false };
    this.wake();
  }

  fail(error: unknown): void {
    this.ended ??= { error, failed: true };
    this.wake();
  }

  /** The next outcome, or null at the end. Rejects with what the run failed with. One caller at a time. */
  async take(): Promise<Outcome | null> {
    for (;;) {
      const outcome = this.finished.get(this.next);
      if (outcome !== undefined && outcome !== null) {
        this.finished.delete(this.next++);
        this.skipSilent();
        this.wake();
        return outcome;
      }
      if (this.ended !== null) {
        if (this.ended.failed) throw this.ended.error;
        return null;
      }
      await new Promise<void>((resolve) => {
        this.wakeTaker = resolve;
      });
    }
  }

  private skipSilent(): void {
    while (this.finished.get(this.next) === null) this.finished.delete(this.next++);
  }

  private wake(): void {
    this.wakeTaker?.();
    this.wakeTaker = null;
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** Long jobs: slides by reference. A job is asked for, looked at while it goes on, and kept for a while when it has ended. */

import { randomUUID } from 'node:crypto';

import type { SlideJob, SlideJobState, SlideScores } from '../client/protocol.js';
import { foundBy, MicrotomeError } from '../core/errors.js';
import type { SlideResult } from '../scoring/result.js';
import type { Scorer } from '../scoring/scorer.js';
import { busy, HttpError } from './http-error.js';
import type { ServerLimits } from './options.js';
import type { SlideRoot } from './slide-root.js';

interface Job {
  readonly id: string;
  readonly model: string;
  readonly name: string;
  readonly path: string;
  readonly scorer: Scorer;
  readonly stop: AbortController;
  state: SlideJobState;
  progress: SlideJob['progress'];
  result: SlideScores | null;
  error: SlideJob['error'];
  endedMs: number | null;
}

function scoresOf(result: SlideResult, root: SlideRoot, elapsedMs: number): SlideScores {
  const { score, outputs, tileCount, clipped, warnings } = result;
  return {
    score,
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, [value = Number.NaN]]) => [name, value])),
    tileCount,
    isClipped: clipped,
    warnings: warnings.map((warning) => root.hide(warning)),
    elapsedMs,
  };
}

const isOver = ({ state }: Job): boolean => state === 'done' || state === 'failed' || state === 'cancelled';

export class SlideJobs {
  readonly #jobs = new Map<string, Job>();
  readonly #waiting: Job[] = [];
  readonly #running = new Set<Promise<void>>();

  constructor(
    private readonly root: SlideRoot,
    private readonly limits: Pick<ServerLimits, 'slideJobs' | 'slidesAtOnce' | 'slideJobMs'>,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Rejects with an HttpError: 400 and 404 for the path, 503 where too many jobs are kept that have not ended. */
  async add(model: string, scorer: Scorer, name: string): Promise<SlideJob> {
    const path = await this.root.resolve(name);
    this.#forget();
    if (this.#jobs.size >= this.limits.slideJobs) this.#makeRoom();
    const job: Job = {
      id: randomUUID(),
      model,
      name,
      path,
      scorer,
      stop: new AbortController(),
      state: 'queued',
      progress: null,
      result: null,
      error: null,
      endedMs: null,
    };
    this.#jobs.set(job.id, job);
    this.#waiting.push(job);
    this.#look();
    return this.#told(job);
  }

  /** Throws 404. */
  get(model: string, id: string): SlideJob {
    return this.#told(this.#find(model, id));
  }

  /** Ends the job, or forgets one that has ended. Throws 404. */
  cancel(model: string, id: string): SlideJob {
    const job = this.#find(model, id);
    if (isOver(job)) this.#jobs.delete(id);
    else {
      this.#end(job, 'cancelled');
      job.stop.abort(new MicrotomeError('CANCELLED', 'infer', 'the job was cancelled'));
    }
    return this.#told(job);
  }

  get counts(): Readonly<Record<SlideJobState, number>> {
    const counts = { queued: 0, running: 0, done: 0, failed: 0, cancelled: 0 };
    for (const { state } of this.#jobs.values()) counts[state]++;
    return counts;
  }

  /** Resolves when no job runs or waits. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  cancelAll(): void {
    for (const { model, id, state } of this.#jobs.values())
      if (state === 'queued' || state === 'running') this.cancel(model, id);
  }

  #find(model: string, id: string): Job {
    this.#forget();
    const job = this.#jobs.get(id);
    if (job?.model === model) return job;
    throw new HttpError(404, 'there is no such job; jobs that have ended are kept for a while only');
  }

  #told({ id, model, name, state, progress, result, error }: Job): SlideJob {
    return { id, model, path: name, state, progress, result, error };
  }

  #end(job: Job, state: SlideJobState): void {
    job.state = state;
    job.endedMs = performance.now();
  }

  #forget(): void {
    const nowMs = performance.now();
    for (const [id, { endedMs }] of this.#jobs)
      if (endedMs !== null && nowMs - endedMs > this.limits.slideJobMs) this.#jobs.delete(id);
  }

  /** The job that ended first goes. */
  #makeRoom(): void {
    const ended = [...this.#jobs.values()].filter(isOver).sort((a, b) => (a.endedMs ?? 0) - (b.endedMs ?? 0));
    const [first] = ended;
    if (first === undefined) throw busy(`${this.#jobs.size} jobs over slides have not ended`);
    this.#jobs.delete(first.id);
  }

  #look(): void {
    while (this.#running.size < this.limits.slidesAtOnce) {
      const job = this.#waiting.shift();
      if (job === undefined) return;
      if (isOver(job)) continue;
      const running = this.#run(job).finally(() => {
        this.#running.delete(running);
        this.#look();
      });
      this.#running.add(running);
    }
  }

  async #run(job: Job): Promise<void> {
    job.state = 'running';
    const beganMs = performance.now();
    try {
      const result = await job.scorer.score(job.path, {
        signal: job.stop.signal,
        onProgress: ({ tiles }) => {
          if (tiles.total > 0) job.progress = { tilesDone: tiles.done, tilesTotal: tiles.total };
        },
      });
      if (isOver(job)) return;
      job.result = scoresOf(result, this.root, performance.now() - beganMs);
      job.progress = { tilesDone: result.tileCount, tilesTotal: result.tileCount };
      this.#end(job, 'done');
    } catch (error) {
      if (isOver(job)) return;
      const known = error instanceof MicrotomeError && error.code !== 'INTERNAL' ? error : null;
      if (known === null) this.onError(error);
      const message = known === null ? 'an error of the server' : this.root.hide(foundBy(known));
      job.error = { code: known?.code ?? 'INTERNAL', message };
      this.#end(job, 'failed');
    }
  }
}

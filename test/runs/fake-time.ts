/** A clock that moves only when a test says so, and a machine that takes known times by it. */
import { basename } from 'node:path';
import type { SlideScoreOptions } from '../../lib/options/types.js';
import type { SlideResult } from '../../lib/scoring/result.js';
import type { Clock } from '../../lib/runs/clock.js';
import type { RowScorer } from '../../lib/runs/score-rows.js';
import { fakeModel, readOf, resultOf, scoreOfName, type FakeScorerSettings } from './support.js';

interface Timer {
  readonly atMs: number;
  readonly act: () => void;
}

export class FakeClock implements Clock {
  /** Of 1970; any day. */
  readonly startWallMs = Date.UTC(2031, 4, 1, 8);
  private now = 1000;
  private readonly timers = new Set<Timer>();

  nowMs(): number {
    return this.now;
  }
  wallMs(): number {
    return this.startWallMs + this.elapsedMs;
  }
  get elapsedMs(): number {
    return this.now - 1000;
  }
  get armed(): number {
    return this.timers.size;
  }
  after(ms: number, act: () => void): () => void {
    const timer = { atMs: this.now + ms, act };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }
  /** Time passes; what is due on the way happens at its time. */
  advance(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const [first] = [...this.timers].filter((t) => t.atMs <= until).sort((a, b) => a.atMs - b.atMs);
      if (first === undefined) break;
      this.timers.delete(first);
      this.now = Math.max(this.now, first.atMs);
      first.act();
    }
    this.now = until;
  }
}

export interface Work {
  readonly fixedMs: number;
  readonly msPerTile: number;
  readonly tiles: number;
  /** Never ends by itself. */
  readonly hangs?: boolean;
}

export interface TimedCall {
  readonly name: string;
  readonly tileBudget: number | undefined;
}

export interface TimedScorer extends RowScorer {
  readonly calls: TimedCall[];
}

const kChunkTiles = 16;

/** Works on one piece of one slide at a time, so that slides in flight share the machine. */
export function timedScorer(
  clock: FakeClock,
  workOf: (name: string) => Work,
  settings: FakeScorerSettings & { readonly loadMs?: number; readonly tilesPerSlide?: number } = {},
): TimedScorer {
  clock.advance(settings.loadMs ?? 0);
  const cap = settings.tilesPerSlide ?? 0;
  const scorer: TimedScorer = {
    model: fakeModel(settings),
    tilesPerSlide: cap,
    calls: [],
    async score(path, options) {
      const name = basename(path);
      scorer.calls.push({ name, tileBudget: options.tileBudget });
      return await work(clock, workOf(name), path, options, cap);
    },
    async close() {},
  };
  return scorer;
}

async function work(
  clock: FakeClock,
  { fixedMs, msPerTile, tiles, hangs }: Work,
  path: string,
  options: SlideScoreOptions,
  cap: number,
): Promise<SlideResult> {
  const total = Math.min(tiles, cap || tiles, options.tileBudget ?? tiles);
  const spend = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await Promise.resolve();
    options.signal?.throwIfAborted();
  };
  const report = (done: number): void =>
    options.onProgress?.({
      stage: 'infer',
      slides: { done: 0, total: 1 },
      tiles: { done, total },
      tilesPerSecond: 0,
      elapsedMs: 0,
      timeLeftMs: null,
    });
  await spend(fixedMs);
  while (hangs === true) await spend(1000);
  report(0);
  for (let done = 0; done < total; ) {
    const step = Math.min(kChunkTiles, total - done);
    await spend(step * msPerTile);
    done += step;
    report(done);
  }
  const result = resultOf(path, scoreOfName(basename(path)));
  if (total === tiles) return { ...result, tileCount: total };
  const reason = total === options.tileBudget ? ('deadline' as const) : ('tilesPerSlide' as const);
  const sampled = { tiles: total, of: tiles, reason, seed: 0 };
  // Other tiles, another score: what a row carries shows which it was made of.
  const read = { ...readOf(result), sampled };
  return { ...result, score: result.score / 2, tileCount: total, read, reads: { tiles: read } };
}

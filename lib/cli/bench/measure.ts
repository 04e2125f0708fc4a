/** Scores the same slides several times and sums up how fast the machine was. */
import type { SlideScoreOptions } from '../../options/types.js';
import type { SlideResult } from '../../scoring/result.js';

/** The part of a scorer that is measured. */
export interface MeasuredScorer {
  score(path: string, options: SlideScoreOptions): Promise<SlideResult>;
}

/** One pass over all slides. */
export interface Repetition {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly tiles: number;
  /** Busy time of each stage, summed over threads and slides. */
  readonly busyMs: Readonly<Record<string, number>>;
}

export interface MeasureOptions {
  readonly repetitions: number;
  readonly slidesInFlight: number;
  readonly score: SlideScoreOptions;
  readonly signal: AbortSignal;
  readonly onRepetition: (done: number) => void;
}

async function pass(scorer: MeasuredScorer, slides: readonly string[], options: MeasureOptions): Promise<Repetition> {
  const cpu = process.cpuUsage();
  const beganMs = performance.now();
  const results: SlideResult[] = [];
  const waiting = slides.values();
  const worker = async (): Promise<void> => {
    for (const path of waiting) results.push(await scorer.score(path, { ...options.score, signal: options.signal }));
  };
  await Promise.all(Array.from({ length: options.slidesInFlight }, worker));
  const wallMs = performance.now() - beganMs;
  const { user, system } = process.cpuUsage(cpu);
  const busyMs: Record<string, number> = {};
  for (const { timings } of results)
    for (const { stage, busyMs: ms } of timings.stages) busyMs[stage] = (busyMs[stage] ?? 0) + ms;
  const tiles = results.reduce((sum, result) => sum + result.tileCount, 0);
  return { wallMs, cpuMs: (user + system) / 1000, tiles, busyMs };
}

/** One pass that is not counted, then the repetitions. */
export async function measure(
  scorer: MeasuredScorer,
  slides: readonly string[],
  options: MeasureOptions,
): Promise<readonly Repetition[]> {
  const repetitions: Repetition[] = [];
  for (let i = 0; i <= options.repetitions; i++) {
    const one = await pass(scorer, slides, options);
    if (i > 0) repetitions.push(one);
    options.onRepetition(i);
  }
  return repetitions;
}

/** Median with the fastest and the slowest. */
export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

export interface BenchFigures {
  readonly slides: number;
  /** Of one repetition. */
  readonly tiles: number;
  readonly repetitions: number;
  readonly slidesPerHour: Spread;
  readonly tilesPerSecond: Spread;
  readonly cpuMsPerTile: Spread;
  /** Share of the busy time of all threads, by stage, most first. */
  readonly stageShares: Readonly<Record<string, number>>;
  /**
   * Share of the time in which a GPU ran kernels and the graph, by its own clock; of several, their mean. Null on other devices, whose
   * inference is time of threads.
   */
  readonly gpuBusyShare: Spread | null;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
  return { median, lowest: sorted[0] ?? 0, highest: sorted.at(-1) ?? 0 };
}

/** `gpus`: how many share the work; 0: none. */
export function figuresOf(slides: number, repetitions: readonly Repetition[], gpus = 0): BenchFigures {
  const busy: Record<string, number> = {};
  for (const { busyMs } of repetitions)
    for (const [stage, ms] of Object.entries(busyMs)) busy[stage] = (busy[stage] ?? 0) + ms;
  const total = Object.values(busy).reduce((sum, ms) => sum + ms, 0);
  const shares = Object.entries(busy)
    .filter(([, ms]) => ms > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([stage, ms]) => [stage, ms / total] as const);
  return {
    slides,
    tiles: repetitions[0]?.tiles ?? 0,
    repetitions: repetitions.length,
    slidesPerHour: spreadOf(repetitions.map((r) => (3_600_000 * slides) / r.wallMs)),
    tilesPerSecond: spreadOf(repetitions.map((r) => (1000 * r.tiles) / r.wallMs)),
    cpuMsPerTile: spreadOf(repetitions.map((r) => r.cpuMs / Math.max(1, r.tiles))),
    stageShares: Object.fromEntries(shares),
    gpuBusyShare: gpus === 0 ? null : spreadOf(repetitions.map((r) => (r.busyMs['infer'] ?? 0) / (r.wallMs * gpus))),
  };
}

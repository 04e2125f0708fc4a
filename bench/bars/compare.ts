/** From the standings of a contest to figures: ratios of runs made in turn. */
import type { Outcome, Standing } from '../harness/contest.js';
import { measured, notRun, type Claim, type Figure } from '../harness/figure.js';
import { median, pairedRatio, type Estimate } from '../harness/statistics.js';

/** What is kept of a contender in the JSON result. */
export function summary(standing: Standing): Readonly<Record<string, unknown>> {
  const { title, version, timing, peakRssKib } = standing;
  return {
    title,
    version,
    tiles: timing.tiles,
    rounds: timing.wallMs.length,
    cpuMsPerTile: median(timing.cpuMsPerTile),
    tilesPerSecond: median(timing.tilesPerSecond),
    peakRssMib: peakRssKib / 1024,
  };
}

/** The standing of a contender, or why there is none. */
export function standingOf(outcome: Outcome, key: string): Standing | string {
  return outcome.standings.get(key) ?? `${key}: ${outcome.out.get(key) ?? 'it did not take part'}`;
}

export type Measure = (standing: Standing) => readonly number[];

export const cpuPerTile: Measure = (standing) => standing.timing.cpuMsPerTile;
export const speed: Measure = (standing) => standing.timing.tilesPerSecond;

export interface Ratio {
  readonly claim: Claim;
  /** Keys of the outcome: the figure is `above` / `below`. */
  readonly above: string;
  readonly below: string;
  readonly of: Measure;
  /** Multiplies the ratio, where tiles are of different size. @defaultValue 1 */
  readonly factor?: number;
  readonly note?: (above: Standing, below: Standing) => string;
}

function scaled(ratio: Estimate, factor: number): Estimate {
  return { ...ratio, median: ratio.median * factor, low: ratio.low * factor, high: ratio.high * factor };
}

export function ratioFigure(outcome: Outcome, ratio: Ratio): Figure {
  const [above, below] = [standingOf(outcome, ratio.above), standingOf(outcome, ratio.below)];
  if (typeof above === 'string') return notRun(ratio.claim, above);
  if (typeof below === 'string') return notRun(ratio.claim, below);
  const value = scaled(pairedRatio(ratio.of(above), ratio.of(below)), ratio.factor ?? 1);
  const detail = { [ratio.above]: summary(above), [ratio.below]: summary(below) };
  return measured(ratio.claim, value, ratio.note?.(above, below) ?? '', detail);
}

/** "0.151 ms against 0.140 ms a tile" */
export function cpuNote(a: Standing, b: Standing): string {
  return `${median(a.timing.cpuMsPerTile).toFixed(3)} against ${median(b.timing.cpuMsPerTile).toFixed(3)} ms of CPU a tile`;
}

export function speedNote(a: Standing, b: Standing): string {
  return `${median(a.timing.tilesPerSecond).toFixed(0)} against ${median(b.timing.tilesPerSecond).toFixed(0)} tiles/s`;
}

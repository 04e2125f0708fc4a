/** What a run over many slides reports: while it works, and in the end. */
import type { RunOptions } from './directory-options.js';
import type { JournalRow } from './journal-format.js';
import type { PreparedRun } from './prepare.js';
import type { ResumedRows } from './resume.js';
import type { RunRow } from './rows.js';
import { RunProgress } from './run-progress.js';
import type { RowScorer, ScoredRows } from './score-rows.js';
import type { DirectorySummary, RowSource, SummaryRow } from './types.js';

export const noRows: Readonly<Record<RowSource, number>> = Object.freeze({
  scored: 0,
  resumed: 0,
  fallback: 0,
  missing: 0,
  skipped: 0,
  failed: 0,
});

export function progressOf(
  prepared: PreparedRun,
  options: RunOptions,
  journalled: ReadonlyMap<number, JournalRow>,
): RunProgress {
  const todo = toScore(prepared, journalled);
  const bytes = todo.reduce((sum, row) => sum + Number(row.slide?.identity.size ?? 0), 0);
  return new RunProgress(prepared.rows.length, prepared.rows.length - todo.length, bytes, options.onProgress);
}

/** The rows that the journal has no score of. */
export function toScore(prepared: PreparedRun, journalled: ReadonlyMap<number, JournalRow>): readonly RunRow[] {
  return prepared.rows.filter((row) => (journalled.get(row.index)?.score ?? null) === null);
}

export function countsOf(rows: readonly SummaryRow[]): Record<RowSource, number> {
  const counts: Record<RowSource, number> = { ...noRows };
  for (const row of rows) ++counts[row.source];
  return counts;
}

export function summaryOf(
  scored: ScoredRows,
  { notRead = [] }: PreparedRun,
  options: RunOptions,
  tiles: number,
  elapsedMs: number,
  scorer: RowScorer,
  resumed: ResumedRows | null,
): DirectorySummary {
  const counts = countsOf(scored.rows);
  const { name, sha256, intendedUse } = scorer.model;
  const sampled = scored.rows.filter((row) => row.sampled !== undefined).length;
  const unscored = scored.rows.filter((row) => row.error === 'DEADLINE').length;
  return {
    rows: scored.rows,
    counts,
    notRead,
    output: options.output,
    alreadyComplete: false,
    deadline: options.deadline === null ? null : { sampled, unscored },
    clipped: scored.rows.filter((row) => row.clippedFrom !== undefined).length,
    resume: resumed === null ? null : { again: resumed.again, gone: resumed.gone },
    tiles,
    elapsedMs,
    model: { name, sha256, intendedUse },
    device: scorer.deviceUse ?? null,
    assumed: scorer.model.assumed,
  };
}

/** Of a run that found the output complete. */
export function finishedBefore(output: string, { notRead = [] }: PreparedRun, elapsedMs: number): DirectorySummary {
  return {
    rows: [],
    counts: { ...noRows },
    notRead,
    output,
    alreadyComplete: true,
    deadline: null,
    clipped: 0,
    resume: null,
    tiles: 0,
    elapsedMs,
    model: null,
    device: null,
    assumed: null,
  };
}

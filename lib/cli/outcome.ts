/** How a finished slide and a finished run are told. */
import { plainJson } from '../core/plain-json.js';
import { messageWith, type DirectorySummary, type OptionNaming, type SlideOutcome } from '../index.js';
import { clock, printable } from './text.js';

/** The line of `--json`. With `--tiles` it has the table of tiles as `tileTable`. */
export function outcomeJson(outcome: SlideOutcome, naming: OptionNaming): object {
  if (!outcome.ok) {
    const { path, error, fallback } = outcome;
    const message = messageWith(error, naming);
    const { code, stage, tile } = error;
    const facts = { code, stage, message, ...(tile === undefined ? {} : { tile }) };
    return { ok: false, path, fallback, error: error.path === undefined ? facts : { ...facts, path: error.path } };
  }
  const {
    path,
    score,
    outputs,
    read,
    tileCount,
    stopping,
    badTiles,
    missingTiles,
    tissueFraction,
    timings,
    warnings,
    model,
    tiles,
  } = outcome.result;
  return {
    ok: true,
    path,
    score,
    outputs: plainJson(outputs),
    read,
    tiles: tileCount,
    stopping,
    badTiles,
    missingTiles,
    tissueFraction,
    elapsedMs: timings.elapsedMs,
    warnings,
    model,
    ...(tiles === undefined ? {} : { tileTable: plainJson(tiles) }),
  };
}

/** A row of the table on stdout: score (or the code of the failure), tab, path. */
export function outcomeLine(outcome: SlideOutcome): string {
  if (outcome.ok) return `${outcome.result.score.toFixed(9)}\t${printable(outcome.result.path)}\n`;
  return `${outcome.error.code}\t${printable(outcome.path)}\n`;
}

export function summaryLine(summary: DirectorySummary): string {
  const where = summary.output === null ? '' : `${printable(summary.output)}: `;
  if (summary.alreadyComplete) return `${where}complete already, nothing to do (which model wrote it is not recorded)`;
  const { resumed, missing } = summary.counts;
  // Without an output there is no row that the fallback could stand in; the exit code says the same.
  const isWritten = summary.output !== null;
  const fallback = isWritten ? summary.counts.fallback : 0;
  const failed = summary.counts.failed + (isWritten ? 0 : summary.counts.fallback);
  const parts = [`${summary.rows.length} rows`];
  if (resumed > 0) parts.push(`${resumed} from the journal`);
  if (fallback > 0) parts.push(`${fallback} failed and carry the fallback`);
  if (missing > 0) parts.push(`${missing} without a slide${isWritten ? ' carry the fallback' : ''}`);
  if (failed > 0) parts.push(`${failed} failed`);
  if (summary.deadline !== null) parts.push(...deadlineParts(summary.deadline));
  parts.push(`${summary.tiles} tiles`, clock(summary.elapsedMs));
  return `${where}${parts.join(', ')}`;
}

/** What the deadline took, said also where that is nothing. */
function deadlineParts({ sampled, unscored }: NonNullable<DirectorySummary['deadline']>): readonly string[] {
  if (sampled + unscored === 0) return ['in time with all tiles'];
  const parts: string[] = [];
  if (sampled > 0) parts.push(`${sampled} from a part of their tiles for lack of time`);
  if (unscored > 0) parts.push(`${unscored} not scored for lack of time`);
  return parts;
}

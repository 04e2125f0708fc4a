/** How a finished slide and a finished run are told. */
import {
  heldTo,
  messageWith,
  type DirectorySummary,
  type OptionNaming,
  type SlideOutcome,
  type SlideResult,
  type TileTable,
} from '../index.js';
import { clock, printable } from './text.js';

/** The line of `--json`. With `--tiles` it has the table of tiles as `tileTable`. */
export function outcomeJson(outcome: SlideOutcome, naming: OptionNaming): object {
  if (!outcome.ok) {
    const { path, error, fallback } = outcome;
    const message = messageWith(error, naming);
    return { ok: false, path, fallback, error: { code: error.code, stage: error.stage, message } };
  }
  const {
    path,
    unclipped,
    clipped,
    assumed,
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
    score: shownScore(outcome.result),
    clipped,
    unclipped,
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, values]) => [name, [...values]])),
    read,
    tiles: tileCount,
    stopping,
    badTiles,
    missingTiles,
    tissueFraction,
    elapsedMs: timings.elapsedMs,
    warnings,
    model,
    assumed,
    ...(tiles === undefined ? {} : { tileTable: tableJson(tiles) }),
  };
}

function tableJson({ outputs, ...table }: TileTable): object {
  const plain = Object.entries(outputs).map(([name, output]) => [name, { ...output, values: [...output.values] }]);
  return { ...table, x: [...table.x], y: [...table.y], outputs: Object.fromEntries(plain) };
}

/** The number that stands in the CSV too. */
function shownScore({ score, clip }: SlideResult): number {
  return heldTo(score, clip);
}

/** A row of the table on stdout: score (or the code of the failure), tab, path. */
export function outcomeLine(outcome: SlideOutcome): string {
  if (outcome.ok) {
    const score = shownScore(outcome.result).toFixed(9);
    return `${score === '-0.000000000' ? score.slice(1) : score}\t${printable(outcome.result.path)}\n`;
  }
  return `${outcome.error.code}\t${printable(outcome.path)}\n`;
}

export function summaryLine(summary: DirectorySummary): string {
  const where = summary.output === null ? '' : `${printable(summary.output)}: `;
  if (summary.alreadyComplete) return `${where}complete already, nothing to do (which model wrote it is not recorded)`;
  const { resumed, fallback, missing, failed } = summary.counts;
  const { clipped } = summary;
  const parts = [`${summary.rows.length} rows`];
  if (resumed > 0) parts.push(`${resumed} from the journal`);
  if (fallback > 0) parts.push(`${fallback} failed and carry the fallback`);
  if (missing > 0) parts.push(`${missing} without a slide carry the fallback`);
  if (failed > 0) parts.push(`${failed} failed`);
  if (clipped > 0) parts.push(`${clipped} held to the declared range`);
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

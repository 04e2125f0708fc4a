/** How a finished slide and a finished run are told. */
import { plainJson } from '../core/plain-json.js';
import {
  heldTo,
  messageWith,
  type DirectorySummary,
  type OptionNaming,
  type SlideOutcome,
  type SlideResult,
} from '../index.js';
import { clock, printable } from './text.js';

/** The line of `--json`. With `--tiles` it has the table of tiles as `tileTable`; of several tile inputs the first one's, and all in `tileTables`. */
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
    unclipped,
    clipped,
    assumed,
    outputs,
    read,
    reads,
    selection,
    colour,
    tileCount,
    stopping,
    badTiles,
    missingTiles,
    tissueFraction,
    timings,
    warnings,
    model,
    device,
    tiles,
    tables,
  } = outcome.result;
  return {
    ok: true,
    path,
    score: shownScore(outcome.result),
    clipped,
    unclipped,
    outputs: plainJson(outputs),
    read,
    ...(Object.keys(reads).length > 1 ? { reads } : {}),
    tiles: tileCount,
    ...(selection.length === 0 ? {} : { selection }),
    ...(colour === null ? {} : { colour }),
    stopping,
    badTiles,
    missingTiles,
    tissueFraction,
    elapsedMs: timings.elapsedMs,
    warnings,
    model,
    device,
    assumed,
    ...(tiles === undefined ? {} : { tileTable: plainJson(tiles) }),
    ...(Object.keys(tables ?? {}).length > 1 ? { tileTables: plainJson(tables) } : {}),
  };
}

/** The number that stands in the CSV too. */
function shownScore({ score, clip }: SlideResult): number {
  return heldTo(score, clip);
}

/** A row of the table on stdout: score (or the code of the failure), tab, path. */
export function outcomeLine(outcome: SlideOutcome): string {
  if (outcome.ok) return scoreLine(shownScore(outcome.result), outcome.result.path);
  return `${outcome.error.code}\t${printable(outcome.path)}\n`;
}

export function scoreLine(score: number, name: string): string {
  const text = score.toFixed(9);
  return `${text === '-0.000000000' ? text.slice(1) : text}\t${printable(name)}\n`;
}

/** What the rows of the table are, or, where there is none, of the slides. `isPart`: of a shard. */
export function summaryLine(summary: DirectorySummary, isPart: boolean): string {
  const where = summary.output === null ? '' : `${printable(summary.output)}: `;
  if (summary.alreadyComplete) return `${where}${completeText(isPart)}`;
  const { skipped } = summary.counts;
  const rows = summary.rows.length - (summary.output === null ? 0 : skipped);
  const parts = [`${rows} ${rows === 1 ? 'row' : 'rows'}`, ...countParts(summary, 'a slide')];
  if (summary.notRead.length > 0) parts.push(`${summary.notRead.length} not read`);
  if (summary.clipped > 0) parts.push(`${summary.clipped} held to the declared range`);
  if (summary.deadline !== null) parts.push(...deadlineParts(summary.deadline));
  parts.push(`${summary.tiles} tiles`, clock(summary.elapsedMs));
  return `${where}${parts.join(', ')}`;
}

/** Of an output that was there. A part has a record, and that was compared with the model, the options and the table. */
export function completeText(isPart: boolean): string {
  const [known, how] = isPart
    ? ['it is the part of this run, as its record says', 'pass --overwrite']
    : [
        'which model wrote it, and which rows hold a fallback value, is not recorded',
        'pass --overwrite without --resume',
      ];
  return `complete already, nothing to do (${known}); to score it again, ${how}`;
}

/** Without an output no row carries anything: a slide that failed has failed. */
export function countParts(
  { counts, output }: Pick<DirectorySummary, 'counts' | 'output'>,
  noun: string,
): readonly string[] {
  const { resumed, fallback, missing, skipped, failed } = counts;
  const parts: string[] = [];
  const tell = (count: number, text: string): void => {
    if (count > 0) parts.push(`${count} ${text}`);
  };
  tell(resumed, 'from the journal');
  if (output === null) {
    tell(failed + fallback + skipped, 'failed');
    tell(missing, `without ${noun}`);
  } else {
    tell(fallback, 'failed and carry the fallback');
    tell(missing, `without ${noun} carry the fallback`);
    tell(skipped, `failed and ${skipped === 1 ? 'has' : 'have'} no row`);
    tell(failed, `failed and ${failed === 1 ? 'has' : 'have'} no value`);
  }
  return parts;
}

/** What a resumed run did not keep of the journal, a line each. */
export function resumeLines({ resume }: DirectorySummary, naming: OptionNaming): readonly string[] {
  if (resume === null) return [];
  const again = resume.again.map(({ name, what, was, is }) => {
    const cause = what === 'metadata' ? 'its resolution in the metadata' : naming(what, null);
    if (what === 'file') return `scored again: ${printable(name)}: ${printable(String(is))} was not there`;
    return `scored again: ${printable(name)}: ${cause} was ${valueText(was)} and is ${valueText(is)}`;
  });
  const gone = resume.gone.map(
    (name) => `not in this run any more: ${printable(name)}, which the journal has a score of`,
  );
  return [...again, ...gone];
}

function valueText(value: unknown): string {
  return value === null ? 'not given' : String(value);
}

/** What the deadline took, said also where that is nothing. */
function deadlineParts({ sampled, unscored }: NonNullable<DirectorySummary['deadline']>): readonly string[] {
  if (sampled + unscored === 0) return ['in time with all tiles'];
  const parts: string[] = [];
  if (sampled > 0) parts.push(`${sampled} from a part of their tiles for lack of time`);
  if (unscored > 0) parts.push(`${unscored} not scored for lack of time`);
  return parts;
}

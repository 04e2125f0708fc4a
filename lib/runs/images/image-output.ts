/** The finished table of a run over lesion images, in pieces: its rows in their order, each exactly once. */
import { Turns } from '../../core/turns.js';
import type { Model } from '../../model/model.js';
import { furtherCells, type ColumnOptions, type WrittenRow } from '../columns.js';
import { headerLine, rowLine } from '../csv-write.js';
import type { ImageResults } from './image-results.js';

/** Lines that are joined and written at once. */
const kLinesAtOnce = 4096;

/** Throws OUTPUT_NOT_FINITE naming row and output. */
export async function* imageTable(
  header: readonly string[],
  results: ImageResults,
  columns: ColumnOptions,
  model: Model,
): AsyncGenerator<string, void, undefined> {
  yield headerLine(header);
  const clip = model.outputs[0]?.clip ?? null;
  const turns = new Turns();
  let lines: string[] = [];
  for (const row of results.names.keys()) {
    if (turns.isOver) await turns.next();
    const written = writtenRow(results, row);
    if (written === null) continue;
    lines.push(
      rowLine({ name: written.name, value: written.score, more: furtherCells(written, columns, model) }, clip),
    );
    if (lines.length < kLinesAtOnce) continue;
    yield lines.join('');
    lines = [];
  }
  yield lines.join('');
}

/** Null: it has been left out. */
function writtenRow(results: ImageResults, row: number): WrittenRow | null {
  const source = results.source(row) ?? 'failed';
  if (source === 'skipped') return null;
  const score = results.scores[row] ?? Number.NaN;
  const more =
    results.further.length === 0 ? {} : { outputs: [score, ...results.further.map((of) => of[row] ?? Number.NaN)] };
  return {
    name: results.names[row] ?? '',
    score: Number.isNaN(score) ? null : score,
    source,
    error: results.code(row),
    ...more,
  };
}

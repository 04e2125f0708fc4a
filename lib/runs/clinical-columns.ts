/** The columns of the metadata that a model reads must be there before the first slide is scored. */
import { optionMark } from '../core/option-names.js';
import type { Model } from '../model/model.js';
import { contradiction } from '../options/check.js';
import { csvInvalid } from './failure.js';
import { shown } from './names.js';

/**
 * `columns`: of the table at `path`; null: there is no table. `given`: a fallback for the score, which goes before that of the
 * model. Throws INVALID_OPTION, CSV_INVALID.
 */
export function requireColumns(
  model: Model,
  columns: readonly string[] | null,
  path: string | null,
  given: number | null,
): void {
  if (columns === null || path === null) {
    if (model.columns.length === 0) return;
    throw contradiction(
      `The model ${model.name} reads the columns ${model.columns.map(shown).join(', ')} of the metadata, but ${optionMark('metadata')} is not given`,
    );
  }
  const needed = new Set([...model.columns, ...fallbackColumns(model, given)]);
  const missing = [...needed].filter((column) => !columns.includes(column));
  if (missing.length === 0) return;
  const found = `no column ${missing.map(shown).join(', ')}, which the model ${model.name} reads; found ${columns.map(shown).join(', ')}`;
  throw csvInvalid(path, 1, found);
}

/** A table without such a column would give every slide the fallback of the default, in silence. */
function fallbackColumns({ outputs }: Model, given: number | null): readonly string[] {
  return outputs.flatMap(({ fallbackBy = null }, i) =>
    fallbackBy === null || (i === 0 && given !== null) ? [] : [fallbackBy],
  );
}

/** The columns of the metadata that a model reads must be there before the first slide is scored. */
import { optionMark } from '../core/option-names.js';
import type { Model } from '../model/model.js';
import { contradiction } from '../options/check.js';
import { csvInvalid } from './failure.js';
import { shown } from './names.js';

/** `columns`: of the table at `path`; null: there is no table. Throws INVALID_OPTION, CSV_INVALID. */
export function requireColumns(model: Model, columns: readonly string[] | null, path: string | null): void {
  const needed = model.columns;
  if (needed.length === 0) return;
  const listed = needed.map(shown).join(', ');
  if (columns === null || path === null)
    throw contradiction(
      `The model ${model.name} reads the columns ${listed} of the metadata, but ${optionMark('metadata')} is not given`,
    );
  const missing = needed.filter((column) => !columns.includes(column));
  if (missing.length === 0) return;
  const found = `no column ${missing.map(shown).join(', ')}, which the model ${model.name} reads; found ${columns.map(shown).join(', ')}`;
  throw csvInvalid(path, 1, found);
}

/**
 * Reads the per-slide clinical values. Columns are found by name, in any order; both generations of the file are read
 * (with and without `resolution`), and columns nobody knows are kept as they are. Values stay text, since the bundle
 * says how its features are made of them; what the reader itself needs (age, resolution) is parsed, and refused with its
 * line where it cannot be. An empty cell, and what data frames write for one (nan, NA, null), is no value: what a missing
 * value means is for the bundle to say.
 */
import { isMissing } from '../core/missing-value.js';
import { optionMark } from '../core/option-names.js';
import { Turns } from '../core/turns.js';
import { readCsv, type CsvLimits, type CsvRow } from './csv-read.js';
import { csvInvalid } from './failure.js';
import type { FileSystem } from './file-system.js';
import { checkedNames } from './format.js';
import { shown } from './names.js';
import type { Preset } from './generated-types.js';
import { layoutOf, presetRules, type TableRules } from './presets.js';
import { shownPlace, type TablePlace } from './table-place.js';

/** Half-open: from <= age < to, in years. */
export interface AgeInterval {
  readonly from: number;
  readonly to: number;
}

export interface MetadataRow {
  readonly name: string;
  readonly line: number;
  /** Every column but the name: the text as it stands, trimmed; null where there is no value. */
  readonly clinical: Readonly<Record<string, string | null>>;
  readonly age: AgeInterval | null;
  readonly sex: string | null;
  /** `trunc` and `trunk` both occur in the wild; here it is always `trunk`. */
  readonly bodySite: string | null;
  readonly melanomaHistory: string | null;
  /** Micrometres per pixel of level 0, from the column `resolution`. */
  readonly slideMpp: number | null;
}

export interface Metadata {
  readonly path: string;
  readonly rows: ReadonlyMap<string, MetadataRow>;
  readonly columns: readonly string[];
  readonly sha256: string;
}

export async function readMetadata(
  place: TablePlace,
  preset: Preset | null = null,
  limits?: CsvLimits,
  fs?: FileSystem,
  rules: TableRules = presetRules,
): Promise<Metadata> {
  const path = shownPlace(place);
  const layout = layoutOf(preset, rules);
  const table = await readCsv(place, limits, fs);
  const needed = preset === null ? [layout.idColumn] : layout.metadataColumns;
  const missing = needed.filter((name) => !table.header.includes(name));
  if (missing.length > 0) {
    const found = `no column ${missing.map(shown).join(', ')}; found ${table.header.map(shown).join(', ')}`;
    const advice = missing.includes(layout.idColumn)
      ? `correct the file, or pass ${optionMark('idColumn')}`
      : undefined;
    throw csvInvalid(path, 1, found, advice);
  }
  const idAt = table.header.indexOf(layout.idColumn);
  await checkedNames(path, table.rows, idAt, rules.paths);
  const rows = new Map<string, MetadataRow>();
  const turns = new Turns();
  for (const row of table.rows) {
    if (turns.isOver) await turns.next();
    const parsed = parseRow(path, table.header, row, idAt);
    rows.set(parsed.name, parsed);
  }
  return { path, rows, columns: table.header, sha256: table.sha256 };
}

function parseRow(path: string, header: readonly string[], row: CsvRow, idAt: number): MetadataRow {
  // A plain object would let a column called __proto__ do harm.
  const clinical = Object.create(null) as Record<string, string | null>;
  header.forEach((column, i) => {
    if (i === idAt) return;
    const text = (row.cells[i] ?? '').trim();
    clinical[column] = isMissing(text) ? null : text;
  });
  const value = (column: string): string | null => clinical[column] ?? null;
  return {
    name: row.cells[idAt] ?? '',
    line: row.line,
    clinical,
    age: ageOf(path, row.line, value('age')),
    sex: value('sex'),
    bodySite: value('body_site')?.replace(/\btrunc\b/giu, 'trunk') ?? null,
    melanomaHistory: value('melanoma_history')?.toUpperCase() ?? null,
    slideMpp: resolutionOf(path, row.line, value('resolution')),
  };
}

const kAge = /^\[\s*(\d{1,3})\s*[:\-,;]\s*(\d{1,3})\s*[[\])]$/;

/**
 * `[32:34[` in any width: `[6:8[`, `[98:100[`, and the older `[10-12[`; also a plain number of years. Returns null where
 * the text is neither.
 */
export function parseAge(text: string): AgeInterval | null {
  const interval = kAge.exec(text);
  if (interval !== null) {
    const from = Number(interval[1]);
    const to = Number(interval[2]);
    return from < to ? { from, to } : null;
  }
  if (!/^\d{1,3}(\.\d+)?$/.test(text)) return null;
  const years = Math.floor(Number(text));
  return { from: years, to: years + 1 };
}

function ageOf(path: string, line: number, text: string | null): AgeInterval | null {
  if (text === null) return null;
  const age = parseAge(text);
  if (age === null) throw csvInvalid(path, line, `the age ${shown(text)}, expected an interval such as [32:34[`);
  return age;
}

function resolutionOf(path: string, line: number, text: string | null): number | null {
  if (text === null) return null;
  const mpp = /^[+]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (!(mpp > 0 && mpp < 1000)) {
    throw csvInvalid(
      path,
      line,
      `the resolution ${shown(text)}, expected micrometres per pixel above 0 and below 1000`,
    );
  }
  return mpp;
}

/** A part of a run over slides; see part.ts. */
import { isPassing } from '../core/passing.js';
import type { RunOptions } from './directory-options.js';
import type { PartFacts, WholeRow, WholeRun } from './part.js';
import type { PreparedRun } from './prepare.js';
import type { RunRow } from './rows.js';
import { countsOf } from './run-summary.js';
import type { SummaryRow } from './types.js';

/**
 * What the parts of the run share. Throws what kept a slide from being looked at, where that may pass: another part would find another
 * slide.
 */
export function wholeSlides(prepared: PreparedRun, { columns, given }: RunOptions): WholeRun {
  const { rows, header, formatSha256, metadataSha256 } = prepared;
  for (const { failure } of rows) if (failure !== undefined && isPassing(failure)) throw failure;
  return {
    kind: 'slides',
    rows: rows.map(wholeRow),
    header,
    columns,
    formatSha256,
    metadataSha256,
    imageFile: null,
    given,
  };
}

function wholeRow({ name, slide }: RunRow): WholeRow {
  if (slide === null) return { name, bytes: null, modifiedNs: null };
  const { size, mtimeNs, etagDigest, filesDigest } = slide.identity;
  const digests = {
    ...(etagDigest === undefined ? {} : { etagDigest }),
    ...(filesDigest === undefined ? {} : { filesDigest }),
  };
  return { name, bytes: Number(size), modifiedNs: mtimeNs, ...digests };
}

/** The run with these of its rows alone. The files that its output must not replace are those of the whole. */
export function partOfSlides(prepared: PreparedRun, own: readonly number[]): PreparedRun {
  const rows = own.flatMap((place, index) => {
    const row = prepared.rows[place];
    return row === undefined ? [] : [{ ...row, index }];
  });
  return { ...prepared, rows };
}

export function slideFacts(rows: readonly SummaryRow[], machine: PartFacts['machine']): PartFacts {
  return {
    counts: countsOf(rows),
    skipped: rows.filter(({ source }) => source === 'skipped').map(({ name }) => name),
    failed: rows.flatMap(({ name, error }) => (error === null ? [] : [{ name, error }])),
    clipped: rows.filter(({ clippedFrom }) => clippedFrom !== undefined).length,
    sampled: rows.filter(({ sampled }) => sampled !== undefined).length,
    machine,
  };
}

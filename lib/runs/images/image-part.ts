/** A part of a run over lesion images; see ../part.ts. */
import { Turns } from '../../core/turns.js';
import type { PartFacts, WholeRow, WholeRun } from '../part.js';
import type { SlideIdentity } from '../slide-files.js';
import type { FoundImages } from './found-images.js';
import type { ImageRunOptions } from './image-options.js';
import type { ImageResults } from './image-results.js';
import type { ImageRowList } from './image-rows.js';

export interface WholeImages {
  readonly found: FoundImages;
  readonly rows: ImageRowList;
  readonly formatSha256: string | null;
  readonly metadataSha256: string | null;
  readonly options: ImageRunOptions;
  readonly signal: AbortSignal;
}

/** What the parts of the run share. */
export async function wholeImages(whole: WholeImages): Promise<WholeRun> {
  const { found, rows, formatSha256, metadataSha256, options, signal } = whole;
  const { file } = found;
  const list: WholeRow[] = [];
  const turns = new Turns(signal);
  for (const [row, name] of rows.names.entries()) {
    if (turns.isOver) await turns.next();
    const image = rows.images[row] ?? -1;
    const isThere = image >= 0;
    list.push({
      name,
      bytes: isThere ? found.bytes(image) : null,
      modifiedNs: isThere ? found.modifiedNs(image) : null,
    });
  }
  return {
    kind: 'images',
    rows: list,
    header: options.header,
    columns: options.columns,
    formatSha256,
    metadataSha256,
    imageFile: file === null ? null : imageFile(file),
    given: options.given,
  };
}

function imageFile({ size, mtimeNs, etagDigest }: SlideIdentity): WholeRun['imageFile'] {
  return { bytes: size, modifiedNs: mtimeNs, ...(etagDigest === undefined ? {} : { etagDigest }) };
}

/** These rows alone. What is counted beside the rows is that of the whole. */
export function partOfImages(rows: ImageRowList, own: readonly number[]): ImageRowList {
  const without = new Map<number, string>();
  own.forEach((place, row) => {
    const reason = rows.without.get(place);
    if (reason !== undefined) without.set(row, reason);
  });
  return {
    ...rows,
    names: own.map((place) => rows.names[place] ?? ''),
    images: Int32Array.from(own, (place) => rows.images[place] ?? -1),
    without,
  };
}

export function imageFacts(results: ImageResults, machine: PartFacts['machine']): PartFacts {
  const skipped: string[] = [];
  for (const [row, name] of results.names.entries()) if (results.source(row) === 'skipped') skipped.push(name);
  return {
    counts: results.counts(),
    skipped,
    failed: [...results.failedRows].map(([row, error]) => ({ name: results.names[row] ?? '', error })),
    clipped: results.clipped,
    sampled: 0,
    machine,
  };
}

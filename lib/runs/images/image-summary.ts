/** What a run over lesion images reports in the end. */
import { imageAssumptions } from '../../scoring/image-scorer.js';
import { heldTo } from '../../scoring/result.js';
import { noRows } from '../run-summary.js';
import type { DeviceUse } from '../../native/devices.js';
import type { Model } from '../../model/model.js';
import { Turns } from '../../core/turns.js';
import type { FoundImages } from './found-images.js';
import type { ImageRunOptions } from './image-options.js';
import type { ImageResults } from './image-results.js';
import type { ImageRowList } from './image-rows.js';
import type { ImageSummary } from './types.js';
import type { RowSource } from '../types.js';

export interface EndedRun {
  readonly rows: ImageRowList;
  readonly found: FoundImages;
  readonly results: ImageResults;
  readonly options: ImageRunOptions;
  readonly model: Model;
  readonly device: DeviceUse | null;
  /** Null: the run was begun anew. */
  readonly gone: readonly string[] | null;
  readonly elapsedMs: number;
}

export async function imageSummary(run: EndedRun): Promise<ImageSummary> {
  const { rows, found, results, options, model, device, gone, elapsedMs } = run;
  const clip = model.outputs[0]?.clip ?? null;
  const names: string[] = [];
  const scores: number[] = [];
  const sources: RowSource[] = [];
  const turns = new Turns();
  for (const [row, name] of results.names.entries()) {
    if (turns.isOver) await turns.next();
    const source = results.source(row) ?? 'failed';
    if (source === 'skipped') continue;
    names.push(name);
    scores.push(heldTo(results.scores[row] ?? Number.NaN, clip));
    sources.push(source);
  }
  return {
    names,
    scores: Float64Array.from(scores),
    sources,
    counts: results.counts(),
    failures: results.failures.all,
    notes: results.notes.all,
    filtered: rows.filtered,
    withoutRow: rows.withoutRow,
    unusedMetadata: rows.strangers,
    notRead: found.notRead,
    warnings: [...model.warnings, ...imageAssumptions(model)],
    clipped: results.clipped,
    deadline: options.deadline === null ? null : { unscored: results.failures.of('DEADLINE').count },
    resume: gone === null ? null : { gone },
    output: options.output,
    alreadyComplete: false,
    elapsedMs,
    model: { name: model.name, sha256: model.sha256, intendedUse: model.intendedUse },
    device,
    assumed: model.assumed,
  };
}

/** Of a run that found the output complete. */
export function imagesFinishedBefore(
  output: string,
  rows: ImageRowList,
  found: FoundImages,
  elapsedMs: number,
): ImageSummary {
  return {
    names: [],
    scores: new Float64Array(0),
    sources: [],
    counts: { ...noRows },
    failures: {},
    notes: {},
    filtered: rows.filtered,
    withoutRow: rows.withoutRow,
    unusedMetadata: rows.strangers,
    notRead: found.notRead,
    warnings: [],
    clipped: 0,
    deadline: null,
    resume: null,
    output,
    alreadyComplete: true,
    elapsedMs,
    model: null,
    device: null,
    assumed: null,
  };
}

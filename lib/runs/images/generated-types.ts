/** The options of a run over lesion images. Made from lib/options/table by scripts/generate-options.mjs; do not edit. */

import type { DirectoryOptions } from '../generated-types.js';
import type { ImageProgress } from './types.js';

/** How {@link scoreImages} runs: what {@link scoreDirectory} takes and images have too, and what is their own. */
export interface ImageOptions
  extends Pick<
    DirectoryOptions,
    | 'model'
    | 'input'
    | 'graphOutput'
    | 'activation'
    | 'column'
    | 'clip'
    | 'format'
    | 'metadata'
    | 'output'
    | 'preset'
    | 'idColumn'
    | 'valueColumn'
    | 'allOutputs'
    | 'statusColumn'
    | 'recursive'
    | 'followLinks'
    | 'resume'
    | 'overwrite'
    | 'onMissing'
    | 'onError'
    | 'fallback'
    | 'deadline'
    | 'maxFolderEntries'
    | 'maxFolderDepth'
    | 'onNotRead'
    | 'onModel'
    | 'onDevice'
    | 'runRecord'
    | 'batchSize'
    | 'reproducible'
    | 'signal'
    | 'device'
    | 'threads'
    | 'memoryLimit'
    | 'onnxRuntimePath'
    | 'gpu'
    | 'storage'
  > {
  /**
   * Score only images that have one of these in the column copyright_license of `metadata`. The others are counted in
   * the summary, and have no row. A row of `format` whose image has another license is treated as one without an
   * image: `onMissing` says how.
   * @defaultValue images of every license
   */
  readonly licenses?: readonly string[];
  /** Called on the JavaScript thread, at most every 100 ms; what it throws is ignored. */
  readonly onProgress?: (report: ImageProgress) => void;
}

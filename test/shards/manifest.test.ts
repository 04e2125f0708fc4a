/** What shards must agree on: each option of a run is either in the manifest, or decides neither a score nor the table. */
import { describe, expect, it } from 'vitest';
import { optionRows } from '../../lib/options/table.js';
import { precisionOptions, tableOptions } from '../../lib/shards/manifest.js';

/** Of the options that no score depends on: those that may differ between the shards of one run. */
const mayDiffer = [
  ...['output', 'resume', 'overwrite', 'provisional', 'runRecord', 'signal'],
  // The rows that come of these are in the list of rows.
  ...['format', 'recursive', 'followLinks', 'maxFolderEntries', 'maxFolderDepth'],
  // Files of each slide.
  ...['outputFolder', 'tilesCsv', 'geojson', 'heatmap', 'heatmapDownsample', 'attention', 'maskPng', 'tiles'],
  ...['slidesInFlight', 'threads', 'memoryLimit', 'readsInFlight', 'onnxRuntimePath'],
  ...['onModel', 'onDevice', 'onNotRead', 'onProgress'],
];

describe('the manifest', () => {
  const rows = optionRows.filter(
    (row) => (row.in.includes('run') || row.in.includes('images')) && row.kind.type !== 'object' && row.scores === 'no',
  );

  it('knows of each option that no score depends on whether the table does', () => {
    const known = new Set([...tableOptions, ...mayDiffer]);
    // How a store is reached may differ: what lies there is in the list of rows, with the digest of its ETag.
    const unknown = rows
      .map(({ name }) => name)
      .filter((name) => !known.has(name) && !/^(?:gpu|limits|storage)\./.test(name));
    expect(unknown).toEqual([]);
  });

  it('has what is asked of the precision of a GPU', () => {
    const decisive = optionRows.filter(
      ({ name, scores, kind }) => name.startsWith('gpu.') && scores === 'byContent' && kind.type === 'boolean',
    );
    expect(decisive.map(({ name }) => name)).toEqual(precisionOptions.map((name) => `gpu.${name}`));
  });

  it('has only options that there are', () => {
    const names = new Set(rows.map(({ name }) => name));
    expect(tableOptions.filter((name) => !names.has(name))).toEqual([]);
  });
});

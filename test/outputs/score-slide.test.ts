/** scoreSlide with files: that they say what the result says, and what is refused before any work. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { beforeAll, describe, expect, it } from 'vitest';
import { openSlide, scoreSlide, type ScoreOptions } from '../../lib/index.js';
import { failure, writeBundle } from '../api/support/bundle.js';
import { writeSlide } from '../support/slides.js';
import { scratchFolder } from './support.js';

const scratch = scratchFolder();
const at = (name: string): string => join(scratch, name);
const slidePath = at('a.tif');
const size = { width: 4096, height: 3072 };

beforeAll(async () => {
  await writeSlide(slidePath, { ...size, seed: 11, tissueShare: 0.3, relapse: true });
}, 120_000);

const jsonOf = (path: string): Record<string, unknown> =>
  JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;

/** All files below a folder. */
function filesBelow(folder: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : [])).sort();
}

describe('scoreSlide with outputFolder', () => {
  it('writes all files, and gives the result that it gives without', async () => {
    const folder = at('all');
    const plain = await scoreSlide(slidePath, { model: 'demo', tiles: true });
    const result = await scoreSlide(slidePath, { model: 'demo', outputFolder: folder });
    expect([result.score, result.tileCount, result.tiles]).toEqual([plain.score, plain.tileCount, undefined]);
    const names = ['geojson/a.geojson', 'heatmap/a.heatmap.json', 'heatmap/a.heatmap.png', 'heatmap/a.heatmap.tif'];
    const all = [...names, 'mask/a.mask.png', 'run-record.json', 'tiles-csv/a.csv'];
    expect(filesBelow(folder)).toEqual(all.map((name) => join(folder, name)));

    const lines = readFileSync(join(folder, 'tiles-csv/a.csv'), 'utf8').trimEnd().split('\n');
    const { tiles } = plain;
    if (tiles === undefined) throw new Error('no tiles');
    const expected = Array.from({ length: tiles.count }, (_, i) =>
      [tiles.level0X[i], tiles.level0Y[i], 224, 224, tiles.outputs['relapse']?.values[i]].join(','),
    );
    expect(lines).toEqual(['minx,miny,width,height,relapse', ...expected]);
    const { features } = jsonOf(join(folder, 'geojson/a.geojson')) as { features: unknown[] };
    expect(features).toHaveLength(tiles.count);
  });

  it('writes the same bytes again, and keeps the tiles for a caller who wants them too', async () => {
    const folders = [at('first'), at('again')];
    for (const outputFolder of folders) {
      const { tiles } = await scoreSlide(slidePath, { model: 'demo', outputFolder, tiles: true });
      expect(tiles?.outputs['relapse']?.values).toHaveLength(tiles?.count ?? -1);
      expect(tiles?.level0X[0]).toBeTypeOf('number');
    }
    const [first = [], again = []] = folders.map((folder) =>
      filesBelow(folder)
        .filter((path) => !path.endsWith('run-record.json'))
        .map((path) => readFileSync(path)),
    );
    expect(first).toHaveLength(6);
    for (const [i, bytes] of first.entries()) expect(bytes.equals(again[i] ?? Buffer.alloc(0))).toBe(true);
  });

  it('completes the record of the run', async () => {
    const runRecord = at('record.json');
    const { score, tileCount } = await scoreSlide(slidePath, {
      model: 'demo',
      device: 'cpu',
      runRecord,
      tile: { stride: 448 },
    });
    const record = jsonOf(runRecord);
    expect(record).toMatchObject({
      record: 1,
      state: 'finished',
      error: null,
      device: 'cpu',
      deviceUse: { id: 'cpu', kind: 'cpu', asked: 'cpu', precision: 'float32', gpusSeen: 0, reasons: [] },
      versions: { node: process.version, libvips: expect.stringMatching(/^\d+\.\d+/), onnxRuntime: expect.any(String) },
      model: { name: 'demo', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      options: { model: 'demo', device: 'cpu', 'tile.stride': 448, memoryLimit: 1073741824 },
      counts: { done: 1, failed: 0, pending: 0 },
      slides: [{ path: slidePath, state: 'done', score, tiles: tileCount, files: [] }],
    });
    expect((record['stages'] as { stage: string }[]).map(({ stage }) => stage)).toContain('infer');
    // A bundle says all of itself.
    expect(record['assumed']).toBeNull();
    const host = execFileSync('hostname', { encoding: 'utf8' }).trim();
    expect(JSON.stringify(record['host'])).not.toContain(host);
  });
});

describe('the mask', () => {
  const maskOf = async (
    folder: string,
    options: Partial<ScoreOptions>,
  ): Promise<{ data: Uint8Array; width: number }> => {
    await scoreSlide(slidePath, { model: 'demo', maskPng: at(folder), ...options });
    const { data, width, height, channels } = decode(readFileSync(join(at(folder), 'a.mask.png')));
    expect([channels, data.length]).toEqual([1, width * height]);
    return { data: data as Uint8Array, width };
  };

  it('is the one that the tissue rule used', async () => {
    const options = { overviewSide: 1000, minAreaFraction: 1e-3 };
    const slide = await openSlide(slidePath);
    const expected = await slide.tissue(options);
    await slide.close();
    const found = await maskOf('mask', { tissue: options });
    expect(found.width).toBe(expected.width);
    expect(Buffer.compare(Buffer.from(found.data), Buffer.from(expected.data))).toBe(0);
    expect(new Set(found.data)).toEqual(new Set([0, 255]));
  });

  it('is drawn from polygons where these were given', async () => {
    const ring = [
      [0, 0],
      [2048, 0],
      [2048, 3072],
      [0, 3072],
      [0, 0],
    ];
    const mask = { type: 'Polygon', coordinates: [ring] } as const;
    const { data, width } = await maskOf('polygons', { mask });
    const row = data.subarray(0, width);
    expect([row[Math.floor(width / 2) - 2], row[Math.floor(width / 2) + 2]]).toEqual([255, 0]);
  });

  it('is refused by name where every tile is kept, and left out of a folder for all files', async () => {
    const options = { model: 'demo', keep: 'all' } as const;
    const error = await failure(() => scoreSlide(slidePath, { ...options, maskPng: at('none') }), 'INVALID_OPTION');
    expect(error.message).toContain('maskPng');
    await scoreSlide(slidePath, { ...options, outputFolder: at('everywhere'), tilesPerSlide: 4 });
    expect(filesBelow(at('everywhere')).filter((path) => path.endsWith('.mask.png'))).toEqual([]);
  });
});

describe('attention', () => {
  const withOutput = (name: string): string =>
    writeBundle({
      edit: (json) => {
        const [encoder] = json['encoders'] as { outputs: { name: string }[] }[];
        const [head] = json['heads'] as { of: { output: string } }[];
        if (encoder?.outputs[0] !== undefined) encoder.outputs[0].name = name;
        if (head !== undefined) head.of.output = name;
      },
    });

  it('has the pictures of a tile output of that name', async () => {
    await scoreSlide(slidePath, { model: withOutput('attention'), attention: at('attention'), slideMpp: 0.5 });
    expect(readdirSync(at('attention')).sort()).toEqual(['a.attention.json', 'a.attention.png', 'a.attention.tif']);
    expect(jsonOf(join(at('attention'), 'a.attention.json'))['column']).toBe('attention');
  });

  it('is refused where the model has none', async () => {
    const call = (): unknown => scoreSlide(slidePath, { model: withOutput('other'), attention: at('no-attention') });
    expect((await failure(call, 'INVALID_OPTION')).message).toContain('gives no attention');
  });
});

describe('what is there already', () => {
  it('is not replaced, unless overwrite says so', async () => {
    const tilesCsv = at('kept');
    mkdirSync(tilesCsv);
    writeFileSync(join(tilesCsv, 'a.csv'), 'mine');
    const options = { model: 'demo', tilesCsv, tilesPerSlide: 3 };
    expect((await failure(() => scoreSlide(slidePath, options), 'OUTPUT_EXISTS')).path).toBe(join(tilesCsv, 'a.csv'));
    expect(readFileSync(join(tilesCsv, 'a.csv'), 'utf8')).toBe('mine');
    await scoreSlide(slidePath, { ...options, overwrite: true });
    expect(readFileSync(join(tilesCsv, 'a.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(4);
  });

  it('is never the slide itself', async () => {
    const folder = at('same');
    mkdirSync(folder);
    await writeSlide(join(folder, 'b.csv'), { width: 512, height: 512, seed: 1 });
    const call = (): unknown => scoreSlide(join(folder, 'b.csv'), { model: 'demo', tilesCsv: folder, overwrite: true });
    expect((await failure(call, 'INVALID_OPTION')).message).toContain('is a slide of the run');
  });

  it('is an error where a folder is a file', async () => {
    writeFileSync(at('file'), '');
    for (const folder of [at('file'), join(at('file'), 'inside')]) {
      const call = (): unknown => scoreSlide(slidePath, { model: 'demo', geojson: folder });
      expect((await failure(call, 'INVALID_OPTION')).message).toContain('not a folder');
    }
  });
});

it('names an option of files for one that is misspelt', async () => {
  const call = (): unknown => scoreSlide(slidePath, { model: 'demo', heatmpa: at('x') } as unknown as ScoreOptions);
  expect((await failure(call, 'INVALID_OPTION')).message).toContain('did you mean "heatmap"');
});

it('leaves nothing behind when it is aborted while files are written', async () => {
  const folder = at('aborted');
  const stop = new AbortController();
  const onProgress = ({ tiles }: { tiles: { done: number; total: number } }): void => {
    if (tiles.total > 0 && tiles.done === tiles.total) stop.abort(new Error('enough'));
  };
  const options = { model: 'demo', outputFolder: folder, heatmapDownsample: 1, signal: stop.signal, onProgress };
  await expect(scoreSlide(slidePath, options)).rejects.toThrow('enough');
  expect(filesBelow(folder).map((path) => path.slice(folder.length))).toEqual(['/run-record.json']);
  expect(jsonOf(join(folder, 'run-record.json'))).toMatchObject({ state: 'cancelled', counts: { pending: 1 } });
});

/** --config: the file of options, flags over it, and what messages call an option. */
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import type { DirectoryOptions } from '../../lib/index.js';
import { flagNaming } from '../../lib/cli/naming.js';
import { fromNative, messageWith, MicrotomeError } from '../../lib/core/errors.js';
import { competitionArea, temporaryFolder } from '../runs/support.js';
import { cli } from './support.js';

async function configFile(content: unknown): Promise<string> {
  const path = join(await temporaryFolder(), 'run.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** The options that reach the library. */
async function seenOptions(...argv: string[]): Promise<{ options: DirectoryOptions | null; stderr: string }> {
  let options: DirectoryOptions | null = null;
  const { stderr } = await cli(['score', 'nowhere', ...argv], {
    library: {
      scoreDirectory(_, given) {
        options = given;
        throw new MicrotomeError('MODEL_INVALID', 'infer', 'enough');
      },
    },
  });
  return { options, stderr };
}

/** Every key that the schema has, with a value that is not its default. */
const full = {
  model: 'model.onnx',
  input: { size: 64, level: 1, layout: 'NHWC', channels: 'BGR', scale: 0.5, mean: [0.1, 0.2, 0.3], std: [1, 2, 3] },
  graphOutput: 'logits',
  activation: 'softmax',
  column: 1,
  head: { method: 'topK', k: 3 },
  clip: [0.1, 0.9],
  format: 'f.csv',
  metadata: 'm.csv',
  output: 'o.csv',
  preset: 'isic2024',
  recursive: true,
  followLinks: false,
  maxFolderEntries: 99,
  maxFolderDepth: 3,
  resume: true,
  onMissing: 'fallback',
  onError: 'error',
  slidesInFlight: 3,
  deadline: '8h',
  deadlineMinTiles: 32,
  mpp: 0.5,
  slideMpp: 0.25,
  tile: { size: 32, stride: 16 },
  keep: 'centre',
  mask: 'mask.geojson',
  tissue: { overviewSide: 1024, minAreaFraction: 0.001 },
  tilesPerSlide: 100,
  seed: 7,
  scaledDecode: true,
  stopping: { halfWidth: 0.02, confidence: 0.9, minTiles: 64, everyTiles: 32 },
  onBadTile: 'fill',
  batchSize: 4,
  reproducible: false,
  tiles: true,
  device: 'cuda',
  threads: 2,
  memoryLimit: '512MiB',
  onnxRuntimePath: '/x.so',
  gpu: { decode: 'cpu', libraries: '/a:/b', memoryLimit: '2GiB' },
  limits: { requestBytes: 1000, directories: 9 },
};

const fullFlags =
  '--model model.onnx --input-size 64 --input-level 1 --input-layout NHWC --input-channels BGR --input-scale 0.5 ' +
  '--input-mean 0.1,0.2,0.3 --input-std 1,2,3 --graph-output logits --activation softmax --column 1 --head-method topK ' +
  '--head-k 3 --clip 0.1,0.9 --format f.csv --metadata m.csv --out o.csv --preset isic2024 --resume --on-missing fallback ' +
  '--on-error error --slides-in-flight 3 --deadline 8h --deadline-min-tiles 32 --mpp 0.5 --slide-mpp 0.25 --tile-size 32 ' +
  '--tile-stride 16 --keep centre --mask mask.geojson --tissue-overview-side 1024 --tissue-min-area-fraction 0.001 ' +
  '--tiles-per-slide 100 --seed 7 --scaled-decode --stop-at 0.02 --stop-confidence 0.9 --stop-min-tiles 64 ' +
  '--stop-every-tiles 32 --on-bad-tile fill --batch-size 4 --no-reproducible --tiles --device cuda --threads 2 ' +
  '--recursive --no-follow --max-folder-entries 99 --max-folder-depth 3 ' +
  '--memory-limit 512MiB --onnx-runtime-path /x.so --limit-request-bytes 1000 --limit-directories 9 ' +
  '--gpu-decode cpu --gpu-libraries /a:/b --gpu-memory-limit 2GiB';

describe('the file of --config', () => {
  it('says what flags say, and its published schema agrees', async () => {
    const schema = JSON.parse(await readFile('schema/run.schema.json', 'utf8')) as object;
    const validate = new Ajv2020({ strict: false }).compile(schema);
    expect(validate(full), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ tile: { sise: 1 } })).toBe(false);
    expect(validate({ mpp: 1, level: 1 })).toBe(false);
    expect(validate({ idColumn: 'case', valueColumn: 'risk', statusColumn: 's', allOutputs: true })).toBe(true);
    for (const name of ['idColumn', 'valueColumn', 'statusColumn'])
      expect(validate({ preset: 'visiomel', [name]: 'x' })).toBe(false);
    expect(validate({ input: { mpp: 1, level: 1 } })).toBe(false);
    const fromFile = await seenOptions('--config', await configFile({ $schema: 'x', ...full }));
    const fromFlags = await seenOptions(...fullFlags.split(' '));
    expect(fromFile.options).toMatchObject({
      ...full,
      memoryLimit: 512 * 2 ** 20,
      deadline: 8 * 3_600_000,
      gpu: { ...full.gpu, memoryLimit: 2 ** 31 },
    });
    const {
      onModel: _a,
      onDevice: _e,
      onNotRead: _d,
      onProgress: _b,
      signal: _c,
      ...plain
    } = fromFile.options as DirectoryOptions;
    expect(fromFlags.options).toMatchObject(plain);
  });

  it('gives way to flags, also where a flag excludes one of its keys', async () => {
    const path = await configFile({
      model: 'a',
      mpp: 2,
      reproducible: false,
      tile: { size: 8, stride: 4 },
      head: { method: 'topK', k: 3 },
      clip: null,
    });
    const flags = ['--level', '1', '--tile-size', '16', '--reproducible', '--head-method', 'max', '--model', 'b'];
    const { options } = await seenOptions('--config', path, ...flags);
    const {
      onModel: _a,
      onDevice: _e,
      onNotRead: _d,
      onProgress: _b,
      signal: _c,
      ...given
    } = options as DirectoryOptions;
    expect(given).toEqual({
      model: 'b',
      level: 1,
      reproducible: true,
      tile: { size: 16, stride: 4 },
      head: { method: 'max' },
      clip: null,
    });
  });

  it.each([
    ['{"tile":{"sise":3}}', 'has the unknown key "tile.sise"; did you mean "tile.size"?'],
    ['{"batchsize":3}', 'did you mean "batchSize"?'],
    ['{"zebra":3}', 'schema/run.schema.json lists its keys'],
    ['{"signal":3}', 'unknown key "signal"'],
    ['{"tile":3}', 'has 3 for "tile", expected an object'],
    ['[]', 'is not a JSON object'],
    ['{', 'is not valid JSON'],
    ['{"deadline":"soon"}', 'has "soon" for "deadline", expected a duration'],
    ['{"memoryLimit":"big"}', 'expected a size such as 512MiB'],
    [' '.repeat(2 ** 20 + 1), 'has 1048577 bytes, at most 1048576 are read'],
  ])('%.30s is refused with 2', async (content, message) => {
    const path = await configFile(content);
    const { code, stderr } = await cli(['score', 'd', '--model', 'a', '--config', path]);
    expect(code).toBe(2);
    expect(stderr).toContain(`the file of --config, ${path}, `);
    expect(stderr).toContain(message);
  });

  it('is a regular file: a pipe, a device and a folder are refused without waiting', async () => {
    const pipe = join(await temporaryFolder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const path of [pipe, '/dev/zero', '/']) {
      const { code, stderr } = await cli(['score', 'd', '--model', 'a', '--config', path]);
      expect([code, stderr]).toEqual([2, expect.stringContaining('is not a regular file')]);
    }
    const missing = await cli(['score', 'd', '--model', 'a', '--config', `${pipe}.json`]);
    expect(missing.stderr).toContain('does not exist');
  });
});

describe('messages speak the language of who reads them', () => {
  it('flags to who used flags, keys and the name of the file to who used the file', async () => {
    const area = await competitionArea(1);
    const flags = await cli(['score', area.slides, '--model', 'm', '--tile-size', '0']);
    expect(flags.stderr).toContain('Expected an integer from 1 to 16384 pixels for --tile-size but received 0');
    const path = await configFile({ tile: { size: 0 }, mpp: 1, level: 1 });
    const size = await cli(['score', area.slides, '--model', 'm', '--config', path]);
    expect(size.stderr).toContain(`for "tile.size" in ${path} but received 0`);
    const both = await configFile({ mpp: 1, level: 1 });
    expect((await cli(['score', area.slides, '--model', 'm', '--config', both])).stderr).toContain(
      `only one of "mpp" in ${both} and "level" in ${both}`,
    );
    const families = [flagNaming('input', null), flagNaming('stopping', null), flagNaming('limits', null)];
    expect(families).toEqual(['--input-*', '--stop-*', '--limit-*']);
    const head = await cli(['score', area.slides, '--model', 'm', '--stop-confidence', '0.9']);
    expect(head.stderr).toContain('--stop-at is missing: expected a number above 0');
  });

  it('also in the advice of an error, in the note of a failed slide and in JSON', async () => {
    const area = await competitionArea(1);
    const failing = { [area.names[0] as string]: 'CORRUPT_TILE' as const };
    const { stdout, stderr } = await cli(['score', area.slides, '--model', 'm', '--json'], { scorer: { failing } });
    for (const text of [stdout, stderr]) {
      expect(text).toContain('restore it, or pass --on-bad-tile fill');
      expect(text).not.toContain('[[');
      expect(text).not.toContain('onBadTile');
    }
    // The addon's errors hold the same marks.
    const found = Object.assign(new Error('[[limits.requestBytes]] is 9; raise it'), {
      code: 'LIMIT_EXCEEDED',
      stage: 'tiles',
    });
    expect(fromNative(found).message).toContain('limits.requestBytes is 9');
    expect(messageWith(fromNative(found), flagNaming)).toContain('--limit-request-bytes is 9');
    const error = new MicrotomeError('CORRUPT_TILE', 'decode', 'level 0, column 1, row 2');
    expect(error.message).toBe("level 0, column 1, row 2; the file is damaged: restore it, or pass onBadTile: 'fill'");
  });
});

/** Repositories of Triton: what is written is read again and served; what comes from elsewhere is looked at first. */
import { copyFile, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createClient } from '../../lib/client/index.js';
import { createImageScorer } from '../../lib/index.js';
import { readModelRepository, writeModelRepository } from '../../lib/serve/index.js';
import { parseConfig } from '../../lib/serve/repository/model-config.js';
import { failureOf, temporaryFolder } from '../runs/support.js';
import { cli } from '../cli/support.js';
import { images, rowsGraph, serverOf } from './support.js';

async function plainRepository(config: string): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'rows', '1'), { recursive: true });
  await copyFile(await rowsGraph(), join(folder, 'rows', '1', 'model.onnx'));
  await writeFile(join(folder, 'rows', 'config.pbtxt'), config);
  return folder;
}

const plain = `
# A comment.
name: "rows"
platform: 'onnxruntime_onnx'
max_batch_size: 16
input [ { name: "rows" data_type: TYPE_FP32 dims: [ 4 ] } ]
output [
  { name: "twice", data_type: TYPE_FP32, dims: [ 4 ] },
  { name: "squares" data_type: TYPE_FP32 dims: 1 }
]
dynamic_batching { preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 100 }
`;

describe('a repository that is written', () => {
  it('has the graph without the axis of the batch, the bundle beside it, and is served with the same numbers', async () => {
    const out = join(await temporaryFolder(), 'models');
    const written = await writeModelRepository('demo-lesion', {
      out,
      name: 'lesion',
      tensorRt: 'FP16',
      maxBatchSize: 8,
    });
    expect(written).toMatchObject({ name: 'lesion', folder: join(out, 'lesion'), maxBatchSize: 8 });
    expect(written.notes).toEqual([expect.stringContaining('calibration')]);
    expect((await readdir(join(out, 'lesion', '1'))).sort()).toEqual(['microtome.json', 'model.onnx']);
    const text = await readFile(join(out, 'lesion', 'config.pbtxt'), 'utf8');
    expect(text).toContain('backend: "onnxruntime"\nmax_batch_size: 8\n');
    expect(text).toContain('dims: [ 3, 64, 64 ]');
    expect(text).toContain('dynamic_batching {\n  max_queue_delay_microseconds: 2000\n}');
    expect(text).toContain('name: "tensorrt"');
    const { models, notes } = await readModelRepository(out);
    expect(notes).toEqual([expect.stringContaining('dynamic_batching, instance_group, optimization')]);
    const server = await serverOf({ models });
    const all = await images(9);
    await using scorer = await createImageScorer({ model: 'demo-lesion', device: 'cpu' });
    const wanted = await scorer.score({ kind: 'bytes', images: all });
    expect((await createClient(server.url).inferImages('lesion', all)).outputs).toEqual(wanted.outputs);
  });

  it('replaces nothing', async () => {
    const out = await temporaryFolder();
    await writeModelRepository('demo-lesion', { out });
    expect((await failureOf(writeModelRepository('demo-lesion', { out }))).code).toBe('OUTPUT_EXISTS');
    expect(await readdir(out)).toEqual(['demo-lesion']);
  });

  it.each([
    [{ name: '../up' }, 'INVALID_OPTION'],
    [{ maxBatchSize: 0 }, 'INVALID_OPTION'],
    [{ instances: 1.5 }, 'INVALID_OPTION'],
    [{ tensorRt: 'INT4' as never }, 'INVALID_OPTION'],
    [{ instanceKind: 'tpu' as never }, 'INVALID_OPTION'],
  ])('is refused with %j', async (options, code) => {
    const out = await temporaryFolder();
    expect((await failureOf(writeModelRepository('demo-lesion', { out, ...options }))).code).toBe(code);
    expect(await readdir(out)).toEqual([]);
  });

  it('of a bare graph needs a bundle first', async () => {
    const error = await failureOf(writeModelRepository(await rowsGraph(), { out: await temporaryFolder() }));
    expect(error.code).toMatch(/MODEL_MISMATCH|MODEL_INVALID/);
  });

  it('comes from the command line, too', async () => {
    const out = await temporaryFolder();
    const { code, stdout } = await cli(['model', 'repository', 'demo-lesion', '--out', out, '--name', 'x', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'x', maxBatchSize: 32 });
  });
});

describe('a repository of somebody else', () => {
  it('is served as rows of tensors', async () => {
    const { models, notes } = await readModelRepository(pathToFileURL(await plainRepository(plain)).href);
    expect(notes).toEqual(['rows: not used of its configuration: dynamic_batching']);
    const client = createClient((await serverOf({ models })).url);
    const values = Float32Array.of(1, 2, 3, 4);
    const { outputs } = await client.infer('rows', [{ name: 'rows', shape: [1, 4], datatype: 'FP32', values }]);
    expect(outputs.map((output) => output.values)).toEqual([Float32Array.of(2, 4, 6, 8), Float32Array.of(30)]);
  });

  it.each([
    ['another length', plain.replace('dims: [ 4 ] } ]', 'dims: [ 5 ] } ]')],
    ['another type', plain.replace('"squares" data_type: TYPE_FP32', '"squares" data_type: TYPE_FP64')],
    ['another name', plain.replace('name: "twice"', 'name: "thrice"')],
    ['another rank', plain.replace('max_batch_size: 16', 'max_batch_size: 0')],
  ])('that does not fit its graph is refused: %s', async (_what, config) => {
    const { models } = await readModelRepository(await plainRepository(config));
    expect((await failureOf(serverOf({ models }))).code).toBe('MODEL_MISMATCH');
  });

  it.each([
    ['nothing', ''],
    ['another name than its folder', plain.replace('name: "rows"\n', 'name: "other"\n')],
    ['another backend', plain.replace('onnxruntime_onnx', 'pytorch_libtorch')],
    ['an ensemble', `${plain}ensemble_scheduling { }`],
    ['a sequence', `${plain}sequence_batching { }`],
    ['a reshape', plain.replace('dims: [ 4 ] } ]', 'dims: [ 4 ] reshape { shape: [ 2, 2 ] } } ]')],
    ['no type', plain.replace('data_type: TYPE_FP32 dims: [ 4 ] }', 'dims: [ 4 ] }')],
    ['a type of its own', plain.replace('TYPE_FP32', 'TYPE_constructor')],
    ['dims of texts', plain.replace('[ 4 ] }', '[ "4" ] }')],
    ['a side of zero', plain.replace('[ 4 ] }', '[ 0 ] }')],
    ['a field twice', `${plain}max_batch_size: 3`],
    ['a file elsewhere', `${plain}default_model_filename: "../../../etc/passwd"`],
    ['an open string', `${plain}x: "abc`],
    ['an open message', `${plain}x {`],
    ['a message that is closed twice', `${plain}x { } }`],
    ['a list without commas', `${plain}x: [ 1 2 ]`],
    ['an open list', `${plain}x: [ 1,`],
    ['an unknown escape', `${plain}x: "\\q"`],
    ['a character of its own', `${plain}x: $`],
    ['a value without a field', `${plain}7`],
    ['a field without a value', `${plain}x:`],
    ['very deep messages', `${plain}${'x {'.repeat(100_000)}`],
    ['very many characters', `${plain}#${'x'.repeat(2 ** 20)}`],
  ])('with %s is refused', async (_what, config) => {
    const error = await failureOf(plainRepository(config).then(readModelRepository));
    expect(error.code).toBe('MODEL_INVALID');
  });

  it('is read to the letter', () => {
    const config = parseConfig(
      `backend:"onnxruntime"input<name:"a" "b"data_type:TYPE_STRING dims:-1;>max_batch_size:4 default_model_filename:'m.onnx'`,
      'x',
    );
    expect(config).toEqual({
      name: null,
      maxBatchSize: 4,
      inputs: [{ name: 'ab', datatype: 'BYTES', dims: [-1] }],
      outputs: [],
      modelFile: 'm.onnx',
      ignored: [],
    });
  });

  it('may not lead out by links', async () => {
    const folder = await plainRepository(plain);
    const outside = await rowsGraph();
    await mkdir(join(folder, 'rows', '2'));
    await symlink(outside, join(folder, 'rows', '2', 'model.onnx'));
    expect((await failureOf(readModelRepository(folder))).message).toContain('leads out of the repository');
    const linked = await plainRepository(plain);
    await symlink(folder, join(linked, 'more'));
    expect((await readModelRepository(linked)).notes).toContain('more is a link: it is not followed');
    const config = await plainRepository(plain);
    await mkdir(join(config, 'second', '1'), { recursive: true });
    await symlink(join(folder, 'rows', 'config.pbtxt'), join(config, 'second', 'config.pbtxt'));
    expect((await failureOf(readModelRepository(config))).code).toBe('MODEL_INVALID');
  });

  it('must have models, and these a version', async () => {
    expect((await failureOf(readModelRepository(await temporaryFolder()))).code).toBe('MODEL_INVALID');
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'm'));
    expect((await failureOf(readModelRepository(folder))).code).toBe('FILE_NOT_FOUND');
    await writeFile(join(folder, 'm', 'config.pbtxt'), 'backend: "onnxruntime"');
    expect((await failureOf(readModelRepository(folder))).message).toContain('no folder of a version');
  });
});

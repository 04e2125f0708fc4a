/** What shards may call differently, and what they must agree on although no name of it is the same. */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel, mergeShards } from '../../lib/index.js';
import { manifestDifferences, type ShardManifest } from '../../lib/shards/manifest.js';
import { csvOf } from '../runs/start.js';
import { competitionArea, failureOf } from '../runs/support.js';
import { meanColourModel } from '../support/models/small-graphs.js';
import { fakeShard } from './fake-shard.js';

describe('shards of one run', () => {
  it('may have the same model under two names', async () => {
    const area = await competitionArea(4);
    const parts = join(area.folder, 'parts');
    const [first, second] = [join(area.folder, 'm1.onnx'), join(area.folder, 'm2.onnx')];
    await writeFile(first, meanColourModel());
    await copyFile(first, second);
    const of = { area, parts, count: 2 };
    await fakeShard({ ...of, index: 0, options: { model: await loadModel(first) } });
    await fakeShard({ ...of, index: 1, options: { model: await loadModel(second) } });
    expect((await fakeShard({ ...of, index: 1, options: { model: await loadModel(first) } })).alreadyComplete).toBe(
      true,
    );
    await mergeShards(parts, { output: area.output });
    expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names));
  });

  it('must ask for the same precision of a GPU', async () => {
    const area = await competitionArea(4);
    const parts = join(area.folder, 'parts');
    const of = { area, parts, count: 2 };
    const gpu = (more: object) => ({ device: 'tensorrt', gpu: more });
    await fakeShard({ ...of, index: 0, options: gpu({ fp16: true, graphs: true }) });
    const error = await failureOf(fakeShard({ ...of, index: 1, options: gpu({ tf32: true }) }));
    expect(error).toMatchObject({ code: 'SHARD_CONFLICT' });
    expect(error.message).toContain('the option gpu.fp16 was true and is not given');
    expect(error.message).toContain('the option gpu.tf32 was not given and is true');
    // What decides no score may differ, and a default may be named.
    await fakeShard({ ...of, index: 1, options: gpu({ fp16: true, tf32: false }) });
  });

  it('are never refused without a reason', async () => {
    const area = await competitionArea(1);
    const parts = join(area.folder, 'parts');
    await fakeShard({ area, parts, index: 0, count: 1 });
    const manifest = JSON.parse(await readFile(join(parts, 'shards.json'), 'utf8')) as ShardManifest;
    expect(manifestDifferences(manifest, manifest)).not.toEqual([]);
  });
});

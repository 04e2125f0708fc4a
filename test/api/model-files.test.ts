/** Every file of a model is opened once while the model is read, and its hash goes with it to the engine. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createScorer, loadModel } from '../../lib/index.js';
import { specOf } from '../../lib/model/spec.js';
import { field, numberField } from '../support/protobuf.js';
import { failure, graphBytes, sha256, temporaryFolder, writeBundle } from './support/bundle.js';

const openings = vi.hoisted(() => [] as string[]);
vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof import('node:fs/promises')>();
  const open: typeof actual.open = (path, ...rest) => {
    openings.push(String(path));
    return actual.open(path, ...rest);
  };
  return { ...actual, open };
});

const weights = Buffer.alloc(64, 1);
// The graph with one more tensor, unused, whose 16 floats are in weights.bin: repeated messages are merged.
const tensor = Buffer.concat([
  numberField(1, 16),
  numberField(2, 1),
  field(8, 'more'),
  field(13, Buffer.concat([field(1, 'location'), field(2, 'weights.bin')])),
  numberField(14, 1),
]);
const withWeights = Buffer.concat([graphBytes, field(7, field(5, tensor))]);
const files = { 'model.onnx': withWeights, 'weights.bin': weights, 'notes.txt': Buffer.from('not used') };

beforeEach(() => {
  openings.length = 0;
});

describe('the files of a model', () => {
  it('are opened once in a bundle, listed or used', async () => {
    const folder = writeBundle({ files });
    const model = await loadModel(folder);
    const expected = ['microtome.json', ...Object.keys(files)].map((file) => join(folder, file));
    expect([...openings].sort()).toEqual(expected.sort());
    expect(specOf(model)).toMatchObject({
      graphs: [
        {
          path: join(folder, 'model.onnx'),
          sha256: sha256(withWeights),
          weights: [{ path: join(folder, 'weights.bin'), sha256: sha256(weights) }],
        },
      ],
    });
  });
  it('are opened once beside a bare graph', async () => {
    const folder = temporaryFolder();
    for (const [file, bytes] of Object.entries(files)) writeFileSync(join(folder, file), bytes);
    const model = await loadModel(join(folder, 'model.onnx'));
    expect([...openings].sort()).toEqual([join(folder, 'model.onnx'), join(folder, 'weights.bin')]);
    const lines = `${sha256(withWeights)}  model.onnx\n${sha256(weights)}  weights.bin\n`;
    expect(model.sha256).toBe(sha256(lines));
  });

  it('run when they are still what they were', async () => {
    const scorer = await createScorer({ model: await loadModel(writeBundle({ files })), threads: 1 });
    await scorer.close();
  });
  it.each(Object.keys(files).filter((file) => file !== 'notes.txt'))(
    'are refused when %s changed after it was read',
    async (file) => {
      const folder = writeBundle({ files });
      const model = await loadModel(folder);
      const changed = Buffer.from(files[file as keyof typeof files]);
      changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1);
      writeFileSync(join(folder, file), changed);
      const error = await failure(() => createScorer({ model, threads: 1 }), 'MODEL_INVALID');
      expect(error.message).toContain('was changed after the model was read');
      expect(error.path).toBe(join(folder, file));
    },
  );
});

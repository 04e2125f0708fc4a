// The ONNX Runtime that we open beside the one that onnxruntime-node opens, of the same and of other versions.
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onnxRuntimeVersion } from '../support/manifest.js';
import { Consumer, tarball } from './support/consumer.js';
import { identityModel } from './support/identity-model.js';
import { answerOf } from './support/process.js';
import { besideOnnxRuntimeScript } from './support/scripts.js';
import { expectScore, makeSlide, type TestSlide } from './support/slide.js';

interface Answers {
  readonly ours: readonly number[];
  readonly theirs: readonly (readonly number[])[];
}

let slide: TestSlide;
beforeAll(async () => {
  slide = await makeSlide();
});
afterAll(() => slide.remove());

describe.each([onnxRuntimeVersion, '1.29.0', '1.20.1'])('onnxruntime-node %s', (version) => {
  let consumer: Consumer;
  let script: string;
  beforeAll(async () => {
    consumer = await Consumer.create();
    await consumer.install(tarball());
    await consumer.install(`onnxruntime-node@${version}`);
    script = await consumer.write('both.js', besideOnnxRuntimeScript);
    await writeFile(consumer.path('identity.onnx'), identityModel());
  });
  afterAll(() => consumer.remove());

  it('is there in its own version, ours in ours', () => {
    expect(consumer.versionOf('onnxruntime-node')).toBe(version);
    const nested = consumer.versionOf('microtome/node_modules/onnxruntime-node');
    expect(nested).toBe(version === onnxRuntimeVersion ? null : onnxRuntimeVersion);
  });

  it.each(['ours-first', 'theirs-first'])('%s', async (order) => {
    const ended = await consumer.node([script, slide.path, order, consumer.path('identity.onnx')]);
    const { ours, theirs } = answerOf(ended) as Answers;
    const same = [1, 2.5, -3, 4];
    expect(theirs).toEqual([same, same]);
    ours.forEach(expectScore);
    expect(ours[1]).toBe(ours[0]);
  });
});

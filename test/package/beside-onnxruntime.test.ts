// The ONNX Runtime that we carry beside the one that onnxruntime-node opens, of the same and of other versions.
import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onnxRuntimeVersion } from '../support/manifest.js';
import { Consumer, tarball } from './support/consumer.js';
import { identityModel } from './support/identity-model.js';
import { answerOf } from './support/process.js';
import { besideOnnxRuntimeScript, scoreScript } from './support/scripts.js';
import { expectScore, makeSlide, type TestSlide } from './support/slide.js';

interface Answers {
  readonly ours: readonly number[];
  readonly theirs: readonly (readonly number[])[];
}

/** Which library is used: where it was found, and its version. */
const usedScript = `
import { doctor } from 'microtome';
const { searches, libraries } = await doctor();
process.send({ origin: searches.onnxRuntime.origin, version: libraries.onnxRuntime.version });
`;

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

  /** Their library. */
  function theirs(): string {
    const bin = consumer.path('node_modules/onnxruntime-node/bin');
    const folder = `${bin}/${readdirSync(bin).find((name) => name.startsWith('napi-v'))}/linux/x64`;
    return `${folder}/${readdirSync(folder).find((name) => name.startsWith('libonnxruntime.so'))}`;
  }

  it('is there in its own version; ours is used unless a path is given', async () => {
    expect(consumer.versionOf('onnxruntime-node')).toBe(version);
    const used = await consumer.write('used.js', usedScript);
    expect(answerOf(await consumer.node([used]))).toEqual({ origin: 'bundled', version: onnxRuntimeVersion });
    const given = await consumer.node([used], { MICROTOME_ONNXRUNTIME: theirs() });
    expect(answerOf(given)).toEqual({ origin: 'environment', version });
  });

  const sameVersion = async (): Promise<void> => {
    const once = await consumer.write('score.js', scoreScript);
    const own = answerOf(await consumer.node([once, slide.path])) as { score: number };
    const env = { MICROTOME_ONNXRUNTIME: theirs() };
    const other = answerOf(await consumer.node([once, slide.path], env)) as { score: number };
    expectScore(own.score);
    expect(own.score).toBe(other.score);
  };
  if (version === onnxRuntimeVersion) it('of the same version gives the same score, to the bit', sameVersion);

  it.each(['ours-first', 'theirs-first'])('%s', async (order) => {
    const ended = await consumer.node([script, slide.path, order, consumer.path('identity.onnx')]);
    const { ours, theirs } = answerOf(ended) as Answers;
    const same = [1, 2.5, -3, 4];
    expect(theirs).toEqual([same, same]);
    ours.forEach(expectScore);
    expect(ours[1]).toBe(ours[0]);
  });
});

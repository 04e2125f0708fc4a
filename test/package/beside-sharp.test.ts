// Our private libvips beside the one of sharp, of the same and of other versions, in either order of loading.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Consumer, tarball } from './support/consumer.js';
import { answerOf } from './support/process.js';
import { besideSharpScript } from './support/scripts.js';
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

// Ours is installed first: that is the order in which a plain dependency on sharp's libvips would break sharp.
describe.each(['0.35.5', '0.34.5', '0.33.5'])('sharp %s', (version) => {
  let consumer: Consumer;
  let script: string;
  beforeAll(async () => {
    consumer = await Consumer.create();
    await consumer.install(tarball());
    await consumer.install(`sharp@${version}`);
    script = await consumer.write('both.js', besideSharpScript);
  });
  afterAll(() => consumer.remove());

  it('is there in its own version', () => {
    expect(consumer.versionOf('sharp')).toBe(version);
  });

  it.each(['ours-first', 'theirs-first'])('%s', async (order) => {
    const ended = await consumer.node([script, slide.path, order]);
    const { ours, theirs } = answerOf(ended) as Answers;
    const pixel = [40, 30, 10, 120, 240];
    expect(theirs).toEqual([pixel, pixel]);
    ours.forEach(expectScore);
    expect(ours[1]).toBe(ours[0]);
    expect(ended.stderr).toBe('');
  });
});

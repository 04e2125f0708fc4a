// Where OpenSlide is not installed, a slide of a scanner's own format is refused in one line that says what to install, and
// everything else is as it is with it.
import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Consumer, tarball } from './support/consumer.js';
import { answerOf } from './support/process.js';
import { makeSlide, type TestSlide } from './support/slide.js';

const script = `
import { openSlide, scoreSlide } from 'microtome';
const [tiff, ...others] = process.argv.slice(2);
const refusal = (path) => openSlide(path).then(() => 'opened', ({ code, message }) => ({ code, message }));
const { score } = await scoreSlide(tiff, { model: 'demo' });
const refused = [];
for (const path of others) refused.push(await refusal(path));
process.send({ score, refused });
`;

interface Answer {
  readonly score: number;
  readonly refused: readonly { readonly code: string; readonly message: string }[];
}

/** The head of a DICOM file: 128 bytes, the letters DICM, and an empty group. */
const dicom = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), Buffer.alloc(64)]);

describe('the package without OpenSlide', () => {
  let slide: TestSlide;
  let consumer: Consumer;

  beforeAll(async () => {
    slide = await makeSlide();
    consumer = await Consumer.create();
    await consumer.install(tarball());
    // A folder without the library stands for a machine without it: this one may have it.
    await mkdir(consumer.path('no-library'));
    consumer.env['MICROTOME_OPENSLIDE'] = consumer.path('no-library');
  });
  afterAll(async () => {
    await consumer.remove();
    await slide.remove();
  });

  it('scores a TIFF, and refuses MIRAX and DICOM with the line that installs what reads them', async () => {
    await writeFile(consumer.path('a.mrxs'), 'a small picture');
    await mkdir(consumer.path('a'));
    await writeFile(consumer.path('a', 'Slidedat.ini'), '[GENERAL]\n');
    await writeFile(consumer.path('b.dcm'), dicom);
    const file = await consumer.write('open.js', script);
    const ended = await consumer.node([file, slide.path, consumer.path('a.mrxs'), consumer.path('b.dcm')]);
    const { score, refused } = answerOf(ended) as Answer;
    expect(ended.stdout + ended.stderr).toBe('');
    expect(score).toBeGreaterThan(0);
    expect(score).toBeLessThan(1);
    for (const { code, message } of refused) {
      expect(code).toBe('DRIVER_MISSING');
      expect(message.split('\n')[0]).toContain('pip install openslide-bin');
    }
    expect(refused).toHaveLength(2);
  });
});

// Where OpenSlide is not installed, a slide of a scanner's own format is refused in one line that says what to install, and
// everything else is as it is with it.
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dicomFile, makeMirax, makeVms } from '../slide-files/makers.js';
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

  /** A folder with a TIFF, and with slides whose descriptions and headers are whole; nobody gets to their pixels. */
  const mixedFolder = async (): Promise<{ readonly folder: string; readonly others: readonly string[] }> => {
    const folder = consumer.path('slides');
    await mkdir(folder, { recursive: true });
    await copyFile(slide.path, consumer.path('slides', basename(slide.path)));
    const dicom = consumer.path('slides', 'b.dcm');
    await writeFile(dicom, dicomFile());
    return { folder, others: [await makeMirax(folder, 'a'), dicom, await makeVms(folder)] };
  };

  it('scores a TIFF, and refuses MIRAX, DICOM and VMS with the line that installs what reads them', async () => {
    const { others } = await mixedFolder();
    const file = await consumer.write('open.js', script);
    const ended = await consumer.node([file, slide.path, ...others]);
    const { score, refused } = answerOf(ended) as Answer;
    expect(ended.stdout + ended.stderr).toBe('');
    expect(score).toBeGreaterThan(0);
    expect(score).toBeLessThan(1);
    expect(refused).toHaveLength(3);
    for (const { code, message } of refused) {
      expect(code).toBe('DRIVER_MISSING');
      expect(message.trim().split('\n')).toHaveLength(1);
      expect(message).toContain('pip install openslide-bin');
    }
  });

  it('scores what it can of a folder, and names the rest once each', async () => {
    const { folder, others } = await mixedFolder();
    const main = consumer.path('node_modules', 'microtome', 'dist', 'cli', 'main.js');
    const { code, stdout, stderr } = await consumer.node([main, 'score', folder, '--model', 'demo']);
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    const notRead = stderr.split('\n').filter((line) => line.startsWith('not read: '));
    expect(notRead).toHaveLength(others.length);
    for (const path of others) {
      const [line = ''] = notRead.filter((one) => one.includes(`${path}: `));
      expect(line).toContain('pip install openslide-bin');
    }
    const { stdout: doctor } = await consumer.node([main, 'doctor']);
    expect(doctor).toMatch(/^OpenSlide +not at \S+no-library, which is the one that MICROTOME_OPENSLIDE names$/m);
  });
});

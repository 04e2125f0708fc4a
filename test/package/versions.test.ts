// The packed binary on every supported version of Node.js: open, region, close, score, a CSV, the command line.
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Consumer, tarball } from './support/consumer.js';
import { pnpm } from './support/managers.js';
import { answerOf } from './support/process.js';
import { expectScore, makeSlide, type TestSlide } from './support/slide.js';
import { nodeProgram, nodeVersions } from './support/tools.js';

const jobsScript = `
import { readFileSync } from 'node:fs';
import { openSlide, scoreDirectory, scoreSlide } from 'microtome';
const [path, folder, output] = process.argv.slice(2);
const slide = await openSlide(path);
const { data } = await slide.readRegion({ level: 0, x: 0, y: 0, width: 64, height: 48 });
const size = [slide.width, slide.height];
await slide.close();
const { score } = await scoreSlide(path, { model: 'demo' });
await scoreDirectory(folder, { model: 'demo', output }).done;
process.send({ version: process.version, size, bytes: data.length, score, csv: readFileSync(output, 'utf8') });
`;

interface Answer {
  readonly version: string;
  readonly size: readonly number[];
  readonly bytes: number;
  readonly score: number;
  readonly csv: string;
}

/** This one runs what pnpm has installed; the others, what npm has. */
const pnpmMajor = '24';

describe.each(nodeVersions())('Node.js %s (%s)', (major, version) => {
  let slide: TestSlide;
  let consumer: Consumer;
  let expected: Answer;

  async function jobs(output: string, program?: string): Promise<Answer> {
    const script = await consumer.write('jobs.js', jobsScript);
    const args = [script, slide.path, dirname(slide.path), consumer.path(output)];
    return answerOf(await consumer.node(args, {}, program)) as Answer;
  }

  beforeAll(async () => {
    slide = await makeSlide();
    consumer = await Consumer.create();
    if (major === pnpmMajor)
      await pnpm.install(consumer, { scripts: true, offline: false, cache: consumer.path('.cache') });
    else await consumer.install(tarball());
    expected = await jobs('expected.csv');
  });
  afterAll(async () => {
    await consumer.remove();
    await slide.remove();
  });

  it(`opens, reads, scores, closes and writes a CSV${major === pnpmMajor ? ', installed by pnpm' : ''}`, async () => {
    const answer = await jobs('out.csv', nodeProgram(major));
    expectScore(answer.score);
    expect(answer.csv.trim().split('\n').length).toBe(2);
    expect(answer).toEqual({ ...expected, version: `v${version}`, size: [4096, 3072], bytes: 64 * 48 * 3 });
  });

  it('runs the command line', async () => {
    const main = join(consumer.path('node_modules/microtome'), 'dist/cli/main.js');
    const ended = await consumer.node([main, 'doctor'], {}, nodeProgram(major));
    expect(ended.code, ended.stdout + ended.stderr).toBe(0);
    expect(ended.stdout).toContain(`v${version}`);
    expect(ended.stdout).toContain('slides can be scored on this machine');
  });
});

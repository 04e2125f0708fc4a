/**
 * How much of the cores a run of a ResNet-18 uses while tiles last: CPU time over cores and time. A figure and no test, since
 * it depends on what else the machine does. npm run competition:test -- --cores
 */
import { availableParallelism } from 'node:os';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resNet18 } from '../../../bench/models/architectures.js';
import { fp32Graph } from '../../../bench/models/fp32-graph.js';
import { makeSharedTileSlide } from '../../support/slides.js';
import { makeArea, smallSlides } from './support/area.js';
import { Box } from './support/box.js';
import { cpuSeconds, processWith } from './support/process-time.js';
import { oldRoot, microtome, tools } from './support/tools.js';

const kSlides = 20;
/** Of the progress that is printed: the first slides are over and the last have not begun. */
const [from, to] = ['progress 10%', 'progress 90%'];

async function resNetSubmission(): Promise<string> {
  const folder = join(tools.scratch, 'resnet');
  await mkdir(folder);
  await writeFile(join(folder, 'resnet.onnx'), fp32Graph(resNet18()));
  const bundle = join(folder, 'bundle');
  const input = ['--input-mpp', '0.25', '--input-mean', '0.5,0.5,0.5', '--input-std', '0.25,0.25,0.25'];
  const output = ['--activation', 'softmax', '--column', '1', '--fallback', '0.16'];
  const card = ['--licence', 'Apache-2.0', '--intended-use', 'a measurement'];
  await microtome(['model', 'init', bundle, '--onnx', join(folder, 'resnet.onnx'), ...input, ...output, ...card]);
  const zip = join(folder, 'submission.zip');
  await microtome(['pack', '--model', bundle, '--out', zip]);
  return zip;
}

it('prints the share of the cores', async () => {
  const slides = smallSlides(kSlides, 91).map((slide, i) => ({
    ...slide,
    write: (path: string) => makeSharedTileSlide(path, { width: 8192, height: 8192, seed: 91 + i, tissueShare: 0.09 }),
  }));
  const area = await makeArea(join(tools.scratch, 'cores'), slides, 'second');
  const box = await Box.create(oldRoot, await resNetSubmission(), area.folder);
  const running = box.start();
  const moments: { wall: number; cpu: number }[] = [];
  running.onLine((line) => {
    if (!line.startsWith(from) && !line.startsWith(to)) return;
    const number = processWith('dist/competition/box/main.js');
    if (number !== null) moments.push({ wall: performance.now() / 1000, cpu: cpuSeconds(number) });
  });
  const { code, output } = await running.ended;
  expect(code, output).toBe(0);
  const [first, last] = moments;
  if (first === undefined || last === undefined) throw new Error('the run was too short to be measured');
  const cores = availableParallelism();
  const seconds = last.wall - first.wall;
  const share = (last.cpu - first.cpu) / (cores * seconds);
  process.stdout.write(
    `cores in use while tiles last: ${share.toFixed(3)} of ${cores}, over ${seconds.toFixed(1)} s of a ResNet-18\n`,
  );
});

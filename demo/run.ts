/**
 * The demonstration: draws two slides, scores them with the bundled model through the command line, and draws a heat map
 * of the first through the API. `npm run demo` builds and starts it. Everything it writes is in demo-output/.
 */
import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSlide, scoreSlide } from 'microtome';
import { writePng } from './canvas.js';
import { drawHeatMap } from './heat-map.js';
import { writeSlide, type SlideOptions } from './slide/index.js';

interface DemoSlide {
  readonly name: string;
  readonly options: SlideOptions;
  /** The rest of its row of test_metadata.csv. */
  readonly metadata: string;
}

const SLIDES: readonly DemoSlide[] = [
  {
    name: 'demo0001.tif',
    options: { width: 16384, height: 17408, seed: 5, relapse: true, pens: ['blue'], borders: ['left'] },
    metadata: '[62:64[,1,trunk,NO,0.25',
  },
  {
    name: 'demo0002.tif',
    options: { width: 9000, height: 7168, seed: 12, relapse: false, tissueShare: 0.22 },
    metadata: '[34:36[,2,arm,,0.25',
  },
];
const THUMBNAIL_PX = 760;

const entry = import.meta.resolve('microtome');
const root = fileURLToPath(new URL('..', entry));
const commandLine = fileURLToPath(new URL('./cli/main.js', entry));
const output = join(root, 'demo-output');
const folder = join(output, 'slides');
const format = join(output, 'submission_format.csv');
const metadata = join(output, 'test_metadata.csv');
const submission = join(output, 'submission.csv');
const heatMap = join(output, 'heat-map.png');

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function shown(path: string): string {
  return relative(process.cwd(), path) || '.';
}

async function makeSlides(): Promise<void> {
  await rm(output, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const { name, options } of SLIDES) {
    const path = join(folder, name);
    const start = performance.now();
    await writeSlide(path, { ...options, onProgress: drawBar(`drawing ${name}`) });
    const { size } = await stat(path);
    const seconds = (performance.now() - start) / 1000;
    say(
      `${shown(path)}: ${options.width} x ${options.height} px, ${(size / 1e6).toFixed(1)} MB, ${seconds.toFixed(1)} s, ` +
        `drawn ${options.relapse === true ? 'with' : 'without'} the signs of relapse`,
    );
  }
  const rows = (row: (slide: DemoSlide) => string): string => SLIDES.map((slide) => `${row(slide)}\n`).join('');
  await writeFile(format, `filename,relapse\n${rows((s) => `${s.name},0.5`)}`);
  await writeFile(
    metadata,
    `filename,age,sex,body_site,melanoma_history,resolution\n${rows((s) => `${s.name},${s.metadata}`)}`,
  );
}

/** A bar on a terminal, nothing elsewhere. */
function drawBar(label: string): (done: number) => void {
  const { stderr } = process;
  return (done) => {
    if (!stderr.isTTY) return;
    const full = Math.round(done * 30);
    const bar = '#'.repeat(full) + '-'.repeat(30 - full);
    stderr.write(`\r${label} [${bar}] ${Math.round(done * 100)} %${done === 1 ? '\r\x1b[K' : ''}`);
  };
}

/** What a user would type; its progress is the terminal's. */
async function scoreFolder(): Promise<void> {
  const args = ['score', folder, '--model', 'demo', '--format', format, '--metadata', metadata, '--out', submission];
  say(`\nmicrotome ${args.map((arg) => (arg.startsWith(root) ? shown(arg) : arg)).join(' ')}`);
  const child = spawn(process.execPath, [commandLine, ...args], { stdio: 'inherit' });
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? 1));
  });
  if (code !== 0) throw new Error(`microtome score ended with ${code}`);
}

async function drawFirstSlide(): Promise<void> {
  const first = SLIDES[0] as DemoSlide;
  const path = join(folder, first.name);
  const result = await scoreSlide(path, { model: 'demo', tiles: true });
  const slide = await openSlide(path);
  try {
    const table = result.tiles;
    const column = Object.values(table?.outputs ?? {})[0];
    if (table === undefined || column === undefined) throw new Error('the result has no tiles');
    const image = drawHeatMap({
      thumbnail: await slide.thumbnail(THUMBNAIL_PX),
      slideWidth: slide.width,
      slideHeight: slide.height,
      x: table.level0X,
      y: table.level0Y,
      score: column.values,
      tileSize: table.level0Width,
      titles: [first.name, `relapse ${result.score.toFixed(3)}`],
      caption: `generated slide - ${result.model.intendedUse}`,
      legend: `probability, ${table.count} tiles`,
    });
    await writePng(heatMap, image);
  } finally {
    await slide.close();
  }
}

await makeSlides();
await scoreFolder();
await drawFirstSlide();
say(`\n${(await readFile(submission, 'utf8')).trimEnd()}\n`);
say(`submission  ${shown(submission)}`);
say(`heat map    ${shown(heatMap)}`);

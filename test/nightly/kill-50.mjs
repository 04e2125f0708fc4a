// Kills a real scoring run with SIGKILL at 50 moments and resumes it each time: the CSV must come out with the bytes of an
// uninterrupted run, nothing may stay beside it, and no slide that was reported may be scored again.
//
// Needs the built program (npm run build) and the compiled slide generator (npm run demo leaves it in build/demo).
// Usage: node test/nightly/kill-50.mjs [kills, 50 unless told] [seed, 1 unless told]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const program = join(root, 'dist/cli/main.js');
const generator = join(root, 'build/demo/demo/slide/index.js');
const bundle = join(root, 'models/demo');
const kDrawn = 4;
const kSlides = 20;

/** A seeded stream in [0, 1): the same moments on every night. */
function random(seed) {
  let state = BigInt(seed);
  return () => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    return Number(state >> 11n) / 2 ** 53;
  };
}

async function makeArea() {
  const { writeSlide } = await import(pathToFileURL(generator).href);
  const folder = await mkdtemp(join(tmpdir(), 'microtome-kill-'));
  const slides = join(folder, 'data');
  await mkdir(slides);
  const names = [];
  for (let i = 0; i < kSlides; ++i) {
    const name = `slide${String((i * 7) % kSlides).padStart(2, '0')}.tif`;
    if (i < kDrawn) await writeSlide(join(slides, name), { width: 1536, height: 1536, seed: i + 1, tissueShare: 0.4 });
    else await cp(join(slides, names[i % kDrawn]), join(slides, name));
    names.push(name);
  }
  const format = join(folder, 'submission_format.csv');
  await writeFile(format, `filename,relapse\n${names.map((name) => `${name},0.5\n`).join('')}`);
  return { folder, slides, format };
}

/** Runs to the end, or until `killed` settles. Resolves with the lines of stdout. */
async function run(area, output, killed) {
  const args = ['score', area.slides, '--model', bundle, '--format', area.format, '--slide-mpp', '0.25'];
  const child = spawn(process.execPath, [
    program,
    ...args,
    '--out',
    output,
    '--json',
    '--resume',
    '--progress',
    'none',
  ]);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const closed = once(child, 'close');
  killed?.then(() => child.kill('SIGKILL'));
  const [code, signal] = await closed;
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`ended with ${code ?? signal}: ${stderr}`);
  const lines = stdout.split('\n').slice(0, -1);
  return { paths: lines.map((line) => JSON.parse(line).path), wasKilled: signal === 'SIGKILL' };
}

async function killOnce(area, whole, output, afterMs) {
  const first = await run(area, output, sleep(afterMs));
  const second = await run(area, output);
  const again = second.paths.filter((path) => first.paths.includes(path));
  if (again.length > 0) throw new Error(`killed after ${afterMs} ms: scored again: ${again.join(', ')}`);
  if ((await readFile(output, 'utf8')) !== whole) throw new Error(`killed after ${afterMs} ms: other bytes`);
  await rm(output);
  const left = (await readdir(area.folder)).filter((name) => name.startsWith('killed'));
  if (left.length > 0) throw new Error(`killed after ${afterMs} ms: left ${left.join(', ')}`);
  return first;
}

async function main() {
  const [kills, seed] = [Number(process.argv[2] ?? 50), Number(process.argv[3] ?? 1)];
  const missing = [program, generator, bundle].filter((path) => !existsSync(path));
  if (missing.length > 0) {
    process.stdout.write(`skipped: kill-50 (missing: ${missing.join(', ')})\n`);
    return;
  }
  const area = await makeArea();
  try {
    const begun = performance.now();
    await run(area, join(area.folder, 'whole.csv'));
    const wholeMs = performance.now() - begun;
    const whole = await readFile(join(area.folder, 'whole.csv'), 'utf8');
    const next = random(seed);
    let inTime = 0;
    for (let i = 0; i < kills; ++i) {
      const first = await killOnce(area, whole, join(area.folder, 'killed.csv'), next() * wholeMs * 1.05);
      if (first.wasKilled) ++inTime;
      process.stdout.write(
        `${i + 1}/${kills}: ${first.wasKilled ? 'killed' : 'ended'} after ${first.paths.length} lines\n`,
      );
    }
    if (inTime < kills / 2) throw new Error(`only ${inTime} of ${kills} runs were killed before they ended`);
    process.stdout.write(`kill-50: ${inTime} of ${kills} runs killed, all completed to the same bytes\n`);
  } finally {
    await rm(area.folder, { recursive: true, force: true });
  }
}

await main();

// Embeds 200,704 tiles into 2,048 columns, with a table and GeoJSON of the tiles, and compares the most memory of the process
// with what the same command needs for 16 tiles: the difference must stay below the memory limit and a tenth.
//
// Needs the built program (npm run build) and the compiled slide generator (npm run demo leaves it in build/demo), and 2 GB
// in the folder for temporary files.
// Usage: node test/nightly/embed-memory.mjs [tiles along each side, 448 unless told]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));
const program = join(root, 'dist/cli/main.js');
const generator = join(root, 'build/demo/demo/slide/index.js');
const figures = new URL('../support/process-figures.mjs', import.meta.url).href;

const tilePx = 32;
const columns = 2048;
const limitMiB = 256;

/** The graphs of the tests are TypeScript. */
async function wideModel(folder) {
  for (const file of ['onnx-writer', 'models/small-graphs']) {
    const source = await readFile(join(root, 'test/support', `${file}.ts`), 'utf8');
    const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    await mkdir(join(folder, 'models'), { recursive: true });
    await writeFile(join(folder, `${file}.js`), ts.transpileModule(source, { compilerOptions: options }).outputText);
  }
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  return (await import(pathToFileURL(join(folder, 'models/small-graphs.js')).href)).wideModel(columns, tilePx);
}

/** The most memory of the process in MB, and the longest time that its event loop stood still in ms. */
async function embed(folder, slide, out) {
  const report = join(folder, 'report.json');
  const watch = join(folder, 'watch.mjs');
  await writeFile(
    watch,
    `import { monitorEventLoopDelay } from 'node:perf_hooks';
     import { writeFileSync } from 'node:fs';
     import { peakMb } from ${JSON.stringify(figures)};
     const delay = monitorEventLoopDelay({ resolution: 1 });
     delay.enable();
     process.on('exit', () => writeFileSync(${JSON.stringify(report)}, JSON.stringify({ peakMb: peakMb(), longestMs: delay.max / 1e6, p999Ms: delay.percentile(99.9) / 1e6 })));`,
  );
  const files = ['--tiles-csv', join(out, 'csv'), '--geojson', join(out, 'geojson')];
  const grid = ['--level', '0', '--keep', 'all', '--memory-limit', `${limitMiB} MiB`, '--progress', 'none'];
  const args = ['embed', slide, '--model', join(folder, 'wide.onnx'), '--out', out, ...grid, ...files];
  const child = spawn(process.execPath, ['--import', pathToFileURL(watch).href, program, ...args]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`ended with ${code}: ${output}`);
  return JSON.parse(await readFile(report, 'utf8'));
}

async function main() {
  const across = Number(process.argv[2] ?? 448);
  const missing = [program, generator].filter((path) => !existsSync(path));
  if (missing.length > 0) {
    process.stdout.write(`skipped: embed-memory (missing: ${missing.join(', ')})\n`);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'microtome-embed-memory-'));
  try {
    await writeFile(join(folder, 'wide.onnx'), await wideModel(folder));
    const { makeSharedTileSlide } = await import(pathToFileURL(generator).href);
    const found = {};
    for (const [name, side] of [
      ['small', 4],
      ['large', across],
    ]) {
      const slide = join(folder, `${name}.tif`);
      const sidePx = side * tilePx;
      await makeSharedTileSlide(slide, { width: sidePx, height: sidePx, seed: 1, tissueShare: 0.5 });
      const begun = performance.now();
      const figuresOf = await embed(folder, slide, join(folder, name));
      found[name] = { ...figuresOf, seconds: (performance.now() - begun) / 1000 };
      const { size } = await stat(join(folder, name, `${name}.h5`));
      if (size < side * side * columns * 4) throw new Error(`${name}.h5 has ${size} bytes`);
      const { peakMb, seconds, longestMs, p999Ms } = found[name];
      const text = `peak ${peakMb.toFixed(0)} MB, ${seconds.toFixed(1)} s, event loop at most ${longestMs.toFixed(1)} ms behind (99.9 %: ${p999Ms.toFixed(1)} ms)`;
      process.stdout.write(`${side * side} tiles of ${columns} columns: ${text}\n`);
    }
    const limitMb = (limitMiB * 2 ** 20) / 1e6;
    const more = found.large.peakMb - found.small.peakMb;
    process.stdout.write(`embed-memory: ${more.toFixed(0)} MB more, of ${(limitMb * 1.1).toFixed(0)} MB\n`);
    if (more > limitMb * 1.1) throw new Error('the run took more memory than its limit and a tenth');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await main();

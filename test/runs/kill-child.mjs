// A run with a slow scorer that needs no addon, in a process of its own so that it can be killed.
// Arguments: folder of the compiled library, folder of slides, output, milliseconds for each slide, further options as JSON.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [compiled, slides, output, delayMs, more = '{}'] = process.argv.slice(2);
const { startRun } = await import(pathToFileURL(join(compiled, 'lib/runs/directory-run.js')).href);

const scorer = {
  model: {
    name: 'slow',
    sha256: 'c'.repeat(64),
    intendedUse: 'tests',
    inputs: [],
    columns: [],
    outputs: [{ name: 'relapse', clip: null, fallback: 0.5, fallbackBy: null }],
  },
  async score(path) {
    await new Promise((resolve) => setTimeout(resolve, Number(delayMs)));
    const digest = createHash('sha256')
      .update(await readFile(path))
      .digest();
    return { path, score: digest.readUIntBE(0, 6) / 2 ** 48, tileCount: 1, read: { sampled: null }, reads: {} };
  },
  async close() {},
};

const format = join(slides, 'submission_format.csv');
const options = { model: 'slow', format, output, resume: true, ...JSON.parse(more) };
const run = startRun({ kind: 'folder', dir: slides }, options, { createScorer: async () => scorer });
process.stdout.write('begun\n');
for await (const outcome of run) process.stdout.write(`${JSON.stringify({ path: outcome.result.path })}\n`);
process.stdout.write('finished\n');

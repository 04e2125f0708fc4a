/** The Nextflow module, run by Nextflow itself: a shard fails once and is started again, and the merge has the bytes of one process. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOf, isBuilt, program, slidesIn, start } from '../shards/support.js';

// scripts/test-nextflow.mjs says how Nextflow is started: a program and its arguments.
const nextflow = JSON.parse(process.env['MICROTOME_NEXTFLOW'] ?? 'null') as readonly string[] | null;
const module = fileURLToPath(new URL('../../examples/nextflow/main.nf', import.meta.url));

let folder = '';
let slides = '';
let whole = '';

interface Ended {
  readonly code: number;
  readonly output: string;
}

function runNextflow(place: string, more: readonly string[]): Promise<Ended> {
  const [command = '', ...args] = nextflow ?? [];
  const env = {
    ...process.env,
    PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`,
    NXF_HOME: join(folder, 'home'),
    NXF_OFFLINE: 'true',
    NXF_PLUGINS_DEFAULT: 'false',
    NXF_DISABLE_CHECK_LATEST: 'true',
  };
  const own = ['run', module, '-ansi-log', 'false', '--slides', slides, '--parts', join(place, 'parts'), ...more];
  return new Promise((resolve) => {
    execFile(command, [...args, ...own], { cwd: place, env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, output: `${stdout}${stderr}` });
    });
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'microtome-nextflow-'));
  slides = await slidesIn(folder, 10);
  const bin = join(folder, 'bin');
  await mkdir(bin);
  // The first start of shard 1 is killed, as by a node that goes away.
  const killed = join(folder, 'killed');
  const text = `#!/bin/sh
case "$*" in *'--shard-index 1 '*) if mkdir '${killed}' 2>/dev/null; then kill -9 $$; fi ;; esac
exec '${process.execPath}' '${program}' "$@"
`;
  await writeFile(join(bin, 'microtome'), text, { mode: 0o755 });
  const output = join(folder, 'whole.csv');
  expect(await codeOf(start(['score', slides, '--model', 'demo', '--device', 'cpu', '--out', output]))).toBe(0);
  whole = await readFile(output, 'utf8');
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(!isBuilt || nextflow === null)('the module', () => {
  it('scores by shards, starts one that was killed again, and merges', async () => {
    const place = join(folder, 'good');
    await mkdir(place);
    const { code, output } = await runNextflow(place, [
      '--model',
      'demo',
      '--shards',
      '3',
      '--options',
      '--device cpu',
    ]);
    expect(output).toMatch(
      /SCORE \(shard 1 of 3\).*terminated with an error exit status \(137\) -- Execution is retried/,
    );
    expect(code, output).toBe(0);
    expect(await readFile(join(place, 'submission.csv'), 'utf8')).toBe(whole);
  });

  it('does not start a shard again whose options are wrong', async () => {
    const place = join(folder, 'bad');
    await mkdir(place);
    const { code, output } = await runNextflow(place, [
      '--model',
      'demo',
      '--shards',
      '2',
      '--options',
      '--tile-size 0',
    ]);
    expect(code).not.toBe(0);
    expect(output).toContain('INVALID_OPTION');
    expect(output).not.toContain('retried');
  });
});

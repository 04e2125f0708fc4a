/** A real Slurm, of one node: an array of eight shards, one of them killed, one cancelled, and their merge. */
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOf, isBuilt, linesIn, program, start, until } from '../shards/support.js';
import { writeSlide } from '../support/slides.js';
import { Cluster } from './cluster.js';

const examples = fileURLToPath(new URL('../../examples/slurm/', import.meta.url));
const kShards = 8;

let folder = '';
let slides = '';
let whole = '';
let cluster: Cluster | null = null;
let env: Readonly<Record<string, string>> = {};
const options = ['--model', 'demo', '--device', 'cpu', '--slides-in-flight', '1'];

/** Small slides come first in name order, and each shard has a large one too: there is time between its two rows. */
async function drawSlides(): Promise<void> {
  await mkdir(slides);
  for (let i = 0; i < kShards; ++i)
    await writeSlide(join(slides, `a-small${i}.tif`), { width: 512, height: 512, seed: 3 + i, tissueShare: 0.4 });
  const large = join(folder, 'large.tif');
  await writeSlide(large, { width: 4096, height: 4096, seed: 9, tissueShare: 0.5 });
  for (let i = 0; i < kShards; ++i) await cp(large, join(slides, `b-large${i}.tif`));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'microtome-slurm-'));
  slides = join(folder, 'slides');
  await drawSlides();
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'microtome'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, { mode: 0o755 });
  env = { PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` };
  const output = join(folder, 'whole.csv');
  expect(await codeOf(start(['score', slides, ...options, '--out', output]))).toBe(0);
  whole = await readFile(output, 'utf8');
  const place = join(folder, 'slurm');
  await mkdir(place);
  // munged wants its socket in a folder that everybody can enter.
  await chmod(folder, 0o755);
  cluster = await Cluster.start(place);
});
afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Sent {
  readonly slurm: Cluster;
  readonly array: string;
  readonly merge: string;
  readonly parts: string;
  readonly csv: string;
}

async function submit(name: string): Promise<Sent> {
  const slurm = cluster as Cluster;
  const [parts, csv] = [join(folder, name), join(folder, `${name}.csv`)];
  const args = [String(kShards), slides, parts, csv, ...options];
  const [array = '', merge = ''] = (await slurm.call(join(examples, 'submit.sh'), args, env)).trim().split(' ');
  return { slurm, array, merge, parts, csv };
}

const tableOf = (parts: string, shard: number): string => join(parts, `part-0000${shard}-of-0000${kShards}.csv`);

/** The process that has scored a row of the shard and not the last one; stopped, so that it stays so. */
async function halfWay(parts: string, shard: number): Promise<number> {
  const table = tableOf(parts, shard);
  await until(async () => (await linesIn(`${table}.journal`)) > 1);
  const { pid } = JSON.parse(await readFile(`${table}.lock`, 'utf8')) as { readonly pid: number };
  process.kill(pid, 'SIGSTOP');
  expect(existsSync(table)).toBe(false);
  return pid;
}

describe.skipIf(!isBuilt)('an array of eight tasks', () => {
  it('one is killed half-way and queues itself again: the merge has the bytes of one process', async () => {
    const { slurm, array, merge, parts, csv } = await submit('killed');
    const pid = await halfWay(parts, 2);
    process.kill(pid, 'SIGKILL');
    await slurm.ended(array, merge);
    expect(await slurm.states(array)).toEqual(Array(kShards).fill('COMPLETED'));
    expect(await slurm.states(merge)).toEqual(['COMPLETED']);
    expect(await readFile(csv, 'utf8')).toBe(whole);
    const log = await slurm.log(`microtome-${array}_2.log`);
    expect(log).toContain('microtome ended with 137; this task is queued again (restart 1)');
    expect(log).toContain(`shard 2 of ${kShards} (SLURM_ARRAY_TASK_ID is 2, MICROTOME_SHARD_COUNT is ${kShards})`);
    expect(log).toContain('1 from the journal');
    expect(await slurm.log(`microtome-${merge}-merge.log`)).toContain(`16 rows of ${kShards} parts`);
  });

  it('one is cancelled: nothing is merged until that one has been sent again', async () => {
    const { slurm, array, merge, parts, csv } = await submit('cancelled');
    await halfWay(parts, 5);
    await slurm.call('scancel', [`${array}_5`]);
    await slurm.ended(array, merge);
    expect((await slurm.states(array)).filter((state) => state !== 'COMPLETED')).toEqual(['CANCELLED']);
    expect(await slurm.states(merge)).toEqual(['CANCELLED']);
    expect(existsSync(csv)).toBe(false);
    const again = (
      await slurm.call(
        'sbatch',
        ['--parsable', '--array=5', join(examples, 'score.sbatch'), slides, parts, ...options],
        {
          ...env,
          MICROTOME_SHARD_COUNT: String(kShards),
        },
      )
    ).trim();
    const after = [`--dependency=afterok:${again}`, join(examples, 'merge.sbatch'), parts, csv];
    const second = (await slurm.call('sbatch', ['--parsable', ...after], env)).trim();
    await slurm.ended(again, second);
    expect(await slurm.log(`microtome-${again}_5.log`)).toContain(`shard 5 of ${kShards} (SLURM_ARRAY_TASK_ID is 5`);
    expect(await readFile(csv, 'utf8')).toBe(whole);
  });

  it('options that are wrong for every shard end the array at its first task', async () => {
    const slurm = cluster as Cluster;
    const parts = join(folder, 'wrong');
    const args = [String(kShards), slides, parts, join(folder, 'wrong.csv'), '--model', 'demo', '--tile-size', '0'];
    const [array = '', merge = ''] = (await slurm.call(join(examples, 'submit.sh'), args, env)).trim().split(' ');
    await slurm.ended(array, merge);
    const states = await slurm.states(array);
    expect(states).toContain('FAILED');
    expect(states).toContain('CANCELLED');
    expect(existsSync(join(parts, 'shards.json'))).toBe(false);
  });
});
